import AlertingCore
import Domain
import TestKit
import Testing

@testable import AlertingApp

struct TemplateTests {
    private func shown(_ text: String, kind: Template.Kind = .text) throws -> String {
        try Template(text, library: .standard, kind: kind).render(.sample)
    }

    @Test(arguments: [
        ("{{ .Status | toUpper }}", "FIRING"), ("{{ .CommonLabels.severity }}", "critical"),
        ("{{ .CommonLabels.nothing }}.", "."), ("{{ .Alerts | len }}", "2"), ("{{ len .Alerts.Firing }}", "1"),
        (
            "{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }};{{ end }}",
            "firing market-data-1;resolved market-data-1;"
        ),
        (
            "{{ range $i, $a := .Alerts }}{{ $i }}{{ $a.Annotations.summary }} {{ end }}",
            "0A source is down 1A source is down "
        ),
        ("{{ if eq .Status \"firing\" }}a{{ else }}b{{ end }}", "a"),
        ("{{ if gt (len .Alerts) 5 }}a{{ else if .CommonLabels.severity }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .CommonAnnotations.summary }}{{ . }}{{ else }}none{{ end }}", "A source is down"),
        ("{{ with $x := .Receiver }}{{ $x }}{{ $.Status }}{{ end }}", "teamfiring"),
        ("{{ index .CommonLabels \"alertname\" }}", "SourceDown"), ("{{ (index .Alerts 1).Status }}", "resolved"),
        ("{{ .CommonLabels.SortedPairs.Values | join \", \" }}", "SourceDown, market-data-1, critical"),
        (
            "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}",
            "alertname=SourceDown instance=market-data-1 severity=critical "
        ),
        ("{{ range .CommonLabels.Remove (stringSlice \"alertname\" \"instance\") }}{{ . }}{{ end }}", "critical"),
        ("{{ printf \"%s-%d %q%%\" .Receiver 7 \"x\" }}", "team-7 \"x\"%"), ("a {{- \" b \" -}} c", "a b c"),
        ("{{/* nothing */}}x", "x"), ("{{- /* nothing */ -}} x", "x"), ("{{ `a\"b` }}", "a\"b"),
        ("{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" .Receiver }}", "[team]"),
        ("{{ template \"slack.default.title\" . }}", "[FIRING:1] SourceDown (market-data-1 critical)"),
        ("{{ (index .Alerts 0).StartsAt.Format \"Mon Jan 2 15:04:05 2006\" }}", "Tue Nov 14 22:13:20 2023"),
        ("{{ $n := 0 }}{{ range .Alerts }}{{ $n = 1 }}{{ end }}{{ $n }}", "1"),
        ("{{ range .Alerts }}{{ if eq .Status \"resolved\" }}{{ break }}{{ end }}{{ .Status }}{{ end }}", "firing"),
        ("{{ if match \"^Source\" .CommonLabels.alertname }}y{{ end }}", "y"), ("{{ \"a b\" | title }}", "A B"),
        ("{{ \"a b&c\" | urlquery }}", "a+b%26c"), ("{{ not false }} {{ and 1 2 }} {{ or \"\" \"x\" }}", "true 2 x"),
    ])
    func `a template`(text: String, expected: String) throws { #expect(try shown(text) == expected) }

    @Test func `HTML is escaped unless it is said to be HTML`() throws {
        #expect(try shown("<b>{{ \"<i>&\" }}</b>", kind: .html) == "<b>&lt;i&gt;&amp;</b>")
        #expect(try shown("{{ \"<i>\" | safeHtml }}", kind: .html) == "<i>")
    }

    @Test(arguments: [
        ("\n{{ reReplaceAll \"a\" \"b\" .Status }}", 2, "reReplaceAll"), ("{{ .Nothing }}", 1, ".Nothing"),
        ("{{ if true }}", 1, "no end"), ("{{ end }}", 1, "without a beginning"), ("{{ template \"x\" . }}", 1, "\"x\""),
        ("{{ .Status", 1, "no }}"), ("{{ \"a }}", 1, "no end"), ("{{ }}", 1, "empty"), ("{{ 1.5 }}", 1, ""),
        ("a\n\n{{ toUpper 1 }}", 3, "toUpper"), ("{{ $x }}", 1, "$x"), ("{{ call .X }}", 1, "call"),
        ("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}", 1, "too deep"),
    ])
    func `what is not in the subset is refused by name and line`(text: String, line: Int, words: String) {
        let fault = #expect(throws: TemplateFault.self) { try shown(text) }
        #expect(fault?.line == line)
        #expect(fault?.problem.contains(words) == true, "\(fault?.problem ?? "")")
    }

    @Test func `a template cannot run for ever`() {
        let doubling = (0..<40).map {
            "{{ define \"\($0)\" }}{{ template \"\($0 + 1)\" . }}{{ template \"\($0 + 1)\" . }}{{ end }}"
        }
        let text = doubling.joined() + "{{ define \"40\" }}x{{ end }}{{ template \"0\" . }}"
        #expect(throws: TemplateFault.self) { try shown(text) }
    }

    @Test func `a made-up template never stops the program`() {
        let words = [
            "{{", "}}", "{{-", "-}}", " ", ".", "Status", "$x", ":=", "range", "end", "if", "(", ")", "|", "\"a\"",
            "len", "index", "define", "1", "Alerts", "else", "template", "\n", "`",
        ]
        var random = SeededRandom(seed: 3)
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 1...30, using: &random)).map { _ in words.randomElement(using: &random) ?? ""
            }
            _ = try? shown(text.joined())
        }
    }
}
