import AlertingCore
import Domain
import TestKit

/// Random posts, silences and steps of time over a tree of routes; the same seed makes the same ones.
struct AlertTraffic {
    enum Step {
        case post([PostedAlert])
        case silence(SilenceDraft, id: String)
        case expire(String)
        /// Time passes, and what is due is done.
        case advance
    }

    private var random: SeededRandom
    private(set) var now = Timestamp(seconds: 1_700_000_000)
    private var silences: [String] = []

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func settings() throws -> AlertBook.Settings {
        let critical = Route(
            receiver: "pager", matchers: [try Matcher("severity=critical")], groupBy: ["alertname"],
            groupWait: .seconds(2), groupInterval: .seconds(13), repeatInterval: .seconds(70), goesOn: true,
            routes: [
                Route(
                    receiver: "pager", matchers: [try Matcher("alertname=~\"A0|A1\"")], groupBy: nil,
                    groupWait: .seconds(0), groupInterval: .seconds(7), repeatInterval: .seconds(50))
            ])
        let muted = Route(
            receiver: "archive", matchers: [try Matcher("severity!=info")], groupBy: ["severity"],
            groupWait: .seconds(5), groupInterval: .seconds(30), repeatInterval: .seconds(90), muteIntervals: ["odd"])
        let root = Route(
            receiver: "team", groupBy: ["alertname", "severity"], groupWait: .seconds(10), groupInterval: .seconds(20),
            repeatInterval: .seconds(100), activeIntervals: [], routes: [critical, muted])
        func destinations(_ name: String, _ sendResolved: Bool...) -> [AlertBook.Destination] {
            sendResolved.enumerated().map { .init(name: "\(name)/webhook/\($0)", sendResolved: $1) }
        }
        // Every other minute of the day's first hours.
        let odd = TimeInterval(times: stride(from: 1, to: 1440, by: 2).map { $0..<($0 + 1) })
        return AlertBook.Settings(
            route: root,
            destinations: [
                "team": destinations("team", true, false), "pager": destinations("pager", true),
                "archive": destinations("archive", false),
            ], resolveTimeout: .seconds(40),
            inhibitRules: [
                InhibitRule(
                    source: [try Matcher("severity=critical")], target: [try Matcher("alertname=A2")],
                    equal: ["instance"])
            ], intervals: ["odd": [odd]])
    }

    mutating func next() throws -> Step {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9:
            return .post((0..<Int.random(in: 1...4, using: &random)).map { _ in post() })
        case 9 where Int.random(in: 0..<3, using: &random) == 0:
            let id = "s\(silences.count)"
            silences.append(id)
            let name =
                Bool.random(using: &random) ? "alertname=A\(number(4))" : "instance=~\"\(number(3))|\(number(3))\""
            let draft = SilenceDraft(
                matchers: [try Matcher(name)], startsAt: now + .seconds(number(10)),
                endsAt: now + .seconds(10 + number(60)), createdBy: "x", comment: "x")
            return .silence(draft, id: id)
        case 10:
            guard let id = silences.randomElement(using: &random) else { return .advance }
            return .expire(id)
        default:
            now = now + .milliseconds(Int64.random(in: 100...4000, using: &random))
            return .advance
        }
    }

    private mutating func number(_ limit: Int64) -> Int64 { Int64.random(in: 0..<limit, using: &random) }

    private mutating func post() -> PostedAlert {
        let severity = ["critical", "warning", "info"].randomElement(using: &random) ?? "info"
        let labels = ["alertname": "A\(number(4))", "instance": "\(number(3))", "severity": severity]
        let start: Timestamp? = Bool.random(using: &random) ? nil : now - .seconds(number(30))
        let end: Timestamp?
        switch number(4) {
        case 0: end = nil
        case 1: end = max(start ?? now, now - .seconds(number(5)))
        default: end = now + .seconds(10 + number(60))
        }
        return PostedAlert(labels: Labels(labels), startsAt: start, endsAt: end)
    }
}

extension [Notice] {
    /// As the slow book says it.
    var said: [String] {
        filter { $0.reason != nil }.map { notice in
            func names(_ alerts: [Alert]) -> [String] { alerts.map(\.labels.description).sorted() }
            return
                "\(notice.key.group) \(notice.key.destination) \(notice.reason.map { "\($0)" } ?? "") +\(names(notice.firing)) -\(names(notice.resolved))"
        }
    }
}
