import Domain

/// What holds, as files that other programs read.
struct SettingsExport: Sendable {
    let version: SettingsVersion
    /// The file of routes without its secrets.
    let routing: String

    /// - Parameter routing: the file of routes as the API shows it.
    init(version: SettingsVersion, routing: String, at now: Timestamp) {
        self.version = version
        let thresholds = Self.sorted(version).map { threshold, value in
            "# \(threshold.alert): \(threshold.words(for: value)) (else \(threshold.words(for: threshold.standard)))\n"
        }
        self.routing = """
            # The routing in force at \(PageText.moment(now)) UTC. Secrets are left out: put them where <secret> stands.
            # The section `plimsoll`, which Alertmanager does not know, is left out too.
            # Thresholds that were set, version \(version.number)\(thresholds.isEmpty ? ": none" : "")
            \(thresholds.joined())
            \(routing)
            """
    }

    /// The thresholds as rules: Prometheus goes on with them when `alerting` is no longer there.
    var thresholds: String {
        let rules = Self.sorted(version).map { threshold, value in
            """
                  - record: \(ThresholdKeeper.metric)
                    labels: {threshold: \(threshold.name)}
                    expr: vector(\(value))

            """
        }
        let head = "# Thresholds that were set, version \(version.number).\ngroups:\n  - name: thresholds\n    rules:"
        return head + (rules.isEmpty ? " []\n" : "\n" + rules.joined())
    }

    private static func sorted(_ version: SettingsVersion) -> [(Threshold, Ratio)] {
        version.thresholds.sorted { $0.key < $1.key }.compactMap { name, value in
            ThresholdCatalog[name].map { ($0, value) }
        }
    }
}
