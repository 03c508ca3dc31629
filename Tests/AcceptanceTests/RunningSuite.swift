import Foundation
import TestKit

/// The one suite that the acceptance tests look at in turn, started when the first of them asks.
actor RunningSuite {
    static let shared = RunningSuite()

    /// A suite and the places its notifications arrive at.
    struct Parts: Sendable {
        let suite: Suite
        let sinks: Sinks
        let startedAt: Date

        /// The mail catcher's file.
        var mails: URL { suite.folder.appending(path: "mail/mail.jsonl") }
    }

    private var start: Task<Parts, any Error>?

    /// The running suite; every test of a suite that did not start fails with the reason.
    func parts() async throws -> Parts {
        if let start { return try await start.value }
        let task = Task {
            let folder = FileManager.default.temporaryDirectory.appending(path: "plimsoll-sinks-\(UUID().uuidString)")
            let sinks = try await Sinks.start(in: folder)
            let began = Date()
            let suite = try await Suite.start(["PLIMSOLL_ALERTING_CONFIG_FILE": sinks.routingFile.path])
            return Parts(suite: suite, sinks: sinks, startedAt: began)
        }
        start = task
        return try await task.value
    }
}
