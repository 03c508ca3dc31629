import AlertingCore
import Domain
import TestKit
import Testing

@testable import AlertingApp

/// What the API's bodies and queries mean; the statuses were read off Alertmanager 0.25.
struct BodyTests {
    private let now = Timestamp(seconds: 1_795_260_832)

    private func posted(_ body: String) throws -> PostedAlerts {
        try PostedAlerts(Array(body.utf8), latest: now + .minutes(5))
    }

    @Test(arguments: [
        ("2026-11-21T11:33:52Z", 1_795_260_832_000_000_000), ("2026-11-21T11:33:52.5+01:00", 1_795_257_232_500_000_000),
        ("2026-11-21T11:33:52.340418253Z", 1_795_260_832_340_418_253),
        ("2026-11-21T11:33:52", 1_795_260_832_000_000_000),
        ("2026-11-21 11:33:52", 1_795_260_832_000_000_000), ("2026-11-21T11:33Z", 1_795_260_780_000_000_000),
        ("1960-01-01T00:00:00Z", -315_619_200_000_000_000), ("9999-12-31T23:59:59Z", 9_000_000_000_000_000_000),
        ("", 0),
        ("2026-11-21T1:33Z", 1_795_224_780_000_000_000), ("2026-11-21T11:33:.5Z", 1_795_260_780_500_000_000),
    ])
    func `times are read`(text: String, nanoseconds: Int64) {
        #expect(PostedTime(text) == .at(Timestamp(nanoseconds: nanoseconds)))
    }

    @Test(arguments: ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "0001-01-01T01:00:00+01:00"])
    func `the zero of Go's clocks is no time`(text: String) { #expect(PostedTime(text) == .zero) }

    @Test(arguments: [
        "now", "2026-13-01T00:00:00Z", "2026-11-21T11:33:52.Z", "2026-11-21", "2026-02-29T00:00:00Z", " ",
        "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01t00:00:00z", "2026-01-01T00:00:00+0100",
    ])
    func `what is no time is refused`(text: String) { #expect(PostedTime(text) == nil) }

    @Test func `JSON is read as Go reads it`() throws {
        func read(_ text: String) throws -> JSONValue { try JSONValue(Array(text.utf8)) }
        #expect(
            try read(#" [1,-0.5e3,true,null,"a\u00e9\ud83d\ude00\n"] and the rest"#)
                == .array([.number("1"), .number("-0.5e3"), .boolean(true), .null, .string("aé😀\n")]))
        #expect(try read(#""\ud800""#) == .string("\u{fffd}"))
        #expect(try JSONValue([0x22, 0xff, 0x22]) == .string("\u{fffd}"))
        #expect(throws: JSONValue.Malformed.empty) { try read("  ") }
        for bad in ["[", "{", "[1,]", "{\"a\"}", "{a:1}", "tru", "01x", "\"\\x\"", "\"a\nb\"", "-", "1.", "\u{feff}[]"]
        where bad != "01x" {
            #expect(throws: JSONValue.Malformed.self, "\(bad)") { try read(bad) }
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONValue.Malformed.tooDeep) { try read(deep) }
    }

    @Test func `keys are found in any case, and labels of two members are put together`() throws {
        let alerts = try posted(#"[{"LABELS":{"a":"b"},"labels":{"c":"d","e":""},"unknown":[{}]}]"#).good
        #expect(alerts.map(\.labels) == [Labels(["a": "b", "c": "d"])])
    }

    /// Minutes, were each label a copy of those before it.
    @Test(.timeLimit(.minutes(1))) func `very many labels are read one by one`() throws {
        let labels = (0..<100_000).map { "\"l\($0)\":\"v\"" }.joined(separator: ",")
        #expect(try posted("[{\"labels\":{\(labels)}}]").good.first?.labels.pairs.count == 100_000)
    }

    @Test func `the good alerts of a post are taken, and the others named`() throws {
        let read = try posted(
            """
            [{"labels":{"a-b":"c"}},{"labels":{"alertname":"Good"},"endsAt":"0001-01-01T00:00:00.000Z"},{"labels":{"a":""}},
             {"labels":{"a":"b"},"startsAt":"2026-01-02T00:00:00Z","endsAt":"2026-01-01T00:00:00Z"},
             {"labels":{"a":"b"},"annotations":{"x y":""}},{"labels":{"a":"b"},"startsAt":"2036-01-02T00:00:00Z"}]
            """)
        #expect(read.good.map { $0.labels["alertname"] } == ["Good"])
        #expect(read.good[0].endsAt == nil)
        #expect(
            read.faults == [
                "invalid label set: invalid name \"a-b\"", "at least one label pair required",
                "start time must be before end time", "invalid annotations: invalid name \"x y\"",
                "start time must be before end time",
            ])
    }

    @Test(arguments: [
        ("", 602, "alerts in body is required"), ("[{}]", 602, "0.labels in body is required"),
        (#"[{"labels":{"a":"b"},"generatorURL":"foo"}]"#, 601, #"0.generatorURL in body must be of type uri: "foo""#),
        ("[null]", 602, "0.labels in body is required"),
    ])
    func `what is missing or of another type is 422`(body: String, code: Int, message: String) {
        let fault = #expect(throws: APIAnswer.FrameworkFault.self) { try posted(body) }
        #expect(fault?.code == code)
        #expect(fault?.message == message)
    }

    @Test(arguments: [
        ("http://prometheus/graph?g0.expr=up#a", true), ("/graph", true), ("x:y", true), ("*", true),
        ("http://[::1]:9090/", true), ("http://u:p@h/%41", true), ("http://é/", true), ("foo", false), ("", false),
        ("://x", false), ("http://x y", false), ("http://h:port/", false), ("http://h/%zz", false), ("a\tb", false),
        ("http://[::1", false), ("?", false), ("http://h%41/", false),
    ])
    func `addresses are those of Go`(text: String, isValid: Bool) { #expect(URIReference(text).isValid == isValid) }

    @Test func `queries are those of Go`() {
        let query = QueryParameters(
            "filter=a%3D%22x+y%22&filter=b%zz&active=maybe&silenced=YES&c;d=e&filter=%C3%A9%3D1&x")
        #expect(query.all("filter") == ["a=\"x y\"", "é=1"])
        #expect(!query.flag("active"))
        #expect(query.flag("silenced"))
        #expect(query.flag("inhibited"))
        #expect(query.all("c").isEmpty)
        #expect(query.last("x") == nil)
    }

    @Test func `a silence must be whole, and a matcher one`() throws {
        func draft(_ matcher: String, _ more: String = "") throws -> SilenceDraft {
            let body = """
                {"matchers":[\(matcher)],"startsAt":"2026-01-01T00:00:00Z","endsAt":"2036-01-01T00:00:00Z","createdBy":"me",
                "comment":""\(more)}
                """
            return try PostedSilence(Array(body.utf8)).draft()
        }
        let good = try draft(#"{"name":"straße","value":"a|b","isRegex":true,"isEqual":false}"#)
        #expect(good.matchers == [try Matcher("straße", .notMatches, "a|b")])
        #expect(throws: APIAnswer.Fault.self) { try draft(#"{"name":"a","value":"(","isRegex":true}"#) }
        #expect(throws: APIAnswer.FrameworkFault.self) { try draft(#"{"name":"a","value":"b"}"#) }
        #expect(throws: APIAnswer.FrameworkFault.self) { try draft("") }
        for body in ["", "null", "{}", "[]"] {
            #expect(throws: APIAnswer.FrameworkFault.self) { try PostedSilence(Array(body.utf8)) }
        }
    }

    @Test func `a webhook's alerts are believed until their end is told`() throws {
        let body = """
            {"version":"4","status":"firing","alerts":[
             {"status":"firing","labels":{"alertname":"A"},"startsAt":"2026-11-21T11:00:00Z","endsAt":"0001-01-01T00:00:00Z",
              "fingerprint":"x","silenceURL":"http://grafana/silence","values":{"B":1},"valueString":"[ var='B' ]"},
             {"status":"resolved","labels":{"alertname":"B"},"endsAt":"2026-11-21T11:10:00Z"},
             {"status":"firing","labels":{}}]}
            """
        let input = try WebhookInput(Array(body.utf8), expiry: .seconds(3600), at: now)
        #expect(input.good.map(\.endsAt) == [now + .minutes(60), Timestamp(seconds: 1_795_259_400)])
        #expect(input.good[0].annotations["silence_url"] == "http://grafana/silence")
        #expect(input.good[0].annotations["values"] == "[ var='B' ]")
        #expect(input.faults == ["alerts.2 has no labels"])
        #expect(throws: APIAnswer.FrameworkFault.self) {
            try WebhookInput(Array("{}".utf8), expiry: .seconds(1), at: now)
        }
    }

    @Test func `a made-up body never stops the program`() {
        var random = SeededRandom(seed: 5)
        let seeds = [
            #"[{"labels":{"alertname":"x","é":"\u00e9"},"annotations":{"a":"b"},"startsAt":"2026-11-21T11:33:52.340418253Z"}]"#,
            #"{"matchers":[{"name":"a","value":"b","isRegex":true}],"startsAt":"2026-01-01T00:00:00Z","comment":""}"#,
        ]
        for _ in 0..<20_000 {
            var bytes = Array(seeds[Int.random(in: 0...1, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
                default: bytes.insert("[]{}\":,\\u0".utf8.randomElement(using: &random) ?? 0, at: place)
                }
            }
            _ = try? PostedAlerts(bytes, latest: now)
            _ = try? PostedSilence(bytes).draft()
            _ = try? WebhookInput(bytes, expiry: .seconds(1), at: now)
        }
    }
}
