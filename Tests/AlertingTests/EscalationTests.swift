import AlertingCore
import Domain
import Testing

struct EscalationTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    private func alert(_ name: String, _ labels: [String: String] = ["severity": "critical"]) -> Alert {
        Alert(
            labels: Labels(labels.merging(["alertname": name]) { $1 }), annotations: .none, startsAt: time(0),
            endsAt: time(100_000), updatedAt: time(0), endIsTimeout: false, generatorURL: "", kind: .condition)
    }

    private func book(
        repeating: Timestamp.Span? = .seconds(900), for lapse: Timestamp.Span? = nil, urgency: [UrgencyRule] = []
    ) throws -> EscalationBook {
        EscalationBook(
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

    private func steps(_ book: inout EscalationBook, _ seconds: [Int64], muted: String = "") -> [String] {
        seconds.flatMap { second in
            book.advance(to: time(second)) { $0.labels["alertname"] != muted }.map {
                "\(second) \($0.step) \($0.receivers)"
            }
        }
    }

    private let group = Labels(["alertname": "Down"])

    @Test func `step follows step, and the last one is repeated`() throws {
        var book = try book()
        book.observe("g", group, firing: [alert("Down")], at: time(0))
        #expect(
            steps(&book, [0, 299, 300, 899, 900, 1799, 1800]) == [
                "0 1 [\"chat\"]", "300 2 [\"phone\"]", "900 3 [\"owner\", \"phone\"]", "1800 4 [\"owner\", \"phone\"]",
            ])
        var once = try self.book(repeating: nil)
        once.observe("g", group, firing: [alert("Down")], at: time(0))
        #expect(steps(&once, [0, 300, 900, 99_999]).count == 3)
    }

    @Test func `an acknowledgement stops it at once, and the first one counts`() throws {
        var book = try book()
        book.observe("g", group, firing: [alert("Down")], at: time(0))
        _ = steps(&book, [0])
        let id = try #require(book.open.first?.id)
        #expect(try book.acknowledge(id, by: "anna", at: time(10)).acknowledgement?.by == "anna")
        #expect(try book.acknowledge(id, by: "ben", at: time(20)).acknowledgement?.by == "anna")
        #expect(steps(&book, [300, 900, 99_999]).isEmpty)
        #expect(throws: EscalationError.unknown("x")) { try book.acknowledge("x", by: "anna", at: time(30)) }
    }

    @Test func `an alert that joins later is not acknowledged`() throws {
        var book = try book()
        book.observe("g", group, firing: [alert("Down"), alert("Gone")], at: time(0))
        _ = steps(&book, [0])
        _ = try book.acknowledge(try #require(book.open.first?.id), by: "anna", at: time(10))
        book.observe("g", group, firing: [alert("Down")], at: time(20))
        #expect(steps(&book, [400]).isEmpty)
        book.observe("g", group, firing: [alert("Down"), alert("New")], at: time(500))
        #expect(steps(&book, [500, 800]) == ["500 1 [\"chat\"]", "800 2 [\"phone\"]"])
    }

    @Test func `what is over or muted does not escalate`() throws {
        var book = try book()
        book.observe("g", group, firing: [alert("Down")], at: time(0))
        #expect(steps(&book, [0], muted: "Down").isEmpty)
        #expect(steps(&book, [40]) == ["40 1 [\"chat\"]"])
        book.observe("g", group, firing: [], at: time(50))
        #expect(book.open.isEmpty)
        #expect(steps(&book, [99_999]).isEmpty)
        #expect(book.takeChanges().closed.count == 1)
    }

    @Test func `what is not critical does not escalate, unless money or time make it so`() throws {
        let rules = [
            UrgencyRule(
                moneyAtRisk: .init(label: "money_at_risk", atLeast: try Money("10000")), severity: "critical",
                waitsPercent: 50),
            UrgencyRule(goalDate: .init(label: "goal_date", within: .days(7)), severity: "critical", waitsPercent: 20),
        ]
        var book = try book(urgency: rules)
        let small = alert("Down", ["severity": "warning", "money_at_risk": "9999.99"])
        let large = alert("Down", ["severity": "warning", "money_at_risk": "10000"])
        book.observe("small", group, firing: [small], at: time(0))
        book.observe("large", group, firing: [large], at: time(0))
        book.observe(
            "bad", group, firing: [alert("Down", ["severity": "warning", "money_at_risk": "much"])], at: time(0))
        let first = book.advance(to: time(0)) { _ in true }
        #expect(first.map(\.group) == ["large"])
        #expect(first.first?.reasons == ["10000 at risk"])
        #expect(steps(&book, [149, 150]) == ["150 2 [\"phone\"]"])
        // 2023-11-14T22:13:20Z is the start; the goal's day ends when 2023-11-25 begins.
        let goal = alert("Goal", ["severity": "warning", "goal_date": "2023-11-24"])
        book.observe("goal", group, firing: [goal], at: time(0))
        let week = Int64((CivilDay(year: 2023, month: 11, day: 18).start - time(0)).nanoseconds / 1_000_000_000)
        #expect(book.advance(to: time(week - 1)) { $0.labels["alertname"] == "Goal" }.isEmpty)
        #expect(book.advance(to: time(week)) { $0.labels["alertname"] == "Goal" }.map(\.step) == [1])
        #expect(book.advance(to: time(week + 60)) { $0.labels["alertname"] == "Goal" }.map(\.step) == [2])
    }

    @Test func `an acknowledgement may cease to hold`() throws {
        var book = try book(for: .seconds(3600))
        book.observe("g", group, firing: [alert("Down")], at: time(0))
        _ = steps(&book, [0])
        _ = try book.acknowledge(try #require(book.open.first?.id), by: "anna", at: time(10))
        #expect(steps(&book, [3609, 3610, 3910]) == ["3610 1 [\"chat\"]", "3910 2 [\"phone\"]"])
    }

    @Test func `a restart goes on where it was, and notices are for the receivers' destinations`() throws {
        var book = try book()
        book.observe("g", group, firing: [alert("Down")], at: time(0))
        _ = steps(&book, [0])
        var other = try self.book()
        other.restore(book.takeChanges().changed)
        #expect(other.open == book.open)
        let notice = try #require(other.advance(to: time(300)) { _ in true }.first)
        let notices = notice.notices(["phone": [.init(name: "phone/telegram/0", sendResolved: true)]])
        #expect(notices.map(\.key.destination) == ["phone/telegram/0"])
        #expect(notices.allSatisfy { $0.reason == .escalated && $0.isFiring })
    }
}
