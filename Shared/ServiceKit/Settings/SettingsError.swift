/// One thing that is wrong, or doubtful, in the settings.
package struct SettingsFault: Sendable, Equatable {
    /// `file:line`, or the name of the environment variable the value came from.
    package let location: String
    /// The full key, such as `risk.limits.daily_loss`; nil when the file as a whole is at fault.
    package let key: String?
    /// What was given, shortened; nil when nothing was given or it might be a secret.
    package let value: String?
    /// What is wrong and what is allowed.
    package let problem: String
    /// Nobody knows the key.
    package var isUnknown = false
}

extension SettingsFault: CustomStringConvertible {
    package var description: String {
        let subject = key.map { ": \($0)" } ?? ""
        let given = value.map { " = \"\($0)\"" } ?? ""
        return "\(location)\(subject)\(given): \(problem)"
    }
}

/// Every fault of the settings at once, so that one start is enough to see them all.
package struct SettingsError: Error, Sendable, Equatable {
    /// In the order in which they were found; never empty.
    package let faults: [SettingsFault]
}

extension SettingsError: CustomStringConvertible {
    package var description: String {
        let noun = faults.count == 1 ? "1 fault" : "\(faults.count) faults"
        return "The settings have \(noun):\n" + faults.map { "  \($0)" }.joined(separator: "\n")
    }
}
