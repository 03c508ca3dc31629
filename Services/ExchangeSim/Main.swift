import ServiceKit

/// The stand-in exchange.
@main
struct Main {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        // The exchange itself owns the port that is asked for; the service kit's own server gets any free one.
        let listen = ExchangeService.takeListen(&arguments)
        await runService("exchange-sim", arguments: arguments + ["--listen", "127.0.0.1:0"], read: read) { context, _ in
            let settings = ExchangeSettings(context.reader, listen: listen)
            return [ExchangeService(settings, context)]
        }
    }

    /// Reads every setting of this service.
    static let read: SettingsRead = { _ = ExchangeSettings($0, listen: nil) }
}
