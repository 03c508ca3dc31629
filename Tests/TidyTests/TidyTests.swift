import Foundation
import TestKit
import Testing

@testable import ServiceKit

/// The style of the house is a test.
@Suite struct TidyTests {
    @Test(arguments: Rule.all)
    func `every file keeps the rule`(_ rule: Rule) {
        let findings = Checkout.files.flatMap(rule.check)
        #expect(findings.isEmpty, "\(rule.name):\n\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test func `there are files to look at`() {
        #expect(Checkout.swift.contains { $0.isIn("Shared/Domain") })
        #expect(Checkout.swift.contains { $0.isCore })
        #expect(Checkout.files.contains { $0.path == "config/plimsoll.yaml" })
    }

    @Test func `what is longer than wanted is reported`() {
        let overlong = Checkout.swift.flatMap(Size.overlong)
        guard !overlong.isEmpty else { return }
        let report = overlong.map(\.description).joined(separator: "\n")
        Issue.record("longer than wanted, though allowed:\n\(report)", severity: .warning)
    }

    @Test func `settings, their catalogue, their document and the code agree`() throws {
        let rules = SettingsRules(
            configuration: try SettingsNode.parse(Checkout.text("config/plimsoll.yaml"), file: "config/plimsoll.yaml"),
            document: Checkout.text("docs/settings.md"), catalogue: KnownSettings.patterns,
            openMaps: KnownSettings.openMaps, sources: Checkout.swift)
        let findings = rules.findings
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test func `alerts have a severity, words, a runbook section, tests, and metrics that exist`() throws {
        let files = Checkout.files.filter { $0.isIn("prometheus/rules") }
        let tests = Checkout.files.filter { $0.isIn("prometheus/tests") }.flatMap(\.lines).joined(separator: "\n")
        let literals = Checkout.swift.filter(\.isProduct).flatMap(\.literals).map(\.text)
        let rules = AlertRules(
            rules: try files.map { try SettingsNode.parse($0.lines.joined(separator: "\n"), file: $0.path) },
            tests: tests, runbook: Checkout.text("docs/runbook.md"), metrics: Set(literals))
        let findings = rules.findings
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func `every module is described in docs/modules.md`() {
        let document = Checkout.text("docs/modules.md")
        let folders = Set(
            Checkout.swift.filter(\.isProduct).map { file in
                let isService = file.folders.count > 2 && ["App", "Core"].contains(file.folders[2])
                return file.folders.prefix(isService ? 3 : 2).joined(separator: "/")
            })
        for folder in folders.sorted() {
            #expect(document.contains("`\(folder)`"), "\(folder) is not described")
        }
    }
}

extension Rule: CustomTestStringConvertible {
    var testDescription: String { name }
}
