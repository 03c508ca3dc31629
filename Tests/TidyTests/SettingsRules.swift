@testable import ServiceKit

/// Holds config/plimsoll.yaml, docs/settings.md, the catalogue and the code together.
struct SettingsRules {
    let configuration: SettingsNode
    let document: String
    let catalogue: Set<String>
    let openMaps: Set<String>
    let sources: [SourceFile]

    /// All that does not fit.
    var findings: [Finding] {
        let configured = keys(of: configuration, "")
        var findings: [Finding] = []
        for key in configured.sorted() where !catalogue.contains(key) {
            findings.append(Finding(path: "config/plimsoll.yaml", line: 0, problem: "\(key) is not in KnownSettings"))
        }
        for key in catalogue.union(configured).sorted() where !document.contains("`\(key)`") {
            findings.append(Finding(path: "docs/settings.md", line: 0, problem: "\(key) is not described"))
        }
        for key in documentedKeys.subtracting(catalogue).sorted() {
            findings.append(Finding(path: "docs/settings.md", line: 0, problem: "\(key) is described but unknown"))
        }
        let read = literals
        for key in catalogue.sorted() where !isRead(key, read) {
            findings.append(Finding(path: "KnownSettings", line: 0, problem: "\(key) is read nowhere"))
        }
        return findings
    }

    private func keys(of node: SettingsNode, _ path: String) -> Set<String> {
        if openMaps.contains(path) { return [path] }
        switch node {
        case .scalar: return [path]
        case .list(let items, _):
            return items.reduce(Set([path])) { $0.union(keys(of: $1, "\(path)[]")) }.subtracting(["\(path)[]"])
        case .map(let entries, _):
            return entries.reduce(Set<String>()) {
                $0.union(keys(of: $1.value, path.isEmpty ? $1.key : "\(path).\($1.key)"))
            }
        }
    }

    /// Keys that begin a row of a table of the document.
    private var documentedKeys: Set<String> {
        Set(
            document.split(separator: "\n").compactMap {
                $0.firstMatch(of: /^\| `([a-z_.\[\]]+)` \|/).map { String($0.1) }
            })
    }

    /// Every literal that ships, cut at its interpolations.
    private var literals: Set<String> {
        let files = sources.filter { $0.isProduct && !$0.path.hasSuffix("KnownSettings.swift") }
        return Set(
            files.flatMap(\.literals).flatMap { $0.text.split(separator: " ") }.map { text in
                text.hasPrefix(".") ? String(text.dropFirst()) : String(text)
            })
    }

    /// A key is read by its full name, or by its end through a scoped reader.
    private func isRead(_ key: String, _ literals: Set<String>) -> Bool {
        let parts = key.replacing("[]", with: "").split(separator: ".")
        return parts.indices.contains { literals.contains(parts[$0...].joined(separator: ".")) }
    }
}
