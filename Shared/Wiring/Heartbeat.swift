package import Bus
import Contracts
import Domain
package import ServiceKit
import ServiceLifecycle

/// Says on the bus, again and again, that the service is alive; alerting hears when it no longer does.
package struct Heartbeat: Service {
    private static let interval = Duration.seconds(2)

    private let bus: Bus
    private let service: String
    private let instance: String
    private let health: Health
    private let clock: any WallClock

    package init(_ context: ServiceContext, bus: Bus) {
        self.bus = bus
        service = context.name.name
        instance = context.instance
        health = context.health
        clock = context.clock
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                beat()
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    private func beat() {
        let now = clock.now()
        let id = DerivedID.make("hb", service, instance, String(now.nanoseconds))
        bus.publish(
            Envelope(
                id: id, source: service, at: now, correlation: id, key: service,
                data: ServiceAlive(instance: instance, ready: health.ready)), on: Channels.heartbeats)
    }
}
