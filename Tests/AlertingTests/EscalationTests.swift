import AlertingCore
import Domain
import Foundation
import TestKit
import Testing

/// An alert book, who has acknowledged what, and what escalates, at one clock.
struct EscalationRig {
    var book: AlertBook
    var acknowledgements = AcknowledgementBook()
    var escalations: EscalationBook
    private(set) var words = 0

    static func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    init(
        repeating: Timestamp.Span? = .seconds(900), for lapse: Timestamp.Span? = nil, urgency: [UrgencyRule] = [],
        sendResolved: Bool = true
    ) throws {
        let destinations = ["team", "chat", "phone", "owner"].map { name in
            (name, [AlertBook.Destination(name: "\(name)/webhook/0", sendResolved: sendResolved)])
        }
        let route = Route(
            receiver: "team", groupBy: ["alertname"], groupWait: .seconds(0), groupInterval: .seconds(30),
            repeatInterval: .days(1))
        book = AlertBook(AlertBook.Settings(route: route, destinations: Dictionary(uniqueKeysWithValues: destinations)))
        escalations = EscalationBook(
            EscalationBook.Settings(
                chains: [
                    EscalationChain(
                        name: "desk", matchers: [try Matcher("severity=critical")],
                        steps: [
                            .init(wait: .seconds(0), receivers: ["chat"]),
                            .init(wait: .seconds(300), receivers: ["phone"]),
                            .init(wait: .seconds(600), receivers: ["owner", "phone"]),
                        ], repeatInterval: repeating, acknowledgedFor: lapse)
                ], urgency: urgency))
    }

    /// The alert fires until then, and people are told of what is due.
    mutating func post(
        _ name: String, _ labels: [String: String] = ["severity": "critical"], at second: Int64, until end: Int64
    ) {
        let labels = Labels(labels.merging(["alertname": name]) { $1 })
        let posted = PostedAlert(labels: labels, startsAt: Self.time(second), endsAt: Self.time(end))
        _ = book.receive([posted], at: Self.time(second))
        tell(at: second)
    }

    /// What the groups tell.
    mutating func tell(at second: Int64) { escalations.observe(book.advance(to: Self.time(second))) }

    mutating func look(at second: Int64) -> EscalationBook.Actions {
        escalations.advance(to: Self.time(second), book, acknowledgements)
    }

    mutating func acknowledge(_ name: String, at second: Int64, takenBack: Bool = false) {
        words += 1
        acknowledgements.take(
            Acknowledgement(
                id: "\(words)", kind: .group, subject: Self.group(name), acknowledged: !takenBack, by: "anna",
                through: "api", comment: "", at: Self.time(second)))
    }

    mutating func silence(_ name: String, id: String, at second: Int64, until end: Int64) throws {
        _ = try book.silences.set(
            SilenceDraft(
                matchers: [try Matcher("alertname=\(name)")], startsAt: Self.time(second), endsAt: Self.time(end),
                createdBy: "anna", comment: ""), newID: id, at: Self.time(second))
    }

    static func group(_ name: String) -> String { "{}:{alertname=\"\(name)\"}" }
}

struct EscalationTests {
    private func time(_ seconds: Int64) -> Timestamp { EscalationRig.time(seconds) }

    /// The steps and ends that are told at these seconds.
    private func told(_ rig: inout EscalationRig, _ seconds: [Int64]) -> [String] {
        seconds.flatMap { second in
            rig.look(at: second).notices.map {
                let step = $0.identity?.split(separator: "/").last ?? ""
                return "\(second) \($0.isFiring ? String(step) : "end") \($0.receiver)"
            }
        }
    }

    @Test func `step follows step, and the last one is repeated`() throws {
        var rig = try EscalationRig()
        rig.post("Down", at: 0, until: 100_000)
        #expect(
            told(&rig, [0, 299, 300, 899, 900, 1799, 1800]) == [
                "0 1 chat", "300 2 phone", "900 3 owner", "900 3 phone", "1800 4 owner", "1800 4 phone",
            ])
        var once = try EscalationRig(repeating: nil)
        once.post("Down", at: 0, until: 100_000)
        #expect(told(&once, [0, 300, 900, 99_999]).count == 4)
        let key = EscalationRig.group("Down")
        #expect(once.escalations.outlook(ofGroup: key, at: time(99_999), once.book, once.acknowledgements) == .finished)
    }

    @Test func `an acknowledgement stops it at once, what waits is taken back, and taking it back begins anew`() throws
    {
        var rig = try EscalationRig()
        rig.post("Down", at: 0, until: 100_000)
        #expect(told(&rig, [0]) == ["0 1 chat"])
        rig.acknowledge("Down", at: 10)
        #expect(rig.look(at: 11).stopped == [EscalationRig.group("Down")])
        #expect(rig.look(at: 12).stopped.isEmpty, "once")
        #expect(told(&rig, [300, 900, 50_000]).isEmpty)
        rig.acknowledge("Down", at: 50_001, takenBack: true)
        #expect(told(&rig, [50_002, 50_301, 50_302]) == ["50002 1 chat", "50302 2 phone"])
    }

    @Test func `an alert that joins later is not acknowledged`() throws {
        var rig = try EscalationRig()
        rig.post("Down", ["severity": "critical", "instance": "a"], at: 0, until: 100_000)
        #expect(told(&rig, [0]) == ["0 1 chat"])
        rig.acknowledge("Down", at: 10)
        #expect(told(&rig, [20, 400]).isEmpty)
        rig.post("Down", ["severity": "critical", "instance": "b"], at: 500, until: 100_000)
        #expect(told(&rig, [500, 799]) == ["500 1 chat"])
        let step = try #require(rig.look(at: 800).notices.first)
        #expect(step.alerts.map { $0.labels["instance"] } == ["b"], "what is acknowledged is not told")
    }

    @Test func `what is over hears its end, what comes back before that goes on, what is muted waits`() throws {
        var rig = try EscalationRig()
        rig.post("Down", at: 0, until: 100)
        try rig.silence("Down", id: "s", at: 1, until: 50)
        #expect(told(&rig, [2, 49]).isEmpty)
        let key = EscalationRig.group("Down")
        if case .muted(let step) = rig.escalations.outlook(
            ofGroup: key, at: time(49), rig.book, rig.acknowledgements)
        {
            #expect(step.receivers == ["chat"])
        } else {
            Issue.record("it is muted")
        }
        #expect(told(&rig, [51, 101]) == ["51 1 chat"], "the end is not told yet")
        rig.post("Down", at: 110, until: 1000)
        rig.tell(at: 140)
        #expect(told(&rig, [350, 351]) == ["351 2 phone"])
        rig.tell(at: 1040)
        #expect(told(&rig, [1041]) == ["1041 end chat", "1041 end phone"])
        #expect(rig.escalations.open.isEmpty)
        #expect(told(&rig, [99_999]).isEmpty)
    }

    @Test func `who hears the end from the group itself is not told it twice`() throws {
        var rig = try EscalationRig()
        rig.escalations.settings.chains[0].steps = [.init(wait: .seconds(0), receivers: ["team", "chat"])]
        rig.post("Down", at: 0, until: 100)
        #expect(told(&rig, [0]) == ["0 1 team", "0 1 chat"])
        rig.tell(at: 120)
        #expect(told(&rig, [121]) == ["121 end chat"])
        var silent = try EscalationRig(sendResolved: false)
        silent.escalations.settings.chains[0].steps = [.init(wait: .seconds(0), receivers: ["team"])]
        silent.post("Down", at: 0, until: 100)
        #expect(told(&silent, [0]) == ["0 1 team"])
        silent.tell(at: 120)
        #expect(told(&silent, [121]) == ["121 end team"], "whoever a step told hears of the end")
    }

    @Test func `what is not critical does not escalate, unless money or time make it so`() throws {
        let rules = [
            UrgencyRule(
                moneyAtRisk: .init(label: "money_at_risk", atLeast: try Money("10000")), severity: "critical",
                waitsPercent: 50),
            UrgencyRule(goalDate: .init(label: "goal_date", within: .days(7)), severity: "critical", waitsPercent: 20),
        ]
        var rig = try EscalationRig(repeating: nil, urgency: rules)
        rig.post("Small", ["severity": "warning", "money_at_risk": "9999.99"], at: 0, until: 9_000_000)
        rig.post("Bad", ["severity": "warning", "money_at_risk": "much"], at: 0, until: 9_000_000)
        #expect(rig.look(at: 0).notices.isEmpty)
        rig.post("Large", ["severity": "warning", "money_at_risk": "10000"], at: 0, until: 9_000_000)
        let first = rig.look(at: 0).notices
        #expect(first.map(\.groupLabels) == [Labels(["alertname": "Large"])])
        #expect(first.first?.note?.hasSuffix("It is urgent: 10000 at risk.") == true)
        #expect(told(&rig, [149, 150, 449, 450]) == ["150 2 phone", "450 3 owner", "450 3 phone"])
        // 2023-11-14T22:13:20Z is the start; the goal's day ends when 2023-11-25 begins.
        rig.post("Goal", ["severity": "warning", "goal_date": "2023-11-24"], at: 0, until: 9_000_000)
        let week = Int64((CivilDay(year: 2023, month: 11, day: 18).start - time(0)).nanoseconds / 1_000_000_000)
        #expect(told(&rig, [week - 1]).isEmpty)
        #expect(told(&rig, [week, week + 60]) == ["\(week) 1 chat", "\(week + 60) 2 phone"])
    }

    @Test func `an acknowledgement may cease to hold`() throws {
        var rig = try EscalationRig(for: .seconds(3600))
        rig.post("Down", at: 0, until: 100_000)
        #expect(told(&rig, [0]).count == 1)
        rig.acknowledge("Down", at: 10)
        #expect(
            told(&rig, [20]).isEmpty
                && rig.escalations.outlook(
                    ofGroup: EscalationRig.group("Down"), at: time(20), rig.book, rig.acknowledgements)
                    == .acknowledged(by: "anna", at: time(10), until: time(3610))
        )
        #expect(told(&rig, [3609, 3610, 3910]) == ["3610 1 chat", "3910 2 phone"])
    }

    @Test func `what people know already escalates when a chain is new`() throws {
        var rig = try EscalationRig()
        let settings = rig.escalations.settings
        rig.escalations = EscalationBook()
        rig.post("Down", at: 0, until: 100_000)
        #expect(rig.escalations.open.isEmpty)
        rig.escalations.settings = settings
        for group in rig.book.toldGroups(at: time(60)) {
            rig.escalations.observe(group.group, group.labels, told: group.alerts, at: time(60))
        }
        #expect(told(&rig, [60, 360]) == ["60 1 chat", "360 2 phone"])
    }
}

/// What holds for every course of things. Seeds are printed with what fails.
struct EscalationPropertyTests {
    private static let names = ["Down", "Slow", "Full"]

    /// Runs a random course; returns the ids of what was told.
    private func course(_ seed: UInt64, restarts: Bool) throws -> [String] {
        var random = SeededRandom(seed: seed)
        var restarting = SeededRandom(seed: seed &+ 1)
        var rig = try EscalationRig(for: .seconds(2000))
        var told: [String] = []
        var reached: [String: Set<String>] = [:]
        var second: Int64 = 0
        for number in 0..<400 {
            second += Int64.random(in: 1...120, using: &random)
            let name = Self.names.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2: rig.post(name, at: second, until: second + Int64.random(in: 100...5000, using: &random))
            case 3: rig.post(name, at: second, until: second)
            case 4: rig.acknowledge(name, at: second, takenBack: Bool.random(using: &random))
            case 5 where number % 3 == 0: try rig.silence(name, id: "s\(number)", at: second, until: second + 200)
            default: rig.tell(at: second)
            }
            let actions = rig.look(at: second)
            for notice in actions.notices { check(notice, rig, second, seed, &reached) }
            told += actions.notices.map(\.id)
            if restarts, Int.random(in: 0..<4, using: &restarting) == 0 {
                // Another instance goes on, with what is in the books.
                let data = try JSONEncoder().encode(rig.escalations.open)
                let settings = rig.escalations.settings
                rig.escalations = EscalationBook(settings)
                rig.escalations.restore(try JSONDecoder().decode([Incident].self, from: data))
            } else {
                _ = rig.escalations.takeChanges()
            }
        }
        #expect(told.count > 20, "seed \(seed): so few test nothing")
        return told
    }

    private func check(
        _ notice: Notice, _ rig: EscalationRig, _ second: Int64, _ seed: UInt64, _ reached: inout [String: Set<String>]
    ) {
        let now = EscalationRig.time(second)
        let group = notice.key.group.replacing(":escalation", with: "")
        guard notice.isFiring else {
            #expect(reached[group]?.remove(notice.receiver) != nil, "seed \(seed): an end that nobody waits for")
            return
        }
        reached[group, default: []].insert(notice.receiver)
        for alert in notice.alerts {
            #expect(alert.endsAt > now, "seed \(seed): what is over escalates")
            #expect(rig.book.isAudible(alert.labels, at: now), "seed \(seed): what is silenced escalates")
            let word = rig.acknowledgements.acknowledgement(of: alert, inGroup: group)
            #expect(word.map { $0.at + .seconds(2000) <= now } ?? true, "seed \(seed): what is acknowledged escalates")
        }
    }

    @Test(arguments: UInt64(1)...12)
    func `no step is told twice, nor what is acknowledged, silenced or over; restarts change nothing`(seed: UInt64)
        throws
    {
        let plain = try course(seed, restarts: false)
        #expect(Set(plain).count == plain.count, "seed \(seed): an id is told twice")
        let restarted = try course(seed, restarts: true)
        let same = zip(plain, restarted).prefix { $0 == $1 }.count
        #expect(plain == restarted, "seed \(seed): differs from \(same) on")
    }
}
