import HTTPTypes
import Hummingbird

/// Lets only those change something who are no web page of somebody else's.
///
/// The services have no log-in: they listen where only the owner is. But a page that the owner's browser shows is there too. It can
/// send forms and plain text anywhere, JSON only after a preflight that no service answers; and a page whose own name leads here
/// (DNS rebinding) names itself as the host.
struct CommandGuard: RouterMiddleware {
    typealias Context = ServiceRequestContext

    /// Names, besides addresses and names without a dot, under which the owner reaches this service.
    let names: Set<String>

    /// - Parameter names: of `http.names`, and where the service listens.
    init(names: [String]) { self.names = Set(names.map { $0.lowercased() }) }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let host = Self.host(of: request.head.authority ?? "")
        guard isOurs(host) else {
            throw Problem(
                .forbidden, "this service is not known as \"\(host.prefix(100))\": list the name in http.names",
                code: "unknown_host")
        }
        if let origin = request.headers[.origin], Self.host(of: Self.authority(of: origin)) != host {
            throw Problem(.forbidden, "a page of another origin may not do this", code: "foreign_origin")
        }
        let type = request.headers[.contentType].map { $0.prefix { $0 != ";" }.lowercased() } ?? ""
        guard type.filter({ $0 != " " }) == "application/json" else {
            throw Problem(
                .unsupportedMediaType, "the body must be JSON, with Content-Type: application/json", code: "not_json")
        }
        return try await next(request, context)
    }

    /// An address cannot be made to lead elsewhere, and a name without a dot is no name of the internet.
    private func isOurs(_ host: String) -> Bool {
        guard !host.isEmpty else { return false }
        if names.contains(host) || !host.contains(".") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Without the port, in lower case.
    private static func host(of authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return authority[...end].lowercased()
        }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    /// `host:port` of `scheme://host:port`; an origin that is hidden is `null`.
    private static func authority(of origin: String) -> String {
        guard let slashes = origin.firstRange(of: "://") else { return origin }
        return String(origin[slashes.upperBound...])
    }
}
