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

    /// `3m 20s`; what is past is 0s.
    static func span(_ span: Timestamp.Span) -> String {
        let seconds = max(0, span.nanoseconds / 1_000_000_000)
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        let words = parts.drop { $0.0 == 0 }.prefix(2).map { "\($0.0)\($0.1)" }
        return words.isEmpty ? "0s" : words.joined(separator: " ")
    }
}
