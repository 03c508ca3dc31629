package import Domain
package import Foundation
package import Store
package import TestKit

/// A migrated database of a test's own on the test servers. Every role logs in through PgBouncer, as in production.
package struct TestDatabase: Sendable {
    package let servers: TestServers
    package let name: String
    private let passwords: [DatabaseRole: String]

    /// Makes and migrates it. Call `drop` at the end, or use `withTestDatabase`.
    package static func make(on servers: TestServers) async throws -> TestDatabase {
        let passwords = try rolePasswords(in: servers.folder.appending(path: "secrets"))
        let database = TestDatabase(servers: servers, name: newName(), passwords: passwords)
        _ = try await database.migrator().run()
        return database
    }

    /// A copy of a database that is migrated once for all tests of this process, which takes a fraction of the time.
    package static func copied(on servers: TestServers) async throws -> TestDatabase {
        let template = try await Template.shared.database(on: servers)
        let copy = TestDatabase(servers: servers, name: newName(), passwords: template.passwords)
        try await servers.sql("CREATE DATABASE \(copy.name) TEMPLATE \(template.name)")
        return copy
    }

    private static func newName() -> String {
        "test_" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(16)
    }

    /// Nobody connects to it after its migration, so that it can be copied at any time. It goes with its servers.
    private actor Template {
        static let shared = Template()
        private var made: [URL: Task<TestDatabase, any Error>] = [:]

        func database(on servers: TestServers) async throws -> TestDatabase {
            let task = made[servers.folder] ?? Task { try await TestDatabase.make(on: servers) }
            made[servers.folder] = task
            return try await task.value
        }
    }

    /// Of the checkout's migrations, as the superuser, directly on PostgreSQL.
    package func migrator(
        folder: URL = Repository.root.appending(path: "Shared/Store/Migrations")
    ) -> Migrator {
        Migrator(settings: superuser, folder: folder, passwords: passwords)
    }

    /// The superuser, directly on PostgreSQL.
    package var superuser: DatabaseSettings {
        DatabaseSettings(
            host: servers.host, port: servers.postgresPort, database: name, user: "postgres",
            password: servers.postgresPassword)
    }

    /// A service's role, through PgBouncer.
    package func settings(_ role: DatabaseRole, poolSize: Int = 4) -> DatabaseSettings {
        DatabaseSettings(
            host: servers.host, port: servers.pgbouncerPort, database: name, user: role.rawValue,
            password: passwords[role] ?? "", poolSize: poolSize)
    }

    /// The database as a service sees it.
    package func connect(
        _ role: DatabaseRole, poolSize: Int = 4, hooks: StoreHooks = StoreHooks(),
        ring: @escaping @Sendable (PendingEvent) -> Void = { _ in }
    ) -> Database {
        Database(settings: settings(role, poolSize: poolSize), hooks: hooks, ring: ring)
    }

    /// A running account with money and nothing else, as a deposit makes it.
    package func addAccount(_ id: String, cash: Money, venue: String = "paper") async throws {
        let database = connect(.riskManager, poolSize: 1)
        try await database.query(
            "INSERT INTO accounts (id, currency, venue, cash, deposits) VALUES ($1, 'USDT', $2, $3, $3)",
            [id, venue, cash])
        await database.close()
    }

    /// Removes it, whoever is still connected.
    package func drop() async throws {
        try await servers.sql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }

    /// Roles belong to the whole cluster, so all tests on it share their passwords through files.
    private static func rolePasswords(in folder: URL) throws -> [DatabaseRole: String] {
        var passwords: [DatabaseRole: String] = [:]
        for role in DatabaseRole.allCases {
            let file = folder.appending(path: role.passwordFile)
            if !FileManager.default.fileExists(atPath: file.path) {
                let draft = folder.appending(path: UUID().uuidString)
                try UUID().uuidString.write(to: draft, atomically: false, encoding: .utf8)
                defer { try? FileManager.default.removeItem(at: draft) }
                // Of two tests that do this at once, one link wins and both read it.
                try? FileManager.default.linkItem(at: draft, to: file)
            }
            passwords[role] = try String(contentsOf: file, encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return passwords
    }
}

/// Gives `body` a fresh migrated database on the shared servers, and drops it after.
///
/// A few at a time: PgBouncer opens several connections for each role that logs in to a database.
package func withTestDatabase<Answer>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> Answer
) async throws -> Answer {
    try await TestPlaces.shared.enter()
    defer { TestPlaces.shared.leave() }
    let database = try await TestDatabase.copied(on: try TestServers.shared())
    let outcome: Result<Answer, any Error>
    do { outcome = .success(try await body(database)) } catch { outcome = .failure(error) }
    try await database.drop()
    return try outcome.get()
}
