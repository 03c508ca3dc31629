import Domain
import Logging
import ServiceKit
import ServiceLifecycle

/// Runs the stand-in exchange until the service stops.
struct ExchangeService: Service {
    private let settings: ExchangeSettings
    private let metrics: Metrics
    private let health: Health
    private let opened: Health.Dependency
    private let logger: Logger

    init(_ settings: ExchangeSettings, _ context: ServiceContext) {
        self.settings = settings
        metrics = context.metrics
        health = context.health
        opened = context.health.dependency("market")
        logger = context.logger("venue")
    }

    func run() async throws {
        opened.down("the market is being prepared")
        let server = try await ExchangeServer.start(settings, metrics: metrics, health: health)
        opened.up()
        logger.info(
            "exchange open",
            metadata: ["port": "\(server.port)", "accounts": "\(settings.accounts.count)", "seed": "\(settings.seed)"])
        // Throws only when it is cancelled, which ends it too.
        try? await gracefulShutdown()
        await server.stop()
    }

    /// Takes `--listen HOST:PORT` out of a command line; nil when it is not there or not well-formed.
    static func takeListen(_ arguments: inout [String]) -> ListenAddress? {
        guard let index = arguments.firstIndex(of: "--listen"), index + 1 < arguments.count,
            let address = ListenAddress(arguments[index + 1])
        else { return nil }
        arguments.removeSubrange(index...(index + 1))
        return address
    }
}
