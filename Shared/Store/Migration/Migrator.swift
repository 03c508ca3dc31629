package import Foundation

/// Brings the schema and the roles to what this release needs. Connects to PostgreSQL directly, never through PgBouncer.
package struct Migrator: Sendable {
    /// What was done.
    package struct Outcome: Sendable, Equatable {
        package var createdDatabase = false
        /// Names of the files that were applied now.
        package var applied: [String] = []
        package var createdRoles: [String] = []
        /// Roles that were given their password anew.
        package var changedPasswords: [String] = []

        package init() {}
    }

    private let settings: DatabaseSettings
    private let folder: URL
    private let passwords: [DatabaseRole: String]
    /// Held while migrating, so that two at once wait for each other.
    private static let lock: SQL = "SELECT pg_advisory_lock(7237128890)"

    /// - Parameters:
    ///   - settings: a role that may create roles and owns the database, or will.
    ///   - folder: of the migration files.
    ///   - passwords: of the services' roles, in clear; only verifiers are sent to the server.
    package init(settings: DatabaseSettings, folder: URL, passwords: [DatabaseRole: String]) {
        var settings = settings
        settings.poolSize = 1
        settings.answerTimeout = .seconds(600)
        self.settings = settings
        self.folder = folder
        self.passwords = passwords
    }

    /// Makes the database if it is missing, the roles, and applies what is not applied yet, each file in a transaction.
    ///
    /// - Throws: `StoreError.migration` naming the file when an applied one was changed or one fails; `StoreError` else.
    package func run() async throws -> Outcome {
        let files = try MigrationFile.load(from: folder)
        var outcome = Outcome()
        outcome.createdDatabase = try await createDatabase()
        let connection = Connection(settings: settings, hooks: StoreHooks(), number: 0)
        do {
            _ = try await connection.run(.init(Self.lock))
            try await RoleKeeper(connection: connection, passwords: passwords).run(&outcome)
            try await apply(files, connection, &outcome)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return outcome
    }

    private func createDatabase() async throws -> Bool {
        var maintenance = settings
        maintenance.database = "postgres"
        let connection = Connection(settings: maintenance, hooks: StoreHooks(), number: 0)
        let name = settings.database
        let found = try await connection.run(
            .init("SELECT 1 FROM pg_database WHERE datname = $1", [name]))
        guard found.rows.isEmpty else { return false }
        let quoted = try await connection.run(.init("SELECT quote_ident($1) AS name", [name]))
        guard let identifier = try quoted.rows.first?.text("name") else { return false }
        do {
            _ = try await connection.run(.init(script: "CREATE DATABASE \(identifier)"))
        } catch let error as StoreError where ["42P04", "23505"].contains(error.sqlState ?? "") {
            return false
        }
        return true
    }

    private func apply(_ files: [MigrationFile], _ connection: Connection, _ outcome: inout Outcome) async throws {
        _ = try await connection.run(.init(script: Self.bookkeeping))
        let rows = try await connection.run(.init("SELECT version, name, checksum FROM schema_migrations")).rows
        var known: [Int: String] = [:]
        for row in rows { known[try row.int("version")] = try row.text("checksum") }
        for file in files {
            guard let checksum = known[file.version] else {
                try await apply(file, connection)
                outcome.applied.append(file.name)
                continue
            }
            guard checksum == file.checksum else {
                throw StoreError(
                    .migration, "\(file.name) was changed after it was applied: restore it and add a new migration")
            }
        }
    }

    private func apply(_ file: MigrationFile, _ connection: Connection) async throws {
        do {
            _ = try await connection.run(.init(script: "BEGIN;\n" + file.sql))
            _ = try await connection.run(
                .init(
                    """
                    INSERT INTO schema_migrations (version, name, checksum, minimum_release) VALUES ($1, $2, $3, $4)
                    """, [String(file.version), file.name, file.checksum, String(file.minimumRelease)]))
            _ = try await connection.run(.init(script: "COMMIT"))
        } catch let error as StoreError {
            throw StoreError(.migration, "\(file.name): \(error.message)", sqlState: error.sqlState)
        }
    }

    private static let bookkeeping = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, minimum_release integer NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now());
        GRANT SELECT ON schema_migrations TO PUBLIC
        """
}

extension Statement {
    /// A statement with bound texts that is not interrupted.
    init(_ sql: SQL, _ values: [String?] = []) { self.init(sql: sql.text, kind: .bound(values), cancellation: nil) }

    /// Statements of our own, without values, that are not interrupted.
    init(script: String) { self.init(sql: script, kind: .script, cancellation: nil) }
}
