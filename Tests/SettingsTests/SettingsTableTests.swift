import Foundation
import TestKit
import Testing

@testable import AlertingApp
@testable import CLI
@testable import ExchangeSim
@testable import ExecutionApp
@testable import MarketDataApp
@testable import RiskManagerApp
@testable import ServiceKit
@testable import StrategyApp

/// Every setting, with every way in which it may be wrong, read as each service reads it.
@Suite struct SettingsTableTests {
    private static let readers: [(service: String, read: SettingsRead)] = [
        ("market-data", MarketDataApp.Main.read), ("strategy", StrategyApp.Main.read),
        ("risk-manager", RiskManagerApp.Main.read), ("execution", ExecutionApp.Main.read),
        ("alerting", AlertingApp.Main.read), ("exchange-sim", ExchangeSim.Main.read),
        ("exchange-sim", { _ = SuiteAddress($0) }),
    ]

    /// What all services together say of a text.
    private func check(_ text: String, secrets: Bool) throws -> (faults: [SettingsFault], doubts: [SettingsFault]) {
        let settings = try Settings(yaml: text, file: "s.yaml")
        var faults: [SettingsFault] = []
        var doubts: [SettingsFault] = []
        Settings.$opensSecrets.withValue(secrets) {
            for (service, read) in Self.readers {
                do throws(SettingsError) {
                    doubts += try SettingsCheck.run(service, settings, nil, read)
                } catch {
                    faults += error.faults
                }
            }
        }
        return (faults, doubts)
    }

    private func shipped(_ setting: Setting? = nil) throws -> SettingsTree {
        let path = Repository.root.appending(path: "config/plimsoll.yaml")
        var tree = SettingsTree(try SettingsNode.parse(String(contentsOf: path, encoding: .utf8), file: "s.yaml"))
        tree.set(
            "alerting.config_file", .scalar(Repository.root.appending(path: "config/alerting.yml").path))
        for (key, value) in setting?.with ?? [:] { tree.set(key, value) }
        return tree
    }

    @Test func `the shipped settings have neither fault nor doubt`() throws {
        let (faults, doubts) = try check(try shipped().text, secrets: false)
        #expect(faults.isEmpty, "\(faults)")
        #expect(doubts.isEmpty, "\(doubts)")
    }

    @Test func `the table has every setting once`() {
        #expect(Setting.all.count == Set(Setting.all.map(\.pattern)).count)
        #expect(Set(Setting.all.map(\.pattern)) == KnownSettings.patterns)
    }

    @Test(arguments: Setting.all)
    func `a malformed value is named with file, line, key and what is allowed`(_ setting: Setting) throws {
        for value in setting.malformed {
            var tree = try shipped(setting)
            tree.set(setting.key, value)
            let text = tree.text
            let faults = try check(text, secrets: setting.pattern.hasSuffix("_file")).faults
            let found = faults.filter { $0.key == setting.key || $0.key?.hasPrefix("\(setting.key).") == true }
            let fault = try #require(found.first, "\(value) passes: \(faults)")
            expectPlace(fault, of: setting, in: text)
            #expect(!fault.problem.isEmpty)
            guard case .scalar(.some(let given)) = value, let shown = fault.value, shown != "<not shown>" else {
                continue
            }
            #expect(shown == given)
        }
    }

    @Test(arguments: Setting.all.filter(\.isRequired))
    func `a missing value is named`(_ setting: Setting) throws {
        var tree = try shipped(setting)
        tree.set(setting.key, nil)
        let faults = try check(tree.text, secrets: false).faults
        let fault = try #require(faults.first { $0.key == setting.key }, "\(faults)")
        #expect(fault.problem.contains("allowed") || fault.problem.contains("needs"), "\(fault)")
        #expect(fault.location.hasPrefix("s.yaml"))
    }

    @Test(arguments: Setting.all.filter { $0.dangerous != nil })
    func `a dangerous value is refused until it is accepted`(_ setting: Setting) throws {
        var tree = try shipped(setting)
        tree.set(setting.key, .scalar(setting.dangerous))
        let faults = try check(tree.text, secrets: false).faults
        let fault = try #require(faults.first { $0.key == setting.key }, "\(faults)")
        #expect(fault.problem.contains("dangerous"))
        #expect(fault.problem.contains("list \(setting.key) under accept_dangerous"))
        expectPlace(fault, of: setting, in: tree.text)
        for accepted in [setting.key, setting.pattern] {
            tree.set("accept_dangerous", .list([.scalar(accepted)]))
            let (left, doubts) = try check(tree.text, secrets: false)
            #expect(left.isEmpty, "\(left)")
            #expect(doubts.contains { $0.key == setting.key && $0.problem.contains("and accepted") })
        }
    }

    @Test(arguments: Setting.all.filter { $0.doubtful != nil })
    func `a doubtful value passes with a warning`(_ setting: Setting) throws {
        var tree = try shipped(setting)
        tree.set(setting.key, .scalar(setting.doubtful))
        let (faults, doubts) = try check(tree.text, secrets: false)
        #expect(faults.isEmpty, "\(faults)")
        #expect(doubts.contains { $0.key == setting.key }, "\(doubts)")
    }

    @Test(arguments: Setting.all)
    func `a misspelt key is refused with the right one`(_ setting: Setting) throws {
        var tree = try shipped(setting)
        let misspelt = setting.key + "x"
        tree.set(misspelt, .scalar("1"))
        let settings = try Settings(yaml: tree.text, file: "s.yaml")
        for (service, read) in Self.readers {
            let error = Settings.$opensSecrets.withValue(false) {
                #expect(throws: SettingsError.self) { _ = try SettingsCheck.run(service, settings, nil, read) }
            }
            let fault = try #require(error?.faults.first { $0.key == misspelt }, "\(service)")
            #expect(fault.problem.contains("did you mean \(setting.pattern)?"), "\(fault)")
        }
    }

    /// The fault stands on the line of its key, or on the nearest line above it that is there.
    private func expectPlace(_ fault: SettingsFault, of setting: Setting, in text: String) {
        let last = setting.pattern.split(separator: ".").last.map { $0.replacing("[]", with: "") } ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let number = fault.location.split(separator: ":").last.flatMap({ Int($0) }),
            lines.indices.contains(number - 1)
        else {
            Issue.record("\(fault) has no line")
            return
        }
        let near = lines[max(0, number - 3)..<min(lines.count, number + 1)]
        #expect(near.contains { $0.contains("\(last):") }, "\(fault)")
    }
}

/// The programs themselves.
@Suite struct FaultySettingsTests {
    @Test(arguments: SuiteAddress.services)
    func `a service with faulty settings names them all and ends with 78`(_ service: String) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        var tree = SettingsTree(
            try SettingsNode.parse(
                String(contentsOf: Repository.root.appending(path: "config/plimsoll.yaml"), encoding: .utf8), file: "s")
        )
        tree.set("risk.limits.drawdowm", .scalar("0.05"))
        tree.set("log.level", .scalar("loud"))
        tree.set("http.shutdown_limit", .scalar("never"))
        try tree.text.write(to: file, atomically: true, encoding: .utf8)
        let outcome = try await Command.run(RunningProgram.product(service), ["--config", file.path])
        #expect(outcome.status == 78)
        for words in [
            "risk.limits.drawdowm: is not a known key and would have no effect; did you mean risk.limits.drawdown?",
            #"log.level = "loud": is not allowed; allowed: one of trace"#, "http.shutdown_limit = \"never\"",
        ] {
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
        let checked = try await Command.run(
            RunningProgram.product(service), ["--config", file.path, "--check", "--without-secrets"])
        #expect(checked.status == 78)
        #expect(checked.output.split(separator: "\n").count == 3, "\(checked.output)")
    }
}
