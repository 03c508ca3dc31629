package import Foundation

/// What the services need of the schema, and whether it is there. They only look; `plimsoll migrate` changes it.
package enum Schema {
    /// Counts up when the services stop working with an older schema's data or an older service with a newer one.
    package static let release = 1

    /// What is wrong with the schema.
    package enum Fault: Sendable, Equatable, CustomStringConvertible {
        case notMigrated
        /// These files are not applied yet.
        case behind([String])
        /// This file was changed after it was applied.
        case changed(String)
        /// The schema needs services of this release or newer.
        case tooNew(Int)

        package var description: String {
            switch self {
            case .notMigrated: "the database has no schema yet: run `plimsoll migrate`"
            case .behind(let names): "not applied yet: \(names.joined(separator: ", ")); run `plimsoll migrate`"
            case .changed(let name): "\(name) differs from what was applied: install the release that was migrated"
            case .tooNew(let needed):
                "the schema needs release \(needed) of the services, this is \(Schema.release): upgrade them"
            }
        }
    }

    /// Compares the database with this release, and with the migration files where they are installed.
    ///
    /// - Throws: `StoreError` when the database does not answer.
    /// - Returns: nil when all is well.
    package static func fault(_ database: Database, folder: URL? = MigrationFile.defaultFolder) async throws -> Fault? {
        let rows: [Row]
        do {
            rows = try await database.query("SELECT version, checksum, minimum_release FROM schema_migrations")
        } catch let error as StoreError where error.sqlState == "42P01" {
            return .notMigrated
        }
        var applied: [Int: String] = [:]
        var needed = 0
        for row in rows {
            applied[try row.int("version")] = try row.text("checksum")
            needed = max(needed, try row.int("minimum_release"))
        }
        if needed > release { return .tooNew(needed) }
        guard let folder, FileManager.default.fileExists(atPath: folder.path) else {
            return applied.isEmpty ? .notMigrated : nil
        }
        let files = try MigrationFile.load(from: folder)
        if let changed = files.first(where: { applied[$0.version, default: $0.checksum] != $0.checksum }) {
            return .changed(changed.name)
        }
        let missing = files.filter { applied[$0.version] == nil }.map(\.name)
        return missing.isEmpty ? nil : .behind(missing)
    }
}
