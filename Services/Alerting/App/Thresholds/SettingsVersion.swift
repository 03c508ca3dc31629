import Domain

/// All that was set on the page, as somebody left it.
struct SettingsVersion: Sendable, Equatable {
    /// From 1; 0 before anything was set.
    let number: Int64
    let at: Timestamp
    let by: String
    let comment: String
    /// By the threshold's name; the others are as the rules say.
    let thresholds: [String: Ratio]
    /// The version whose contents this one has again.
    let restores: Int64?

    /// Before anybody set anything.
    static let initial = SettingsVersion(
        number: 0, at: .zero, by: "", comment: "as the rules say", thresholds: [:], restores: nil)

    /// What holds of a threshold.
    func value(of threshold: Threshold) -> Ratio { thresholds[threshold.name] ?? threshold.standard }

    /// A threshold that differs between two versions.
    struct Change: Sendable, Equatable {
        let name: String
        /// Nil: as the rule says.
        let before: Ratio?
        let after: Ratio?
    }

    /// What changes from this version to another, by name.
    func changes(to other: [String: Ratio]) -> [Change] {
        Set(thresholds.keys).union(other.keys).sorted().compactMap { name in
            let change = Change(name: name, before: thresholds[name], after: other[name])
            return change.before == change.after ? nil : change
        }
    }
}

/// What somebody wants to have set.
struct SettingsDraft: Sendable {
    /// The version that it changes; if another one is newer by now, nothing is saved.
    let base: Int64
    let thresholds: [String: Ratio]
    let by: String
    let comment: String
    var restores: Int64?
    /// For the audit.
    let action: String
    let detail: String
}
