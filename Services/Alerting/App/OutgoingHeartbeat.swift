import Logging
import Outbound
import ServiceKit
import ServiceLifecycle

/// Calls an address of somebody else's again and again while this instance can tell people things, so that its own death is
/// noticed where it does not matter that everything here is dead.
struct OutgoingHeartbeat: Service {
    struct Settings: Sendable {
        let url: Secret
        let every: Duration
    }

    private let settings: Settings
    private let client: HTTPClient
    private let desk: AlertDesk
    private let taken: Counter
    private let failed: Counter
    private let logger: Logger

    /// - Parameter client: goes only where receivers may be.
    init(_ settings: Settings, client: HTTPClient, desk: AlertDesk, context: ServiceContext) {
        self.settings = settings
        self.client = client
        self.desk = desk
        let help = "Calls of the address that notices when alerting is dead."
        let metrics = context.metrics
        taken = metrics.counter("plimsoll_outgoing_heartbeats_total", help, labels: ["result": "taken"])
        failed = metrics.counter("plimsoll_outgoing_heartbeats_total", help, labels: ["result": "failed"])
        logger = context.logger("heartbeat")
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // An instance that hangs, or does not tell anybody, must not say that all is well.
                let isTelling = await desk.isTelling
                if isTelling { await beat() }
                try await Task.sleep(for: isTelling ? settings.every : .seconds(1))
            }
        }
    }

    private func beat() async {
        do {
            let response = try await client.send(
                HTTPRequest(.post, settings.url.reveal(), timeout: .seconds(10), responseLimit: 1 << 16))
            guard !(200..<300).contains(response.status) else { return taken.increment() }
            failed.increment()
            logger.warning("the outgoing heartbeat was not taken", metadata: ["status": "\(response.status)"])
        } catch {
            failed.increment()
            logger.warning("the outgoing heartbeat did not arrive", metadata: ["error": "\(error)"])
        }
    }
}
