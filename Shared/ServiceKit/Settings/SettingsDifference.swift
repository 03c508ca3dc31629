/// What is different between two readings of a settings file.
struct SettingsDifference {
    /// The full keys of the values that are new, gone or other than they were, in order.
    let keys: [String]

    init(from old: Settings, to new: Settings) {
        let (before, after) = (Self.values(of: old.root), Self.values(of: new.root))
        keys = Set(before.keys).union(after.keys).filter { key in
            // What the environment overrides is what it was, whatever the file says.
            before[key] != after[key] && new.environment[Self.variable(key)] == nil
        }.sorted()
    }

    /// Those that are one of `patterns` or below one, such as `risk.limits` or `accounts[].limits`.
    func keys(under patterns: Set<String>) -> [String] {
        keys.filter { key in
            let pattern = UnknownKeys.pattern(key)
            return patterns.contains { Self.isOrBelow(pattern, $0) || Self.isOrBelow(key, $0) }
        }
    }

    /// Those that somebody has read, or that lie below what was read.
    func keys(read: Set<String>) -> [String] { keys.filter { key in read.contains { Self.isOrBelow(key, $0) } } }

    private static func isOrBelow(_ key: String, _ other: String) -> Bool {
        key == other || key.hasPrefix("\(other).") || key.hasPrefix("\(other)[")
    }

    private static func variable(_ key: String) -> String {
        Settings.variable(
            for: key.replacing("[", with: ".").replacing("]", with: "").split(separator: ".").map(String.init))
    }

    /// Every plain value by its key, as it was written.
    private static func values(of node: SettingsNode, _ path: [String] = []) -> [String: String?] {
        switch node {
        case .scalar(let text, _): [SettingsReader.display(path): text]
        case .list(let items, _):
            items.enumerated().reduce(into: [:]) { all, item in
                all.merge(values(of: item.element, path + ["\(item.offset)"])) { $1 }
            }
        case .map(let entries, _):
            entries.reduce(into: [:]) { all, entry in all.merge(values(of: entry.value, path + [entry.key])) { $1 } }
        }
    }
}
