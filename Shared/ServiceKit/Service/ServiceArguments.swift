/// The command line of a service.
struct ServiceArguments: Equatable, Sendable {
    enum Parsed: Equatable {
        case run(ServiceArguments)
        case version
        case help
        case usage(String)
    }

    var config = "config/plimsoll.yaml"
    var listen: ListenAddress?

    static func help(_ service: String) -> String {
        """
        usage: \(service) [--config FILE] [--listen HOST:PORT] [--version] [--help]

          --config FILE       the settings; config/plimsoll.yaml when not given
          --listen HOST:PORT  where the HTTP server listens; http.host and the service's port when not given

        Exit status: 0 stopped as asked, 64 wrong arguments, 70 failed, 78 faulty settings.
        """
    }

    static func parse(_ arguments: some Sequence<String>) -> Parsed {
        var result = ServiceArguments()
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--version": return .version
            case "--help", "-h": return .help
            case "--config":
                guard let value = rest.popFirst() else { return .usage("--config needs a file") }
                result.config = value
            case "--listen":
                guard let value = rest.popFirst(), let listen = ListenAddress(value) else {
                    return .usage("--listen needs HOST:PORT")
                }
                result.listen = listen
            default: return .usage("unknown argument \(argument)")
            }
        }
        return .run(result)
    }
}
