import AlertingCore
import Domain
import TestKit
import Testing

struct SilenceTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

    private func draft(
        _ matchers: String = "a=b", id: String = "", from start: Int64? = nil, to end: Int64
    ) throws -> SilenceDraft {
        SilenceDraft(
            id: id, matchers: try Matcher.list(matchers), startsAt: start.map(time), endsAt: time(end),
            createdBy: "desk", comment: "planned")
    }

    private func book() throws -> SilenceBook {
        var book = SilenceBook()
        _ = try book.set(try draft(from: 0, to: 100), newID: "active", at: time(0))
        _ = try book.set(try draft(from: 50, to: 100), newID: "pending", at: time(0))
        return book
    }

    @Test func `it mutes what all its matchers hold for, while it is active`() throws {
        var book = SilenceBook()
        _ = try book.set(try draft("a=b, c=~\"d.*\"", from: 10, to: 20), newID: "x", at: time(0))
        _ = try book.set(try draft("c!=\"\"", from: 0, to: 15), newID: "w", at: time(0))
        let labels = Labels(["a": "b", "c": "dd"])
        #expect(book.muting(labels, at: time(9)) == ["w"])
        #expect(book.muting(labels, at: time(10)) == ["w", "x"])
        #expect(book.muting(labels, at: time(20)) == ["x"])
        #expect(book.muting(labels, at: time(21)) == [])
        #expect(book.muting(Labels(["a": "b"]), at: time(10)) == [])
        #expect(book.muting(Labels(["a": "x", "c": "dd"]), at: time(10)) == ["w"])
    }

    @Test func `a start in the past becomes now`() throws {
        var book = SilenceBook()
        _ = try book.set(try draft(from: -50, to: 100), newID: "x", at: time(0))
        #expect(book["x"]?.startsAt == time(0))
    }

    @Test func `a longer end changes it in place, another matcher makes a new one`() throws {
        var book = try book()
        let longer = try book.set(try draft(id: "active", from: 0, to: 500), newID: "new", at: time(10))
        #expect(longer.id == "active")
        #expect(longer.changed.map(\.endsAt) == [time(500)])
        let other = try book.set(try draft("a=c", id: "active", from: 0, to: 500), newID: "new", at: time(20))
        #expect(other.id == "new")
        #expect(other.changed.map(\.id) == ["active", "new"])
        #expect(book["active"]?.endsAt == time(20))
        #expect(book["new"]?.startsAt == time(20))
        #expect(book.muting(Labels(["a": "b"]), at: time(21)) == [])
    }

    @Test func `another start of an active one makes a new one`() throws {
        var book = try book()
        #expect(try book.set(try draft(id: "active", from: 5, to: 100), newID: "new", at: time(10)).id == "new")
    }

    @Test func `a pending one may be moved, not into the past`() throws {
        var book = try book()
        #expect(try book.set(try draft(id: "pending", from: 60, to: 90), newID: "x", at: time(10)).id == "pending")
        #expect(try book.set(try draft(id: "pending", from: 5, to: 90), newID: "new", at: time(10)).id == "new")
        #expect(book["pending"]?.state(at: time(11)) == .expired)
        #expect(book["new"]?.startsAt == time(10))
    }

    @Test func `an expired one is not changed, it is made again`() throws {
        var book = try book()
        let change = try book.set(try draft(id: "active", from: 0, to: 300), newID: "new", at: time(200))
        #expect(change.changed.map(\.id) == ["new"])
        #expect(book["active"]?.endsAt == time(100))
    }

    @Test func `expiring ends it now, once`() throws {
        var book = try book()
        #expect(try book.expire("active", at: time(10)).changed.map(\.endsAt) == [time(10)])
        #expect(try book.expire("active", at: time(11)).changed.isEmpty)
        let pending = try book.expire("pending", at: time(10)).changed
        #expect(pending.map(\.startsAt) == [time(10)])
        #expect(throws: SilenceError.unknown("none")) { try book.expire("none", at: time(0)) }
    }

    @Test func `what is refused`() throws {
        var book = try book()
        let before = book.all(at: time(0))
        for bad in [
            try draft("", to: 10), try draft("a=\"\"", to: 10), try draft("a=~\".*\"", to: 10),
            try draft(from: 20, to: 10), try draft(id: "none", to: 10),
        ] {
            #expect(throws: SilenceError.self) { try book.set(bad, newID: "x", at: time(0)) }
        }
        #expect(book.all(at: time(0)) == before)
    }

    @Test func `they are listed as Alertmanager does, and forgotten five days after their end`() throws {
        var book = try book()
        _ = try book.set(try draft("a=d", from: 0, to: 20), newID: "soon", at: time(0))
        _ = try book.set(try draft("a=e", from: 0, to: 5), newID: "over", at: time(0))
        _ = try book.set(try draft("a=f", from: 0, to: 3), newID: "long over", at: time(0))
        #expect(book.all(at: time(10)).map(\.id) == ["soon", "active", "pending", "over", "long over"])
        #expect(book.collect(at: time(4 + 5 * 86_400)) == ["long over"])
        #expect(book.all(at: time(10)).count == 4)
    }

    @Test func `of two versions the newer one counts`() throws {
        var book = try book()
        let old = try #require(book["active"])
        _ = try book.expire("active", at: time(10))
        book.restore([old])
        #expect(book["active"]?.endsAt == time(10))
    }

    @Test func `finding by index is the same as trying all`() throws {
        for seed in UInt64(1)...20 {
            var random = SeededRandom(seed: seed)
            var book = SilenceBook()
            let values = ["", "x", "y", "z"]
            for number in 0..<60 {
                let operators = ["=", "!=", "=~", "!~"]
                let matchers = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    "l\(Int.random(in: 0..<3, using: &random))\(operators.randomElement(using: &random) ?? "=")\"\(values.randomElement(using: &random) ?? "")\""
                }
                let start = Int64.random(in: 0..<50, using: &random)
                let change = try? draft(matchers.joined(separator: ","), from: start, to: start + 20)
                // Some would mute everything and are refused.
                if let change { _ = try? book.set(change, newID: "\(number)", at: time(0)) }
                if number % 7 == 0 { _ = try? book.expire("\(number / 2)", at: time(start)) }
            }
            for _ in 0..<100 {
                let labels = Labels(
                    Dictionary(
                        uniqueKeysWithValues: (0..<3).map { ("l\($0)", values.randomElement(using: &random) ?? "") }))
                let now = time(Int64.random(in: 0..<80, using: &random))
                let slow = book.all(at: now).filter { $0.state(at: now) == .active && $0.matchers.match(labels) }
                #expect(book.muting(labels, at: now) == slow.map(\.id).sorted(), "seed \(seed)")
            }
        }
    }
}
