import AlertingCore
import Domain
import ServiceKit

import struct Foundation.UUID

/// A test of one destination that is in line.
struct SentTest: Encodable, Sendable, Equatable {
    /// `receiver/kind/number`.
    let destination: String
    let channel: String
    /// The notification's id: what becomes of it is in the delivery log.
    let id: String
}

extension AlertDesk {
    /// Nobody is told over a receiver of this name.
    struct UnknownReceiver: Error, CustomStringConvertible {
        let name: String
        var description: String { "no receiver that tells anybody is named \(name)" }
    }

    /// Sends a test through every channel of a receiver, whoever of the instances leads.
    ///
    /// - Parameters:
    ///   - person: who asks for it.
    ///   - way: `page`, `api`, `daily`.
    /// - Returns: when the tests are kept; one for each destination.
    /// - Throws: `UnknownReceiver`, or why they cannot be kept.
    func sendTest(receiver: String, by person: String, through way: String) async throws -> [SentTest] {
        let destinations = book().settings.destinations[receiver] ?? []
        guard !destinations.isEmpty else { throw UnknownReceiver(name: receiver) }
        let now = clock.now()
        let test = UUID().uuidString.lowercased()
        let messages = destinations.compactMap { destination -> QueuedNotice? in
            guard let lane = delivery.lane(destination.name) else { return nil }
            let notice = Notice.test(test, of: destination.name, receiver: receiver, by: person, at: now)
            return QueuedNotice(
                id: notice.id, notice: notice, channel: lane.channel, expiresAt: now + Self.testExpiresAfter,
                nextAt: now)
        }
        let audit = AuditEntry(
            by: person, through: way, action: "test", subject: receiver, detail: test, at: now)
        try await send(messages, audit, at: now)
        return messages.map { SentTest(destination: $0.destination, channel: $0.channel, id: $0.id) }
    }

    /// A test that has not arrived by then has failed.
    static var testExpiresAfter: Timestamp.Span { .minutes(5) }
}
