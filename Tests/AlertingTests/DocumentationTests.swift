import AlertingCore
import Domain
import Foundation
import TestKit
import Testing

@testable import AlertingApp

/// The examples of docs/alerting.md are what they say.
struct DocumentationTests {
    private let page: String

    init() throws {
        page = try String(contentsOf: Repository.root.appending(path: "docs/alerting.md"), encoding: .utf8)
    }

    /// The blocks of code behind a mark.
    private func blocks(_ mark: String) -> [String] {
        page.components(separatedBy: "<!-- \(mark) -->").dropFirst().compactMap { rest in
            let parts = rest.components(separatedBy: "```")
            return parts.count > 2 ? String(parts[1].drop { $0 != "\n" }.dropFirst()) : nil
        }
    }

    @Test func `the configurations are read, and alerts go where the page says`() throws {
        let secrets = try Scratch.folder()
        for name in ["smtp-password", "telegram-token", "webhook-signing", "webhook-token"] {
            try "canary-\(name)".write(to: secrets.appending(path: name), atomically: true, encoding: .utf8)
        }
        try "https://hooks.example.com/canary".write(
            to: secrets.appending(path: "slack-webhook"), atomically: true, encoding: .utf8)
        let examples = blocks("example: configuration")
        #expect(examples.count == 1)
        let text = examples[0].replacing("SECRETS", with: secrets.path)
        let read = try ConfigurationReader(text, file: "alertmanager.yml").read()
        let book = AlertBook(read.book)
        #expect(book.receivers(of: Labels(["severity": "critical", "alertname": "x"])) == ["pager"])
        #expect(book.receivers(of: Labels(["severity": "warning", "team": "risk"])) == ["desk"])
        #expect(book.receivers(of: Labels(["severity": "info"])) == ["night"])
        #expect(
            read.destinations.map(\.name) == ["desk/slack/0", "pager/webhook/0", "pager/telegram/0", "night/email/0"])
        #expect(read.secrets.count == 6)
        #expect(!read.original.contains("canary"))
        #expect(read.warnings.isEmpty)
    }

    @Test func `the templates show what the page says`() throws {
        let (templates, shown) = (blocks("example: template"), blocks("shows"))
        #expect(templates.count == 1 && shown.count == 1)
        for (template, shown) in zip(templates, shown) {
            #expect(try Template(template, library: .standard).render(.sample) == shown)
        }
    }

    @Test func `every function and every refusal is named`() throws {
        let table = try #require(
            page.components(separatedBy: "| functions |").dropFirst().first?.components(separatedBy: "\n").first)
        let named = table.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }.filter { !$0.hasPrefix("%") }
        #expect(Set(named) == Set(TemplateFunction.allCases.map(\.rawValue)))
        for name in ["reReplaceAll", "toJson", "tz", "since", "humanizeDuration", "call", "slice", "js"] {
            #expect(page.contains("`\(name)`"))
            #expect(throws: TemplateFault.self, "\(name)") { try Template("{{ \(name) .Status }}") }
        }
    }
}
