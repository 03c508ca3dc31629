/// Finds what nobody reads: most often a key that is misspelt, whose default would hold without anybody knowing.
struct UnknownKeys {
    let settings: Settings
    /// Keys this process has read; they are known even when the catalogue lacks them.
    let keysRead: Set<String>
    var catalogue = KnownSettings.patterns

    /// A fault for each key of the file, each variable and each accepted danger that no service reads, with the nearest known key.
    var faults: [SettingsFault] {
        let read = Set(keysRead.map(Self.pattern))
        let known = read.union(catalogue)
        var faults: [SettingsFault] = []
        visit(settings.root, [], known, &faults)
        return faults + unknownVariables(known) + unknownDangers(known)
    }

    private func visit(_ node: SettingsNode, _ path: [String], _ known: Set<String>, _ found: inout [SettingsFault]) {
        switch node {
        case .scalar:
            return
        case .list(let items, _):
            for (index, item) in items.enumerated() { visit(item, path + ["\(index)"], known, &found) }
        case .map(let entries, _):
            for entry in entries {
                let child = path + [entry.key]
                let pattern = Self.pattern(SettingsReader.display(child))
                if isOpen(pattern) { continue }
                if isKnown(pattern, known) {
                    visit(entry.value, child, known, &found)
                } else {
                    found.append(fault(child, pattern, line: entry.line, known))
                }
            }
        }
    }

    private func fault(_ path: [String], _ pattern: String, line: Int, _ known: Set<String>) -> SettingsFault {
        SettingsFault(
            location: "\(settings.file):\(line)", key: SettingsReader.display(path), value: nil,
            problem: "is not a known key and would have no effect\(Self.suggestion(pattern, known))",
            isUnknown: true)
    }

    /// Known itself, or the parent of something known.
    private func isKnown(_ pattern: String, _ known: Set<String>) -> Bool {
        known.contains(pattern) || known.contains { $0.hasPrefix("\(pattern).") || $0.hasPrefix("\(pattern)[") }
    }

    /// Maps whose keys belong to whoever reads them, such as the parameters of a strategy.
    private func isOpen(_ pattern: String) -> Bool { KnownSettings.openMaps.contains(pattern) }

    private func unknownVariables(_ known: Set<String>) -> [SettingsFault] {
        let candidates = settings.environment.keys.filter { name in
            name.hasPrefix("PLIMSOLL_") && !KnownSettings.otherVariablePrefixes.contains { name.hasPrefix($0) }
        }
        guard !candidates.isEmpty else { return [] }
        let exact = Set(known.map { Self.variablePattern($0) })
        let open = KnownSettings.openMaps.map { Self.variablePattern($0) + "_" }
        return candidates.sorted().compactMap { name in
            let pattern = name.split(separator: "_").map { Int($0) == nil ? String($0) : "0" }.joined(separator: "_")
            if exact.contains(pattern) || open.contains(where: { pattern.hasPrefix($0) }) { return nil }
            let nearest = Self.nearest(to: pattern, in: exact).map { "; did you mean \($0)?" } ?? ""
            return SettingsFault(
                location: "environment", key: name, value: nil, problem: "overrides no known key\(nearest)")
        }
    }

    /// What is accepted under `accept_dangerous` and is no setting.
    private func unknownDangers(_ known: Set<String>) -> [SettingsFault] {
        settings.acceptances.filter { !known.contains(Self.pattern($0.key)) }.map { key, location in
            SettingsFault(
                location: location, key: "accept_dangerous", value: key,
                problem: "is not a known key\(Self.suggestion(Self.pattern(key), known))")
        }
    }

    private static func suggestion(_ pattern: String, _ known: Set<String>) -> String {
        nearest(to: pattern, in: known).map { "; did you mean \($0)?" } ?? ""
    }

    private static func variablePattern(_ pattern: String) -> String {
        Settings.variable(for: pattern.replacing("[]", with: ".0").split(separator: ".").map(String.init))
    }

    /// The key with the numbers of list items taken out: `accounts[3].id` → `accounts[].id`.
    static func pattern(_ key: String) -> String {
        var result = ""
        var inIndex = false
        for character in key {
            if character == "[" { inIndex = true }
            if !inIndex || character == "[" || character == "]" { result.append(character) }
            if character == "]" { inIndex = false }
        }
        return result
    }

    /// The known key that needs the fewest changes, when they are few enough to be a slip.
    static func nearest(to key: String, in known: Set<String>) -> String? {
        let length = key.count
        let limit = max(2, length / 4)
        // Where the lengths differ by more, the words do.
        let candidates = known.filter { abs($0.count - length) <= limit }
        let best = candidates.map { (distance: distance(key, $0), key: $0) }.min {
            ($0.distance, $0.key) < ($1.distance, $1.key)
        }
        guard let best, best.distance <= limit else { return nil }
        return best.key
    }

    /// The number of letters to insert, delete or replace (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
