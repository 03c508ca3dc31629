import Yams

/// A piece of the settings file, with the line it stands on.
indirect enum SettingsNode: Sendable {
    /// A value as it was written; nil for `null`, `~` and nothing at all.
    case scalar(String?, line: Int)
    case list([SettingsNode], line: Int)
    case map([Entry], line: Int)

    struct Entry: Sendable {
        let key: String
        let line: Int
        let value: SettingsNode
    }

    var line: Int {
        switch self {
        case .scalar(_, let line), .list(_, let line), .map(_, let line): line
        }
    }

    /// The child of a map; nil when there is none or this is no map.
    func child(_ key: some StringProtocol) -> SettingsNode? {
        guard case .map(let entries, _) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }
}

extension SettingsNode {
    /// More nodes than any settings file needs; a file that unfolds to more (aliases of aliases) is refused.
    static let nodesMax = 20_000

    /// Reads YAML text.
    ///
    /// - Throws: `SettingsError` with one fault that names the line.
    static func parse(_ text: String, file: String) throws(SettingsError) -> SettingsNode {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw SettingsError(faults: [fault(from: error, file: file)])
        }
        guard let root else { return .map([], line: 1) }
        var remaining = nodesMax
        guard let tree = convert(root, &remaining) else {
            throw SettingsError(faults: [
                SettingsFault(location: file, key: nil, value: nil, problem: "more than \(nodesMax) values")
            ])
        }
        guard case .map = tree else {
            throw SettingsError(faults: [
                SettingsFault(location: "\(file):1", key: nil, value: nil, problem: "must be a map of keys to values")
            ])
        }
        return tree
    }

    private static func convert(_ node: Node, _ remaining: inout Int) -> SettingsNode? {
        remaining -= 1
        guard remaining > 0 else { return nil }
        let line = node.mark?.line ?? 0
        switch node {
        case .scalar(let scalar):
            let plain = scalar.style == .plain || scalar.style == .any
            let absent = plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return .scalar(absent ? nil : scalar.string, line: line)
        case .sequence(let sequence):
            var items: [SettingsNode] = []
            for item in sequence {
                guard let converted = convert(item, &remaining) else { return nil }
                items.append(converted)
            }
            return .list(items, line: line)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                guard let converted = convert(value, &remaining) else { return nil }
                let keyLine = key.mark?.line ?? line
                entries.append(Entry(key: key.string ?? "?", line: keyLine, value: converted))
            }
            return .map(entries, line: line)
        case .alias:
            return .scalar(nil, line: line)
        }
    }

    private static func fault(from error: any Error, file: String) -> SettingsFault {
        guard let error = error as? YamlError else {
            return SettingsFault(location: file, key: nil, value: nil, problem: "is not YAML")
        }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return SettingsFault(location: "\(file):\(mark.line)", key: nil, value: nil, problem: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.sorted().joined(separator: ", ")
            return SettingsFault(
                location: "\(file):\(context.mark.line)", key: nil, value: nil, problem: "given twice: \(keys)")
        default:
            return SettingsFault(location: file, key: nil, value: nil, problem: "is not YAML in UTF-8")
        }
    }
}
