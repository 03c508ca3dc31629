@testable import ServiceKit

/// Settings that can be changed value by value and written again, one value a line.
indirect enum SettingsTree: Sendable {
    case scalar(String?)
    case list([SettingsTree])
    case map([(key: String, value: SettingsTree)])

    init(_ node: SettingsNode) {
        switch node {
        case .scalar(let text, _): self = .scalar(text)
        case .list(let items, _): self = .list(items.map(SettingsTree.init))
        case .map(let entries, _): self = .map(entries.map { ($0.key, SettingsTree($0.value)) })
        }
    }

    /// The value at a key such as `accounts[0].id`; what is missing on the way is made. Nil takes the key out.
    mutating func set(_ key: String, _ value: SettingsTree?) {
        set(key.replacing("[", with: ".").replacing("]", with: "").split(separator: ".").map(String.init)[...], value)
    }

    private mutating func set(_ path: ArraySlice<String>, _ value: SettingsTree?) {
        guard let first = path.first else { return self = value ?? .scalar(nil) }
        let rest = path.dropFirst()
        if let index = Int(first) {
            var items: [SettingsTree] = if case .list(let items) = self { items } else { [] }
            while items.count <= index { items.append(.map([])) }
            items[index].set(rest, value)
            self = .list(items)
            return
        }
        var entries: [(key: String, value: SettingsTree)] = if case .map(let entries) = self { entries } else { [] }
        let index = entries.firstIndex { $0.key == first }
        if rest.isEmpty, value == nil {
            entries.removeAll { $0.key == first }
        } else if let index {
            entries[index].value.set(rest, value)
        } else {
            var made = SettingsTree.scalar(nil)
            made.set(rest, value)
            entries.append((first, made))
        }
        self = .map(entries)
    }

    /// As YAML.
    var text: String { lines(indent: 0).joined(separator: "\n") + "\n" }

    private func lines(indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        switch self {
        case .scalar(let text): return [margin + Self.quoted(text)]
        case .list(let items):
            if items.isEmpty { return ["\(margin)[]"] }
            return items.flatMap { item in ["\(margin)-"] + item.lines(indent: indent + 2) }
        case .map(let entries):
            if entries.isEmpty { return ["\(margin){}"] }
            return entries.flatMap { key, value -> [String] in
                if case .scalar(let text) = value { return ["\(margin)\(key): \(Self.quoted(text))"] }
                return ["\(margin)\(key):"] + value.lines(indent: indent + 2)
            }
        }
    }

    private static func quoted(_ text: String?) -> String {
        text.map { "'\($0.replacing("'", with: "''"))'" } ?? "null"
    }
}
