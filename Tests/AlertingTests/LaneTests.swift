import AlertingCore
import Domain
import Foundation
import Logging
import Outbound
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// A lane with its books in Postgres and Slack's API over a socket.
@Suite(.timeLimit(.minutes(1)))
struct LaneTests {
    private struct Kept: Decodable {
        let path: String
        let body: String
    }

    private static let key = ToldKey(group: "{}:{alertname=\"SourceDown\"}", destination: "owner/slack/0")

    private func notice(_ number: Int, resolved: Bool, _ reason: NoticeReason) -> QueuedNotice {
        let at = SystemClock().now() - .seconds(1)
        let alert = Alert(
            labels: Labels(["alertname": "SourceDown"]), annotations: .none, startsAt: at - .minutes(1),
            endsAt: resolved ? at : at + .minutes(5), updatedAt: at, endIsTimeout: false, generatorURL: "",
            kind: .condition)
        let entry = ToldEntry(
            firing: resolved ? [] : [alert.fingerprint], resolved: resolved ? [alert.fingerprint] : [], at: at,
            expiresAt: at + .days(1))
        let notice = Notice(
            key: Self.key, receiver: "owner", groupLabels: .none, alerts: [alert], entry: entry, reason: reason, at: at)
        return QueuedNotice(
            id: "ntf-\(number)", notice: notice, channel: "slack", expiresAt: at + .minutes(5), nextAt: at)
    }

    private func withStore(
        _ body: (AlertStore, Journal, AlertingFigures) async throws -> Void
    ) async throws {
        try await withTestDatabase { database in
            let connection = database.connect(.alerting, poolSize: 1)
            let store = AlertStore(database: connection, writer: "test")
            let figures = AlertingFigures(Metrics(), kinds: ["slack"])
            let journal = Journal(
                store: store, spool: try Spool(folder: Scratch.folder()), figures: figures,
                logger: Logger(label: "journal"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await journal.run() }
                try await eventually("the books are written to") { journal.isDirect ? true : nil }
                try await body(store, journal, figures)
                group.cancelAll()
            }
            await connection.close()
        }
    }

    @Test func `an incident that is over leaves its message, also in the books`() async throws {
        let folder = try Scratch.folder()
        let sink = try await FixtureServer(
            "ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/kept"], folder: folder)
        let address = "http://127.0.0.1:\(sink.port)"
        try await withStore { store, journal, figures in
            let slack = SlackBotReceiver(
                settings: .init(
                    token: Secret("xoxb-canary"), channel: "#alerts", address: "\(address)/slack/",
                    updatesMessage: true,
                    repliesInThread: false), client: HTTPClient())
            let lane = Lane(
                name: Self.key.destination, channel: "slack", policy: .standard("slack"), receiver: slack,
                journal: journal, clock: SystemClock(), figures: figures, logger: Logger(label: "lane"),
                authority: { Lane.Authority(mandate: .everything, lease: nil) }, tested: { _ in })
            let running = Task { await lane.run() }
            func tell(_ queued: QueuedNotice) async throws {
                try await journal.write([.notice(queued)])
                _ = lane.add(queued, isKept: true)
                lane.ring()
                try await eventually("\(queued.id) is told") {
                    let sql: SQL = "SELECT id FROM notifications WHERE id = $1 AND state = 'delivered'"
                    return try await store.database.query(sql, [queued.id]).isEmpty ? nil : true
                }
            }
            try await tell(notice(1, resolved: false, .first))
            #expect(try await store.load().threads.count == 1)
            try await tell(notice(2, resolved: true, .allResolved))
            #expect(try await store.load().threads.isEmpty)
            // Of before another instance led, who told of the end.
            lane.remember(MessageThread(place: "C0ALERTS", message: "1.1"), of: Self.key.group)
            lane.clear()
            // The first word of the next incident was replaced by a newer one before it was sent.
            try await tell(notice(3, resolved: false, .newAlerts))
            try await tell(notice(4, resolved: false, .newAlerts))
            running.cancel()
            lane.retire()
            await running.value
            let kept = try await HTTPClient().send(HTTPRequest(.get, "\(address)/"))
            let calls = try JSONDecoder().decode([Kept].self, from: Data(kept.body)).map(\.path)
            #expect(
                calls.map { $0.replacing("/slack/chat.", with: "") }
                    == ["postMessage", "update", "postMessage", "update"])
        }
    }

    @Test func `a try that nobody knows the end of is remembered, whatever came after it`() async throws {
        try await withStore { store, journal, _ in
            let queued = notice(1, resolved: false, .first)
            let now = queued.notice.at
            func attempt(_ number: Int, _ result: Attempt.Result) -> Record {
                .attempt(
                    Attempt(
                        notice: queued.id, number: number, result: result, answer: "", repeated: false, begunAt: now,
                        at: now, nextAt: now))
            }
            func begun(_ number: Int) -> Record { .begun(Begun(notice: queued.id, number: number, at: now)) }
            try await journal.write([.notice(queued), begun(1)])
            // As a lane writes it at its next try, in one go.
            try await journal.write([attempt(1, .unknown), begun(2)])
            try await journal.write([attempt(2, .retry)])
            let loaded = try #require(try await store.load().queued.first)
            #expect(loaded.isInDoubt && !loaded.isUnfinished && loaded.attempts == 2)
            // Several tries of one notice, as a spool plays them back.
            try await journal.write([begun(3), attempt(3, .retry), begun(4)])
            let last = try #require(try await store.load().queued.first)
            #expect(last.isInDoubt && last.isUnfinished && last.attempts == 4)
        }
    }
}
