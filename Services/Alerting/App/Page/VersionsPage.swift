import Domain
import ServiceKit

/// Who set what when; any two versions compared, an earlier one put back, and all of it to take away as files.
struct VersionsPage: Sendable {
    private static let shown = 30

    let keeper: ThresholdKeeper
    let store: AlertStore
    let clock: any WallClock
    /// The routing in force.
    let configuration: @Sendable () -> AlertingConfiguration

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/settings", "Settings", on: api) { _, query in try await list(query) }
        router.get("/ui/settings/compare", "Compare settings", on: api) { _, query in
            try await compare(query, canRestore: false)
        }
        router.get("/ui/settings/restore", "Put settings back", on: api) { _, query in
            try await compare(query, canRestore: true)
        }
        router.post("/ui/settings/restore", "Put settings back", on: api) { visitor, form in
            try await restore(form, by: visitor)
        }
        router.get("/ui/settings/alertmanager.yml", "The routing in force as alertmanager.yml", on: api) { _, _ in
            .file(type: "application/yaml", name: "alertmanager.yml", text: try await export().routing)
        }
        router.get("/ui/settings/thresholds.yml", "Thresholds as rules of Prometheus", on: api) { _, _ in
            .file(type: "application/yaml", name: "thresholds.yml", text: try await export().thresholds)
        }
    }

    private func export() async throws -> SettingsExport {
        SettingsExport(
            version: try await keeper.current(), routing: configuration().original, at: clock.now())
    }

    // MARK: - Looking

    private func list(_ query: PageForm) async throws -> PageAnswer {
        let current = try await keeper.current()
        let found = try await store.settingsVersions(before: Int64(query["before"]), limit: Self.shown + 1)
        let rows = found.prefix(Self.shown).enumerated().map { index, version in
            // Of the first version, and of the last row there is, nothing came before.
            let before = index + 1 < found.count ? found[index + 1] : .initial
            return [
                "number": "\(version.number)", "at": PageText.moment(version.at), "by": version.by,
                "comment": version.comment, "restores": version.restores.map { "\($0)" } ?? "",
                "before": "\(before.number)", "isCurrent": version.number == current.number,
                "changes": before.changes(to: version.thresholds).map(Self.words),
            ] as [String: any Sendable]
        }
        return .content(
            template: "settings",
            model: [
                "rows": Array(rows), "none": rows.isEmpty, "canReset": !current.thresholds.isEmpty,
                "older": found.count > Self.shown ? "\(found[Self.shown - 1].number)" : "",
                "current": "\(current.number)",
            ])
    }

    private func compare(_ query: PageForm, canRestore: Bool, problem: String? = nil) async throws -> PageAnswer {
        let current = try await keeper.current()
        let before = canRestore ? current : try await version(query["from"])
        let after = try await version(query[canRestore ? "version" : "to"])
        let changes = before.changes(to: after.thresholds)
        let model: [String: any Sendable] = [
            "from": "\(before.number)", "to": "\(after.number)", "canRestore": canRestore && !changes.isEmpty,
            "restoring": canRestore, "base": "\(current.number)", "comment": query["comment"], "same": changes.isEmpty,
            "fromWords": Self.words(for: before), "toWords": Self.words(for: after),
            "changes": changes.map { change in
                [
                    "alert": ThresholdCatalog[change.name]?.alert ?? change.name,
                    "before": Self.words(change.before, of: change.name),
                    "after": Self.words(change.after, of: change.name),
                ] as [String: any Sendable]
            },
        ]
        return .content(template: "compare", model: model, problem: problem)
    }

    private func version(_ text: String) async throws -> SettingsVersion {
        guard let number = Int64(text), let version = try await store.settings(version: number) else {
            throw Problem.notFound("There is no such version.")
        }
        return version
    }

    // MARK: - Putting back

    private func restore(_ form: PageForm, by visitor: PageVisitor) async throws -> PageAnswer {
        let wanted = try await version(form["version"])
        guard !form["comment"].isEmpty else {
            return try await compare(form, canRestore: true, problem: "Say why: others will wonder.")
        }
        // What was allowed then may not be now.
        for (name, value) in wanted.thresholds.sorted(by: { $0.key < $1.key }) {
            guard let threshold = ThresholdCatalog[name], !threshold.isAllowed(value) else { continue }
            return try await compare(
                form, canRestore: true,
                problem: "\(threshold.alert) may no longer be \(threshold.words(for: value)): set it by itself.")
        }
        do {
            let saved = try await keeper.save(
                SettingsDraft(
                    base: Int64(form["base"]) ?? -1, thresholds: wanted.thresholds, by: visitor.name,
                    comment: String(form["comment"].prefix(500)), restores: wanted.number == 0 ? nil : wanted.number,
                    action: "restore settings", detail: "version \(wanted.number)"))
            return .go(
                to: "/ui/settings", message: "Version \(saved.number) holds: that is version \(wanted.number) again.")
        } catch is AlertStore.SettingsConflict {
            return try await compare(
                form, canRestore: true, problem: "Somebody has changed the settings meanwhile. Look again, then save.")
        }
    }

    // MARK: - Words

    private static func words(_ change: SettingsVersion.Change) -> String {
        let alert = ThresholdCatalog[change.name]?.alert ?? change.name
        return "\(alert): \(words(change.before, of: change.name)) → \(words(change.after, of: change.name))"
    }

    private static func words(_ value: Ratio?, of name: String) -> String {
        guard let threshold = ThresholdCatalog[name] else { return value?.description ?? "as the rule says" }
        return threshold.words(for: value ?? threshold.standard)
    }

    private static func words(for version: SettingsVersion) -> String {
        version.number == 0
            ? "as the rules say" : "\(version.by), \(PageText.moment(version.at)) UTC: \(version.comment)"
    }
}
