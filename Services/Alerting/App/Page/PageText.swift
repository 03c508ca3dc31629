import AlertingCore
import Domain
import Foundation

/// Small pieces of text that the page's parts share.
enum PageText {
    /// As a value in a query.
    static func query(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// `name="value"`, which reads back as the matcher of exactly this label.
    static func matcher(_ pair: Labels.Pair) -> String {
        "\(quoted(pair.name))=\(quoted(pair.value))"
    }

    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
    }

    /// Only addresses of the web become links; anything else could run in the reader's browser.
    static func address(_ text: String) -> String {
        text.hasPrefix("https://") || text.hasPrefix("http://") ? text : ""
    }

    /// `3m 20s`, `4h`, `80ms`; what is past is 0s.
    static func span(_ span: Timestamp.Span) -> String {
        let seconds = max(0, span.nanoseconds / 1_000_000_000)
        if seconds == 0, span.nanoseconds >= 1_000_000 { return "\(span.nanoseconds / 1_000_000)ms" }
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        let words = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }
        return words.isEmpty ? "0s" : words.joined(separator: " ")
    }

    /// `2026-11-21 18:02:04`, UTC.
    static func moment(_ time: Timestamp) -> String { String(time.description.prefix(19)).replacing("T", with: " ") }

    /// `18:02:04` when it is within half a day, else the whole of it.
    static func clock(_ time: Timestamp, now: Timestamp) -> String {
        let text = moment(time)
        return abs((time - now).nanoseconds) < 43_200_000_000_000 ? String(text.suffix(8)) : text
    }

    /// `3m 20s ago`; `just now` within a second.
    static func ago(_ time: Timestamp, now: Timestamp) -> String {
        now - time < .seconds(1) ? "just now" : "\(span(now - time)) ago"
    }

    /// `1 alert`, `2 alerts`.
    static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

    /// As much of a text as has room; the rest is not worth a page's size.
    static func short(_ text: String, _ length: Int = 160) -> String {
        text.count > length ? text.prefix(length) + "…" : text
    }

    /// `name=value` of each label, without those of some names.
    static func labels(_ labels: Labels, without names: Set<String> = []) -> [String] {
        labels.pairs.filter { !names.contains($0.name) }.prefix(40).map { short("\($0.name)=\($0.value)") }
    }
}
