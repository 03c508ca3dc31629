import Testing

@testable import ServiceKit

/// Each rule can fail, and does not fail on what is right.
@Suite struct RuleTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let rule: String
        let path: String
        let bad: [String]
        let good: [String]
        var testDescription: String { rule }
    }

    private static let core = "Services/RiskManager/Core/X.swift"
    private static let domain = "Shared/Domain/X.swift"
    private static let app = "Services/RiskManager/App/X.swift"
    private static let long = String(repeating: "    work()\n", count: 68)

    static let samples: [Sample] = [
        Sample(
            rule: "a folder imports only the modules below it", path: core,
            bad: [
                "import Store", "package import Contracts", "@testable import RiskManagerApp", "import struct Bus.Bus",
            ],
            good: ["import Domain\npackage import Indicators", "// import Store"]),
        Sample(
            rule: "a folder imports only the modules below it", path: domain, bad: ["import Indicators"], good: [""]),
        Sample(
            rule: "a folder imports only the modules below it", path: app,
            bad: ["import ExecutionCore", "import Backtest", "import TestKit"],
            good: ["import RiskManagerCore\nimport Store\nimport Hummingbird"]),
        Sample(
            rule: "a folder imports only the modules below it", path: "Shared/Store/X.swift",
            bad: ["import ServiceKit"],
            good: ["import CLibpq\nimport Foundation"]),
        Sample(
            rule: "the domain and the cores import nothing from outside", path: core,
            bad: ["import Foundation", "import Glibc", "import Synchronization"], good: ["import Domain"]),
        Sample(
            rule: "nothing that ships imports an executable", path: "Shared/Bus/X.swift",
            bad: ["import ExecutionApp", "import ExchangeSim"], good: ["import Contracts"]),
        Sample(
            rule: "no clock in the cores", path: core,
            bad: [
                "let t = Date()", "let t = ContinuousClock.now", "wait(until: .now)", "Timestamp.now",
                #"let t = "at \(clock.now)""#,
            ],
            good: [
                "// never Date()", #"let t = "Date()""#, "let nowhere = x.nowhere", "let t = input.now", "case .now:",
                "context.now + span",
            ]),
        Sample(
            rule: "no random in the cores", path: domain, bad: ["UUID().uuidString", "x.hashValue"],
            good: ["let uuid = 1"]),
        Sample(
            rule: "no IO and no waiting in the cores", path: core,
            bad: ["print(x)", "await x()", "Task { }", "FileManager.default"], good: ["let fingerprint = hash(x)"]),
        Sample(
            rule: "random numbers in the cores come from a given generator", path: core,
            bad: ["Int.random(in: 0...1)", "xs.shuffled()"], good: ["Int.random(in: 0...1, using: &g)"]),
        Sample(
            rule: "no order of a hash in the cores", path: core,
            bad: ["for key in x.keys {", "for value in x.values where y {"],
            good: ["for key in x.keys.sorted() {", "// A sum: any order gives the same.\nfor value in x.values {"]),
        Sample(
            rule: "a file has at most 500 lines", path: app, bad: [String(repeating: "\n", count: 500)],
            good: [String(repeating: "\n", count: 499)]),
        Sample(
            rule: "a function has at most 70 lines", path: app,
            bad: [
                "func f(\n  a: (Int) -> Void = { _ in }\n) {\n\(long)}", "    init() {\n\(long)\n    }",
                "func f() {\n\(long)\n  if x { } // }\n}",
            ],
            good: [
                "func f() {\n\(long)}", "protocol P {\n  func f()\n  var x: Int { get }\n}\nstruct S {\n\(long)\n\n}",
            ]),
        Sample(
            rule: "nothing is left for later", path: "docs/x.md", bad: ["TO" + "DO: more", "// FIX" + "ME"],
            good: ["to do"]),
        Sample(
            rule: "no forced tries and casts", path: app, bad: ["try! f()", "x as! Int"],
            good: ["try? f()", "x as? Int"]),
        Sample(
            rule: "an unchecked promise says what guards it", path: app,
            bad: ["final class X: @unchecked Sendable {}", "nonisolated(unsafe) var x = 1"],
            good: [
                "// Guarded by the lock.\nfinal class X: @unchecked Sendable {}",
                "nonisolated(unsafe) var x = 1  // the lock",
            ]),
        Sample(
            rule: "services log, they do not print", path: app, bad: ["print(1)"],
            good: ["sprint(1)", "// print(1)", "func print() {}", "feed.print()", "case print(Print)"]),
        Sample(
            rule: "loggers are handed down, not made", path: "Shared/Bus/X.swift", bad: [#"Logger(label: "x")"#],
            good: ["let logger: Logger"]),
        Sample(
            rule: "an option of TCP is not set as one of the socket", path: app,
            bad: [".channelOption(.socketOption(.tcp_nodelay), value: 1)"],
            good: [".channelOption(.tcpOption(.tcp_nodelay), value: 1)", ".socketOption(.so_reuseaddr)"]),
        Sample(
            rule: "a placeholder goes when real work comes", path: "Shared/ServiceKit/Placeholder.swift", bad: [""],
            good: []),
        Sample(
            rule: "what is declared at the top of a file is described", path: app,
            bad: ["struct X {}", "package final class X {}", "@frozen\npublic enum X {}"],
            good: [
                "/// What it is.\nstruct X {}", "/// What it is.\n@frozen\npublic enum X {}", "private struct X {}",
                "extension X {}",
            ]),
        Sample(
            rule: "no paths of one machine", path: "ops/run",
            bad: ["cd /wo" + "rk/x", "x=/ho" + "me/me", "/Us" + "ers/x/y"],
            good: ["https://example.com/home/x", "cd ../work/x"]),
    ]

    @Test(arguments: samples)
    func `the rule finds what is wrong and leaves what is right`(_ sample: Sample) throws {
        let rules = Rule.all.filter { $0.name == sample.rule }
        let rule = try #require(rules.first)
        for text in sample.bad {
            #expect(!rule.check(SourceFile(path: sample.path, text: text)).isEmpty, "not found: \(text)")
        }
        for text in sample.good {
            #expect(rule.check(SourceFile(path: sample.path, text: text)).isEmpty, "wrongly found: \(text)")
        }
    }

    @Test func `every rule has a sample that fails`() {
        let sampled = Set(Self.samples.map(\.rule))
        for rule in Rule.all { #expect(sampled.contains(rule.name), "\(rule.name)") }
    }

    @Test func `a rule for the cores leaves the rim alone`() throws {
        let rule = try #require(Rule.all.first { $0.name == "no clock in the cores" })
        #expect(rule.check(SourceFile(path: Self.app, text: "Date()")).isEmpty)
    }

    @Test func `the report names what is longer than wanted`() {
        let body = String(repeating: "    work()\n", count: 45)
        let text = "func f() {\n\(body)}\n" + String(repeating: "\n", count: 300)
        let report = Size.overlong(SourceFile(path: Self.app, text: text)).map(\.problem)
        #expect(report == ["348 lines", "function of 47 lines"])
    }

    @Test func `settings that nobody describes, knows or reads are found`() throws {
        let rules = SettingsRules(
            configuration: try SettingsNode.parse("a: {b: 1, new: 2}\nl: [{id: 3}]\nopen: {any: 1}", file: "c"),
            document: "| `a.b` | x |\n| `l[].id` | x |\n| `gone` | x |\n| `l` | |\n| `open` | |",
            catalogue: ["a.b", "l", "l[].id", "open"], openMaps: ["open"],
            sources: [SourceFile(path: Self.app, text: #"reader.integer("a.b"); items("l"); keys("open")"#)])
        #expect(
            rules.findings.map(\.problem) == [
                "a.new is not in KnownSettings", "a.new is not described", "gone is described but unknown",
                "l[].id is read nowhere",
            ])
    }

    @Test func `alerts without severity, words, runbook, tests or metrics are found`() throws {
        let yaml = """
            groups:
              - rules:
                  - {alert: Good, expr: plimsoll_a > 1, labels: {severity: info},
                     annotations: {summary: s, description: d, runbook_url: docs/runbook.md#good}}
                  - {alert: Bad, expr: plimsoll_b > 1, labels: {severity: high}, annotations: {runbook_url: x}}
            """
        let tests = "- name: Good fires\n- name: Good does not fire just below\n- name: Good without figures"
        let rules = AlertRules(
            rules: [try SettingsNode.parse(yaml, file: "r")], tests: tests, runbook: "#\n## Good\n",
            metrics: ["plimsoll_a"])
        #expect(
            rules.findings == [
                "Bad has no severity of critical, warning, info", "Bad has no summary", "Bad has no description",
                "Bad has no runbook_url to its section", "docs/runbook.md has no section Bad",
                "Bad has no test named \"fires\"", "Bad has no test named \"just below\"",
                "Bad has no test named \"figures\"", "Bad looks at plimsoll_b, which no service makes",
            ])
        #expect(AlertRules(rules: [], tests: "", runbook: "", metrics: []).findings == ["there are no alerts"])
    }
}

@Suite struct LexerTests {
    private func code(_ text: String) -> String { SourceFile(path: "X.swift", text: text).code.joined(separator: "\n") }

    @Test func `comments and text are blank, interpolated code is code`() {
        #expect(code("a // b") == "a     ")
        #expect(code("a /* b /* c */ d */ e") == "a" + String(repeating: " ", count: 19) + "e")
        #expect(code(#"f("x \(g("y")) z")"#) == #"f("    g(" ")   ")"#)
        #expect(code(##"#"a\(b)\#(c)"#"##) == ##"#"        c "#"##)
        #expect(code("\"\"\"\n{\"\n\"\"\" }") == "\"\"\"\n  \n\"\"\" }")
        #expect(code(#""a\"b" c"#) == #""    " c"#)
    }

    @Test func `literals keep their text and line`() {
        let file = SourceFile(path: "X.swift", text: "a\n\"b.c\" + \"\\(x).d\"")
        #expect(file.literals.map(\.text) == ["b.c", " .d"])
        #expect(file.literals.map(\.line) == [2, 2])
    }
}
