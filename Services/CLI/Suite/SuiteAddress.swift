import ServiceKit

/// Where the services listen, as the command line reaches them.
struct SuiteAddress: Equatable, Sendable {
    /// In the order they are shown.
    static let services = ["market-data", "strategy", "risk-manager", "execution", "alerting", "exchange-sim"]

    private let urls: [String: String]
    /// The services that this suite consists of: the stand-in exchange only where it is the one that is traded on.
    let present: [String]

    /// The URL of a service without a slash at the end.
    func url(_ service: String) -> String { urls[service] ?? "" }

    /// - `services.<name>` (URL, optional): where a service is reached; `http://<http.host>:<its port>` when not given.
    init(_ reader: SettingsReader) {
        let host = reader.string("http.host", default: "127.0.0.1")
        let reachable = ["0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host
        var urls: [String: String] = [:]
        for (number, service) in Self.services.enumerated() {
            let section = ServiceName(service).section
            let usual = service == "exchange-sim" ? 8090 : 8081 + number
            let port = reader.integer("\(section).port", in: 1...65_535, default: usual)
            urls[service] = reader.url(
                "services.\(ServiceName(service).role)", schemes: ["http", "https"],
                default: "http://\(reachable):\(port)")
        }
        self.urls = urls
        let exchange = reader.has("exchange.rest_url") ? reader.string("exchange.rest_url") : nil
        present = Self.services.filter { $0 != "exchange-sim" || exchange == nil || exchange == urls[$0] }
    }
}
