import Domain
import Store

extension AlertStore {
    /// Somebody else saved other settings meanwhile.
    struct SettingsConflict: Error {}

    private static let settingsColumns: SQL = """
        SELECT version, at, by_whom, comment, thresholds::text AS thresholds, restores FROM alerting_settings

        """

    /// The settings in force; `initial` when nobody has set anything.
    func settings() async throws -> SettingsVersion {
        let rows = try await database.query(Self.settingsColumns + "ORDER BY version DESC LIMIT 1")
        return try rows.first.map(Self.settings) ?? .initial
    }

    /// Versions, newest first.
    ///
    /// - Parameter before: those that are older; nil: from the newest one.
    func settingsVersions(before: Int64?, limit: Int) async throws -> [SettingsVersion] {
        let rows = try await database.query(
            Self.settingsColumns + "WHERE $1::bigint IS NULL OR version < $1 ORDER BY version DESC LIMIT $2",
            [before, limit])
        return try rows.map(Self.settings)
    }

    /// One version; nil when there is none of this number.
    func settings(version: Int64) async throws -> SettingsVersion? {
        guard version != 0 else { return .initial }
        return try await database.query(Self.settingsColumns + "WHERE version = $1", [version]).first
            .map(Self.settings)
    }

    /// Saves settings as the next version, with a line in the audit.
    ///
    /// - Returns: the version in force from now on.
    /// - Throws: `SettingsConflict`; `StoreError`, and nothing is saved unless it is `commitInDoubt`.
    func save(_ draft: SettingsDraft) async throws -> SettingsVersion {
        let thresholds = try JSONText.write(draft.thresholds)
        do {
            return try await database.transaction { transaction in
                let rows = try await transaction.query(
                    """
                    INSERT INTO alerting_settings AS s (version, by_whom, comment, thresholds, restores)
                    SELECT $1::bigint + 1, $2, $3, $4::jsonb, $5
                    WHERE $1 = (SELECT coalesce(max(version), 0) FROM alerting_settings)
                    RETURNING version, at, by_whom, comment, thresholds::text AS thresholds, restores
                    """, [draft.base, draft.by, draft.comment, thresholds, draft.restores])
                guard let row = rows.first else { throw SettingsConflict() }
                let saved = try Self.settings(row)
                let entry = AuditEntry(
                    by: draft.by, through: "page", action: draft.action, subject: "settings \(saved.number)",
                    detail: draft.detail, at: saved.at)
                try await put(audit: [entry], transaction)
                return saved
            }
        } catch let error as StoreError where error.code == .uniqueViolation {
            throw SettingsConflict()
        }
    }

    private static func settings(_ row: Row) throws -> SettingsVersion {
        SettingsVersion(
            number: try row.int64("version"), at: try row.wallTime("at"), by: try row.text("by_whom"),
            comment: try row.text("comment"), thresholds: try JSONText.read(row.text("thresholds")),
            restores: try row.optional("restores"))
    }
}
