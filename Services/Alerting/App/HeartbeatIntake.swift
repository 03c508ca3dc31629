import Bus
import Contracts
import ServiceLifecycle

/// Hears which services are alive.
struct HeartbeatIntake: Service {
    let bus: Bus
    let desk: AlertDesk

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await message in bus.subscribe(to: [Channels.heartbeats]) {
                if case .message(let envelope) = message { await desk.heard(envelope.source) }
            }
        }
    }
}
