import Foundation
import Store
import StoreTestKit
import TestKit
import Testing

@testable import CLI

@Suite struct PreflightTests {
    @Test func `findings are lines with what to do, and counted`() {
        let findings: [Finding] = [
            .ok("settings", "config/plimsoll.yaml"), .warn("clock", "differs", mend: "set it"),
            .fail("redis", "is away", mend: "start it"),
        ]
        #expect(
            findings.text == """
                  ok    settings  config/plimsoll.yaml
                  warn  clock     differs
                        → set it
                  fail  redis     is away
                        → start it

                1 ok, 1 warn, 1 fail
                """)
    }

    private func check(_ content: String?, mode: Int = 0o600, _ form: SecretChecks.Form) throws -> Finding {
        let file = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        if let content {
            try content.write(to: file, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: file.path)
        }
        return SecretChecks.check("s", file: file.path, form)
    }

    @Test(
        arguments: [
            ("canary-password\n", 0o600, Finding.Grade.ok), ("canary-password", 0o644, .warn), ("short", 0o600, .fail),
            ("", 0o600, .fail), ("two\nlines-of-it", 0o600, .fail),
        ])
    func `a password is judged without being shown`(_ content: String, _ mode: Int, _ grade: Finding.Grade) throws {
        let finding = try check(content, mode: mode, .password(8))
        #expect(finding.grade == grade)
        #expect(!finding.detail.contains("canary"))
    }

    @Test(arguments: ["has a blank in it 12345", "schlüssel-1234567890", "short"])
    func `what no key looks like is refused`(_ content: String) throws {
        #expect(try check(content, .key(16)).grade == .fail)
    }

    @Test func `a missing secret is named`() throws { #expect(try check(nil, .key(16)).grade == .fail) }

    @Test func `faulty settings are all told and nothing else is tried`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "database:\n  port: 99999\nredis:\n  port: x\n".write(to: file, atomically: true, encoding: .utf8)
        let findings = await Preflight(config: file.path).run()
        #expect(findings.allSatisfy { $0.subject == "settings" })
        #expect(findings.contains { $0.grade == .fail })
        for key in ["database.port", "redis.port", "exchange.symbols", "accounts"] {
            #expect(findings.contains { $0.detail.contains(key) }, "\(key)")
        }
    }

    @Test func `preflight has every service read the settings and names the faults of all at once`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "preflight-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let alerting = folder.appending(path: "alerting.yml")
        try "route: {receiver: nobody}\nreceivers: []\n".write(to: alerting, atomically: true, encoding: .utf8)
        var text = try String(contentsOf: Repository.root.appending(path: "config/plimsoll.yaml"), encoding: .utf8)
        for (old, new) in [
            ("venue: binance", "venue: binanse"), ("strategies: [momentum-1m]", "strategies: [momentum-2m]"),
            ("config/alerting.yml", alerting.path), ("drawdown: 0.1 ", "drawdown: 0.4 "), ("fast: 2", "fats: 2"),
            ("price_jump_limit", "price_jump_limits"), ("speed: 1", "speed: fast"),
        ] {
            #expect(text.contains(old))
            text = text.replacing(old, with: new)
        }
        let config = folder.appending(path: "plimsoll.yaml")
        try text.write(to: config, atomically: true, encoding: .utf8)
        let programs = URL(filePath: RunningProgram.product("plimsoll")).deletingLastPathComponent()
        let findings = await ServiceSettings(config: config.path, folder: programs).run()
        #expect(
            findings.filter { $0.grade == .warn && $0.detail.contains("could not be asked") }.isEmpty, "\(findings)")
        for words in [
            #"accounts[0].venue = "binanse": is not allowed; allowed: one of binance, paper (execution)"#,
            "momentum-2m is no id of strategy.instances; allowed: one of momentum-1m (risk-manager)",
            "no receiver has this name", "risk.limits.drawdown = \"0.4\": more than 0.3 is dangerous",
            "strategy.instances[0].parameters.fats", "did you mean market_data.price_jump_limit?",
            "exchange_sim.speed = \"fast\"",
        ] {
            #expect(findings.contains { $0.grade == .fail && $0.detail.contains(words) }, "\(words)\n\(findings.text)")
        }
        // What several services say is told once.
        #expect(findings.filter { $0.detail.contains("price_jump_limits") }.count == 1)
        #expect(
            findings.allSatisfy { !$0.detail.contains("cannot be read") }, "secrets are not opened: \(findings.text)")
    }

    @Test(
        arguments: [
            ("postgres://postgres@127.0.0.1:5432/plimsoll", "postgres@127.0.0.1:5432/plimsoll", "fallback"),
            ("postgresql://me:pass%40word@db/x", "me@db:5432/x", "pass@word"),
        ])
    func `the database's URL is read`(_ text: String, _ address: String, _ password: String) throws {
        let settings = try DatabaseURL(text).settings(passwords: [nil, "", "fallback"])
        #expect(settings.description == address)
        #expect(settings.password == password)
    }

    @Test(arguments: ["", "127.0.0.1", "mysql://a/b", "postgres://u:canary@host", "postgres://u:canary@host/a/b"])
    func `what is no database's URL is refused and not repeated`(_ text: String) {
        let failure = #expect(throws: Failure.self) { try DatabaseURL(text) }
        #expect(failure?.description.contains("canary") == false)
    }

    @Test func `migrating tells what it did`() {
        var outcome = Migrator.Outcome()
        #expect(MigrateCommand.words(outcome) == "The database is up to date.")
        outcome.createdDatabase = true
        outcome.createdRoles = ["strategy"]
        outcome.applied = ["0001_a.sql"]
        #expect(MigrateCommand.words(outcome) == "database created\nroles created: strategy\napplied 0001_a.sql")
    }

    @Test func `alerting that tells nobody, or is malformed, is seen`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "alerting-\(UUID().uuidString).yml")
        defer { try? FileManager.default.removeItem(at: file) }
        func grades(_ text: String) async throws -> [Finding.Grade] {
            try text.write(to: file, atomically: true, encoding: .utf8)
            return await ReceiverChecks(file: file.path, environment: [:]).run().map(\.grade)
        }
        #expect(try await grades("receivers: []\n") == [.warn])
        #expect(try await grades("receivers: [\n") == [.fail])
        #expect(try await grades("receivers:\n  - name: x\n    webhook_configs:\n      - url: nonsense\n") == [.fail])
        #expect(
            try await grades("receivers:\n  - name: x\n    email_configs:\n      - to: a@b.example\n") == [.fail])
        #expect(await ReceiverChecks(file: "/nowhere").run().map(\.grade) == [.fail])
    }
}
