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
    /// Only tell whether the settings are right.
    var check = false
    /// While checking, do not open the files of secrets.
    var withoutSecrets = false

    static func help(_ service: String) -> String {
        """
        usage: \(service) [--config FILE] [--listen HOST:PORT] [--check [--without-secrets]] [--version] [--help]

          --config FILE       the settings; config/plimsoll.yaml when not given
          --listen HOST:PORT  where the HTTP server listens; http.host and the service's port when not given
          --check             reads the settings, tells all that is wrong or doubtful with them, and ends
          --without-secrets   with --check: the files of secrets are not opened

        SIGHUP reads the settings again, as a change of the file does. Exit status: 0 stopped as asked, 64 wrong arguments, 70 failed, 78 faulty settings.
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
            case "--check": result.check = true
            case "--without-secrets": result.withoutSecrets = true
            default: return .usage("unknown argument \(argument)")
            }
        }
        if result.withoutSecrets, !result.check { return .usage("--without-secrets goes with --check") }
        return .run(result)
    }
}
