/// A page of metrics in Prometheus' text format, as far as the command line reads it.
struct MetricPage {
    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private let all: [Sample]

    /// Lines that are no samples are passed over.
    init(_ text: String) {
        all = text.split(separator: "\n").compactMap { $0.hasPrefix("#") ? nil : Self.sample($0) }
    }

    /// All samples of one name.
    func samples(_ name: String) -> [Sample] { all.filter { $0.name == name && $0.value.isFinite } }

    private static func sample(_ line: Substring) -> Sample? {
        var rest = line
        let name = rest.prefix { $0 != "{" && $0 != " " }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let (label, value) = takeLabel(&rest) else { return nil }
                labels[label] = value
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard let number = rest.split(separator: " ").first, let value = Double(number) else { return nil }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func takeLabel(_ rest: inout Substring) -> (String, String)? {
        let label = rest.prefix { $0 != "=" }
        rest = rest.dropFirst(label.count + 1)
        guard !label.isEmpty, rest.popFirst() == "\"" else { return nil }
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return (String(label), value)
            case "\\": value.append(rest.popFirst().map { $0 == "n" ? "\n" : $0 } ?? "\\")
            default: value.append(character)
            }
        }
        return nil
    }
}
