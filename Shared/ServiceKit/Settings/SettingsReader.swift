/// Reads keys below one point of the settings. A faulty value is noted and replaced by a harmless one, so that reading goes on
/// and `finish()` can report everything at once; nothing read may be used before `finish()` has returned.
package struct SettingsReader: Sendable {
    let settings: Settings
    /// The keys down to here; the number of a list item is a key of its own.
    let path: [String]
    let node: SettingsNode?
    let findings: SettingsFindings

    /// The full key for messages, `accounts[0].deposit`.
    package func name(of key: String) -> String { Self.display(path + Self.parts(key)) }

    /// A reader of the keys below `key`; an absent one has no keys.
    package func scoped(to key: String) -> SettingsReader {
        let parts = Self.parts(key)
        return SettingsReader(settings: settings, path: path + parts, node: find(parts), findings: findings)
    }

    /// A reader for each item of a list of maps. Nothing and an empty list are both no items.
    package func items(_ key: String) -> [SettingsReader] {
        let parts = Self.parts(key)
        noteRead(parts)
        switch find(parts) {
        case nil, .scalar(nil, _):
            return []
        case .list(let items, _):
            return items.enumerated().map { index, item in
                SettingsReader(settings: settings, path: path + parts + ["\(index)"], node: item, findings: findings)
            }
        case .some(let other):
            add(fault: "must be a list", parts, line: other.line)
            return []
        }
    }

    /// The keys of the map at `key`, in the order of the file; none when there is no map.
    package func keys(of key: String) -> [String] {
        let parts = Self.parts(key)
        noteRead(parts)
        guard case .map(let entries, _) = find(parts) else { return [] }
        return entries.map(\.key)
    }

    /// True when the file or the environment gives a value, a list or a map for the key.
    package func has(_ key: String) -> Bool {
        let parts = Self.parts(key)
        if settings.environment[Settings.variable(for: path + parts)] != nil { return true }
        switch find(parts) {
        case nil, .scalar(nil, _): return false
        case .some: return true
        }
    }

    /// Notes a fault the caller has found, such as two keys that contradict each other.
    package func fault(_ key: String, _ problem: String) {
        let parts = Self.parts(key)
        add(fault: problem, parts, line: line(of: parts), value: given(parts)?.text)
    }

    /// Notes something that is a fault unless the key is listed under `accept_dangerous`: then it is only doubtful.
    package func danger(_ key: String, _ problem: String) {
        let parts = Self.parts(key)
        danger(parts, problem, value: given(parts)?.text)
    }

    /// Notes something doubtful that does not prevent the start.
    package func warning(_ key: String, _ problem: String) {
        let parts = Self.parts(key)
        add(warning: problem, parts, line: line(of: parts), value: given(parts)?.text)
    }

    /// Ends the reading.
    ///
    /// - Parameter catalogue: keys that are known though nobody has read them here.
    /// - Returns: what is doubtful, and what was accepted though dangerous; each once.
    /// - Throws: `SettingsError` with every fault found by any reader of the same reading, and every key that nobody knows.
    @discardableResult
    package func finish(knowing catalogue: Set<String> = KnownSettings.patterns) throws(SettingsError)
        -> [SettingsFault]
    {
        let state = findings.found
        let unknown = UnknownKeys(settings: settings, keysRead: state.keysRead, catalogue: catalogue).faults
        // Of a map where a value belongs, one fault is enough.
        let told = state.faults.compactMap(\.key)
        let faults =
            (state.faults + unknown.filter { fault in !told.contains { fault.key?.hasPrefix("\($0).") == true } })
            .uniqued
        guard faults.isEmpty else { throw SettingsError(faults: faults) }
        return state.warnings.uniqued
    }

    /// The keys that were read so far by any reader of the same reading, as `accounts[0].id`.
    package var keysRead: Set<String> { findings.found.keysRead }
}

extension SettingsReader {
    /// A value as it was given, and where.
    struct Raw {
        let text: String
        let location: String
    }

    static func parts(_ key: String) -> [String] { key.split(separator: ".").map(String.init) }

    static func display(_ path: [String]) -> String {
        path.reduce("") { text, part in
            if Int(part) != nil { return "\(text)[\(part)]" }
            return text.isEmpty ? part : "\(text).\(part)"
        }
    }

    func find(_ parts: [String]) -> SettingsNode? {
        parts.reduce(node) { node, part in node?.child(part) }
    }

    /// The value of a key: the environment's, or the file's; nil when neither has one.
    func raw(_ parts: [String]) -> Raw? {
        noteRead(parts)
        if let given = given(parts) { return given }
        switch find(parts) {
        case .list(_, let line), .map(_, let line):
            add(fault: "must be a single value", parts, line: line)
            return nil
        case nil, .scalar:
            return nil
        }
    }

    private func given(_ parts: [String]) -> Raw? {
        let variable = Settings.variable(for: path + parts)
        if let text = settings.environment[variable] {
            return Raw(text: text, location: "environment \(variable)")
        }
        guard case .scalar(.some(let text), let line) = find(parts) else { return nil }
        return Raw(text: text, location: "\(settings.file):\(line)")
    }

    func noteRead(_ parts: [String]) {
        let key = Self.display(path + parts)
        findings.noteRead(key)
    }

    /// The line of the key, or of the nearest thing above it that is there.
    func line(of parts: [String]) -> Int? {
        var current = node
        var line = node?.line
        for part in parts {
            guard let next = current?.child(part) else { return line }
            current = next
            line = next.line
        }
        return line
    }

    func add(fault problem: String, _ parts: [String], line: Int?, value: String? = nil) {
        let fault = finding(problem, parts, location: location(line), value: value)
        findings.add(fault: fault)
    }

    func add(fault problem: String, _ parts: [String], _ raw: Raw, showing value: Bool = true) {
        let fault = finding(problem, parts, location: raw.location, value: value ? raw.text : nil)
        findings.add(fault: fault)
    }

    func danger(_ parts: [String], _ problem: String, value: String?) {
        let name = Self.display(path + parts)
        if findings.accepted.contains(name) || findings.accepted.contains(UnknownKeys.pattern(name)) {
            return add(warning: "\(problem), and accepted", parts, line: line(of: parts), value: value)
        }
        let remedy = "; to run with it all the same, list \(name) under accept_dangerous"
        add(fault: problem + remedy, parts, line: line(of: parts), value: value)
    }

    func add(warning problem: String, _ parts: [String], line: Int?, value: String? = nil) {
        let warning = finding(problem, parts, location: location(line), value: value)
        findings.add(warning: warning)
    }

    private func location(_ line: Int?) -> String { line.map { "\(settings.file):\($0)" } ?? settings.file }

    private func finding(_ problem: String, _ parts: [String], location: String, value: String?) -> SettingsFault {
        let key = Self.display(path + parts)
        let hidden = ["password", "secret", "token", "api_key", "api_url", "credentials", "webhook"].contains {
            key.contains($0)
        }
        let shown = value.map { hidden ? "<not shown>" : String($0.prefix(80)) }
        return SettingsFault(location: location, key: key, value: shown, problem: problem)
    }
}

extension [SettingsFault] {
    /// Each once, where it was first: a key may be read by several parts.
    fileprivate var uniqued: [SettingsFault] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
