import AlertingCore
import Bus
import Contracts
import Domain
import Logging
import ServiceKit
import ServiceLifecycle
import Store

/// Turns what the suite's services tell people into alerts: from the bell at once, from the `events` table for certain.
struct SuiteEventIntake: Service {
    /// Nil: no Redis, only the table is read.
    let bus: Bus?
    let reader: EventReader
    let desk: AlertDesk
    let figures: AlertingFigures
    let logger: Logger

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await listen() }
            group.addTask {
                try await reader.run { stored, _ in
                    guard stored.channel == Channels.suiteEvents.name else { return }
                    let envelope = try stored.envelope(of: SuiteEvent.self)
                    do { try await take(envelope) } catch { throw Self.later(error) }
                }
            }
            try? await gracefulShutdown()
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    private func listen() async {
        guard let bus else { return }
        for await message in bus.subscribe(to: [Channels.suiteEvents]) {
            switch message {
            case .message(let envelope):
                // Not every event is in the table: what only the bell tells is taken too, and its id makes a repeat harmless.
                do { try await take(envelope) } catch {
                    logger.warning(
                        "an event could not be kept", metadata: ["event": "\(envelope.id)", "error": "\(error)"])
                }
            case .connected, .reconnected, .missed: reader.ring()
            }
        }
    }

    /// That the desk has no room says nothing of the event: it stays in the table and is read again.
    static func later(_ error: any Error) -> any Error {
        guard error is AlertDesk.Busy || error is Spool.Failure else { return error }
        return StoreError(.poolExhausted, "alerting takes no more at the moment: \(error)")
    }

    private func take(_ envelope: Envelope<SuiteEvent>) async throws {
        let event = envelope.data
        var labels = event.labels
        labels["alertname"] = event.kind
        labels["severity"] = event.severity
        labels["source"] = envelope.source
        labels["event"] = envelope.id
        let annotations = ["summary": event.summary, "description": event.description]
        try await desk.receive([
            PostedAlert(labels: Labels(labels), annotations: Labels(annotations), startsAt: envelope.at, kind: .event)
        ])
        figures.received("event").increment()
    }
}
