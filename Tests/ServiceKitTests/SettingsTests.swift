import Domain
import Foundation
import Testing

@testable import ServiceKit

@Suite struct SettingsTests {
    private enum Venue: String, CaseIterable { case binance, paper }

    /// A faulty line under `a:`, how it is read, and what must be said of it.
    struct Faulty: Sendable, CustomTestStringConvertible {
        let yaml: String
        let says: String
        let read: @Sendable (SettingsReader) -> Void
        var testDescription: String { yaml }
    }

    static let table: [Faulty] = [
        Faulty(yaml: "x:", says: #"s.yaml:2: a.x: is missing; allowed: a whole number from 1 to 9"#) {
            _ = $0.integer("a.x", in: 1...9)
        },
        Faulty(yaml: "x: 10", says: #"s.yaml:2: a.x = "10": is not allowed; allowed: a whole number from 1 to 9"#) {
            _ = $0.integer("a.x", in: 1...9)
        },
        Faulty(yaml: "x: ten", says: #"s.yaml:2: a.x = "ten": is not allowed; allowed: a whole number from 1 to 9"#) {
            _ = $0.integer("a.x", in: 1...9, default: 3)
        },
        Faulty(yaml: "x: 1.5", says: #"a.x = "1.5": is not allowed; allowed: a whole number"#) {
            _ = $0.integer("a.x", in: 1...9)
        },
        Faulty(yaml: "x: 10", says: #"a.x = "10": is not allowed; allowed: a duration from 1s to 2m"#) {
            _ = $0.duration("a.x", in: .seconds(1)...(.seconds(120)))
        },
        Faulty(yaml: "x: 3m", says: #"a.x = "3m": is not allowed; allowed: a duration from 1s to 2m"#) {
            _ = $0.duration("a.x", in: .seconds(1)...(.seconds(120)))
        },
        Faulty(yaml: "x: nan", says: #"a.x = "nan": is not allowed; allowed: a number from 0 to 1"#) {
            _ = $0.ratio("a.x", in: .zero ... .one)
        },
        Faulty(yaml: "x: 0.123456789", says: "allowed: a number from 0 to 1") {
            _ = $0.ratio("a.x", in: .zero ... .one)
        },
        Faulty(yaml: "x: -1", says: #"a.x = "-1": is not allowed; allowed: an amount from 0 to 100"#) {
            _ = $0.money("a.x", in: .zero...Money(raw: 10_000_000_000))
        },
        Faulty(yaml: "x: yes", says: #"a.x = "yes": is not allowed; allowed: true or false"#) { _ = $0.boolean("a.x") },
        Faulty(yaml: "x: kraken", says: #"a.x = "kraken": is not allowed; allowed: one of binance, paper"#) {
            _ = $0.oneOf("a.x", Venue.self)
        },
        Faulty(yaml: "x: ''", says: #"a.x = "": is not allowed; allowed: text of 1 to 500 characters"#) {
            _ = $0.string("a.x")
        },
        Faulty(yaml: "x: {y: 1}", says: "s.yaml:2: a.x: must be a single value") { _ = $0.string("a.x", default: "d") },
        Faulty(yaml: "x: [BTCUSDT, btc]", says: #"a.x = "btc": a symbol is 1 to 20 of A-Z and 0-9"#) {
            _ = $0.symbols("a.x")
        },
        Faulty(yaml: "x: [BTCUSDT, BTCUSDT]", says: #"a.x = "BTCUSDT": is listed twice"#) { _ = $0.symbols("a.x") },
        Faulty(yaml: "x: 5", says: "a.x: must be a list") { _ = $0.items("a.x") },
        Faulty(yaml: "x: http://user:word@host", says: "a.x = ") { _ = $0.url("a.x", schemes: ["http"]) },
        Faulty(yaml: "x: ftp://host", says: "allowed: an address such as http://host or https://host") {
            _ = $0.url("a.x", schemes: ["http", "https"])
        },
        Faulty(yaml: "x_file: ~", says: "a.x_file: is missing; allowed: the path of a file that holds the secret") {
            _ = $0.secret("a.x_file")
        },
        Faulty(yaml: "x_file: /tmp/no-such-file-here", says: "a.x_file: the file /tmp/no-such-file-here cannot be read")
        {
            _ = $0.secret("a.x_file")
        },
    ]

    @Test(arguments: table)
    func `each faulty value is reported with file, line, key, value and what is allowed`(_ faulty: Faulty) throws {
        let reader = try Settings(yaml: "a:\n  \(faulty.yaml)\n", file: "s.yaml").reader
        faulty.read(reader)
        let error = try #require(throws: SettingsError.self) { try reader.finish() }
        #expect(error.faults.count == 1)
        #expect(error.description.contains(faulty.says), "\(error)")
    }

    @Test func `all faults are reported at once`() throws {
        let reader = try Settings(yaml: "a: {x: -1, y: never}\nitems:\n  - {id: 7s}\n", file: "s.yaml").reader
        _ = reader.integer("a.x", in: 0...5)
        _ = reader.boolean("a.y")
        for item in reader.items("items") { _ = item.integer("id", in: 0...5) }
        reader.fault("a", "contradicts itself")
        let error = try #require(throws: SettingsError.self) { try reader.finish() }
        #expect(error.faults.map(\.key) == ["a.x", "a.y", "items[0].id", "a"])
        #expect(error.faults[2].location == "s.yaml:3")
        #expect(error.description.hasPrefix("The settings have 4 faults:"))
    }

    @Test func `values are read with their defaults`() throws {
        let reader = try Settings(yaml: "a: {t: 50ms, m: 10000, s: [A, B], on: true, v: paper}").reader
        #expect(reader.duration("a.t", in: .zero...(.seconds(1))) == .milliseconds(50))
        #expect(reader.money("a.m", in: .zero...Money(raw: .max)) == Money("10000"))
        #expect(reader.symbols("a.s") == [Symbol("A"), Symbol("B")])
        #expect(reader.boolean("a.on"))
        #expect(reader.oneOf("a.v", Venue.self) == .paper)
        #expect(reader.integer("a.absent", in: 0...9, default: 4) == 4)
        #expect(reader.scoped(to: "nowhere").string("x", default: "y") == "y")
        try reader.finish()
    }

    @Test func `the environment overrides a key, an item of a list and a list`() throws {
        let environment = [
            "PLIMSOLL_A_X_Y": "5", "PLIMSOLL_ACCOUNTS_1_ID": "other", "PLIMSOLL_A_S": "A, B", "PLIMSOLL_A_EMPTY": "",
        ]
        let yaml = "a: {x_y: 1, s: [C], empty: 3}\naccounts: [{id: main}, {id: paper}]"
        let reader = try Settings(yaml: yaml, environment: environment).reader
        #expect(reader.integer("a.x_y", in: 0...9) == 5)
        #expect(reader.strings("a.s") == ["A", "B"])
        #expect(reader.integer("a.empty", in: 0...9) == 3)
        #expect(reader.items("accounts").map { $0.string("id") } == ["main", "other"])
        try reader.finish()
    }

    @Test func `a fault from the environment names the variable`() throws {
        let reader = try Settings(yaml: "a: {x: 1}", environment: ["PLIMSOLL_A_X": "z"]).reader
        _ = reader.integer("a.x", in: 0...9)
        let error = try #require(throws: SettingsError.self) { try reader.finish() }
        #expect(error.faults.first?.location == "environment PLIMSOLL_A_X")
    }

    @Test func `a dangerous value is refused unless it is accepted by name`() throws {
        func read(_ yaml: String) throws -> [SettingsFault] {
            let reader = try Settings(yaml: yaml).reader
            let caution = Caution(warnAbove: Ratio(1, over: 5), refuseAbove: Ratio(3, over: 10))
            _ = reader.ratio("risk.limits.drawdown", in: .zero ... .one, caution: caution)
            return try reader.finish()
        }
        #expect(try read("risk: {limits: {drawdown: 0.2}}").isEmpty)
        #expect(try read("risk: {limits: {drawdown: 0.25}}").first?.problem == "more than 0.2 is doubtful")
        let error = try #require(throws: SettingsError.self) { try read("risk: {limits: {drawdown: 0.31}}") }
        #expect(error.faults.first?.problem.contains("list risk.limits.drawdown under accept_dangerous") == true)
        let accepted = try read("accept_dangerous: [risk.limits.drawdown]\nrisk: {limits: {drawdown: 0.31}}")
        #expect(accepted.first?.problem == "more than 0.3 is dangerous, and accepted")
    }

    @Test func `an unknown key is a fault with the nearest known one, another service's key is not`() throws {
        let yaml =
            "risk:\n  limits:\n    daily_los: 0.03\nredis: {port: 1}\nstrategy: {instances: [{parameters: {q: 1}}]}"
        let error = try #require(throws: SettingsError.self) {
            try Settings(yaml: yaml, file: "s.yaml").reader.finish()
        }
        #expect(
            error.faults.map(\.description) == [
                "s.yaml:3: risk.limits.daily_los: is not a known key and would have no effect; "
                    + "did you mean risk.limits.daily_loss?"
            ])
    }

    @Test func `a variable that overrides nothing is a fault`() throws {
        let environment = [
            "PLIMSOLL_RISK_LIMITS_DAILYLOSS": "1", "PLIMSOLL_ACCOUNTS_0_DEPOSIT": "1", "PLIMSOLL_TEST_X": "1",
            "PATH": "/",
            "PLIMSOLL_STRATEGY_INSTANCES_0_PARAMETERS_FAST": "3",
        ]
        let error = try #require(throws: SettingsError.self) {
            try Settings(yaml: "", environment: environment).reader.finish()
        }
        #expect(error.faults.map(\.key) == ["PLIMSOLL_RISK_LIMITS_DAILYLOSS"])
        #expect(error.faults.first?.problem.contains("did you mean PLIMSOLL_RISK_LIMITS_DAILY_LOSS?") == true)
    }

    @Test func `an accepted danger that is no setting is a fault`() throws {
        let error = try #require(throws: SettingsError.self) {
            try Settings(yaml: "accept_dangerous: [risk.limits.drawdowm]", file: "s.yaml").reader.finish()
        }
        #expect(
            error.faults.map(\.description) == [
                "s.yaml:1: accept_dangerous = \"risk.limits.drawdowm\": is not a known key; "
                    + "did you mean risk.limits.drawdown?"
            ])
    }

    @Test(
        arguments: [
            ("http://api.example.com", true), ("ws://stream.example.com:9443/x", true), ("http://8.8.8.8", true),
            ("http://[2001:db8::1]:80", true), ("https://api.example.com", false), ("http://127.0.0.1:8090", false),
            ("http://exchange-sim:8090", false), ("http://10.1.2.3", false), ("http://172.20.0.1", false),
            ("http://172.32.0.1", true), ("http://192.168.1.2", false), ("http://host.internal", false),
            ("http://[::1]:80", false), ("http://[fd00::1]", false), ("http://127.0.0.1.example.com", true),
        ])
    func `sending in clear through the internet is dangerous`(_ address: String, _ isDangerous: Bool) throws {
        let reader = try Settings(yaml: "a: {x: '\(address)'}").reader
        _ = reader.url("a.x", schemes: ["http", "https", "ws"])
        let faults = reader.findings.found.faults
        #expect(faults.contains { $0.problem.contains("in clear") } == isDangerous)
    }

    @Test(arguments: ["a: [", "a: 1\na: 2", "- 1", "a: &x [1]\nb: *y", "\u{0}"])
    func `what is not a map in YAML is refused with a place`(_ yaml: String) {
        let error = #expect(throws: SettingsError.self) { try Settings(yaml: yaml, file: "s.yaml") }
        #expect(error?.description.contains("s.yaml") == true)
    }

    @Test func `aliases that unfold without end are refused`() throws {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            yaml += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(throws: SettingsError.self) { try Settings(yaml: yaml) }
    }

    @Test func `the nearest key is found and a far one is not`() {
        #expect(UnknownKeys.nearest(to: "http.hots", in: ["http.host", "log.level"]) == "http.host")
        #expect(UnknownKeys.nearest(to: "something.else", in: ["http.host", "log.level"]) == nil)
    }

    @Test(arguments: [
        ("90s", Duration.seconds(90)), ("2d", .seconds(172_800)), ("1500us", .microseconds(1500)), ("0s", .zero),
    ])
    func `durations are read and written`(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }

    @Test(arguments: ["", "s", "1", "1.5s", "-1s", "1 s", "99999999999d", "1S", "٣s"])
    func `what is not a duration is refused`(_ text: String) { #expect(DurationText.parse(text) == nil) }
}

@Suite struct SecretTests {
    private func file(_ content: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path
        try Data(content.utf8).write(to: URL(filePath: path))
        return path
    }

    @Test func `a secret is read from its file and shown nowhere`() throws {
        let path = try file("hunter-2-canary\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let settings = try Settings(yaml: "database: {password_file: \(path)}")
        let secret = settings.reader.secret("database.password_file")
        #expect(secret.reveal() == "hunter-2-canary")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter"))
        #expect(settings.redactor.redact("password=hunter-2-canary!") == "password=<secret>!")
    }

    @Test func `placeholders and the environment choose the file`() throws {
        let path = try file("the-secret")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let pattern = path.replacing("secret-", with: "{what}-")
        let environment = ["PLIMSOLL_DATABASE_PASSWORD_FILE": pattern]
        let reader = try Settings(yaml: "database: {password_file: /nowhere}", environment: environment).reader
        #expect(reader.secret("database.password_file", placeholders: ["what": "secret"]).reveal() == "the-secret")
        try reader.finish()
    }

    @Test(arguments: ["hunter2canary", "hunter2/canary"])
    func `a secret written where its file belongs is not repeated`(_ misplaced: String) throws {
        let reader = try Settings(yaml: "a: {key_file: '\(misplaced)'}").reader
        _ = reader.secret("a.key_file")
        let error = try #require(throws: SettingsError.self) { try reader.finish() }
        #expect(!error.description.contains("hunter2"), "\(error)")
    }

    @Test func `an empty secret is a fault and an absent optional one is none`() throws {
        let path = try file(" \n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = try Settings(yaml: "a: {key_file: \(path)}").reader
        #expect(reader.optionalSecret("a.other_file") == nil)
        _ = reader.secret("a.key_file")
        let error = try #require(throws: SettingsError.self) { try reader.finish() }
        #expect(error.faults.map(\.problem) == ["the file \(path) is empty"])
    }
}
