import ArgumentParser
import Foundation
import Store

/// `plimsoll migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database's schema and roles to this release.",
        discussion: """
            Connects to PostgreSQL itself, never to PgBouncer. The password comes from PGPASSWORD, from postgres-superuser in \
            the folder of secrets, or from the URL, where it is hidden from other users (`ps`) as soon as it was read; the \
            services' passwords from postgres-<role> there. Without any of those the roles get no password and cannot log \
            in, which is enough for alerting on its own. What is \
            applied already is left alone, so it may be run at every start.
            """)

    @Option(name: .long, help: "postgres://USER@HOST:PORT/DATABASE, PostgreSQL itself.")
    var databaseURL = "postgres://postgres@127.0.0.1:5432/plimsoll"

    @Option(name: .long, help: "The folder of secrets.")
    var secrets = "var/secrets"

    @Option(name: .long, help: "The folder of migrations.")
    var migrations = MigrationFile.defaultFolder.relativePath

    func run() async throws {
        try await reporting {
            let folder = URL(filePath: secrets)
            let settings = try DatabaseURL(databaseURL).settings(
                passwords: [
                    ProcessInfo.processInfo.environment["PGPASSWORD"], Self.read(folder, "postgres-superuser"),
                ])
            let migrator = Migrator(
                settings: settings, folder: URL(filePath: migrations), passwords: try Self.passwords(in: folder))
            do {
                print(Self.words(try await migrator.run()))
            } catch let error as StoreError where error.isConnectionTrouble {
                throw Failure(
                    "PostgreSQL at \(settings.host):\(settings.port) does not answer: \(error.message)",
                    mend: "see that it runs and that the user and password are right", status: Failure.unreachable)
            } catch let error as StoreError {
                throw Failure(
                    "the migration failed and changed nothing from there on: \(error.message)",
                    mend: "correct what is named; what was applied before stays")
            }
        }
    }

    /// What was done, in words.
    static func words(_ outcome: Migrator.Outcome) -> String {
        var lines: [String] = []
        if outcome.createdDatabase { lines.append("database created") }
        if !outcome.createdRoles.isEmpty {
            lines.append("roles created: \(outcome.createdRoles.joined(separator: ", "))")
        }
        if !outcome.changedPasswords.isEmpty {
            lines.append("passwords set: \(outcome.changedPasswords.joined(separator: ", "))")
        }
        lines += outcome.applied.map { "applied \($0)" }
        return lines.isEmpty ? "The database is up to date." : lines.joined(separator: "\n")
    }

    /// The services' passwords; none when the folder has none at all.
    ///
    /// - Throws: `Failure` naming every file that is missing beside others.
    static func passwords(in folder: URL) throws -> [DatabaseRole: String] {
        var passwords: [DatabaseRole: String] = [:]
        var missing: [String] = []
        for role in DatabaseRole.allCases {
            if let password = read(folder, role.passwordFile) {
                passwords[role] = password
            } else {
                missing.append(role.passwordFile)
            }
        }
        guard missing.isEmpty || passwords.isEmpty else {
            throw Failure(
                "no password in \(folder.relativePath): \(missing.joined(separator: ", "))",
                mend: "`ops/run` and `docker compose up` make them; or write one to each file, readable by you alone",
                status: Failure.settings)
        }
        return passwords
    }

    private static func read(_ folder: URL, _ name: String) -> String? {
        // The caller names every file that gives no password.
        guard let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8) else { return nil }
        let password = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return password.isEmpty ? nil : password
    }
}

/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
struct DatabaseURL {
    private let user: String
    private let password: String?
    private let host: String
    private let port: Int
    private let database: String

    /// - Throws: `Failure` when it is no such URL; the text itself is not repeated, it may hold a password.
    init(_ text: String) throws {
        guard let parts = URLComponents(string: text), ["postgres", "postgresql"].contains(parts.scheme ?? ""),
            let host = parts.host, !host.isEmpty, parts.path.count > 1, !parts.path.dropFirst().contains("/")
        else {
            throw Failure(
                "--database-url is not of the form postgres://USER@HOST:PORT/DATABASE",
                mend: "for example postgres://postgres@127.0.0.1:5432/plimsoll", status: 64)
        }
        user = parts.user ?? "postgres"
        password = parts.password
        self.host = host
        port = parts.port ?? 5432
        database = String(parts.path.dropFirst())
    }

    /// With the URL's own password, or the first of `passwords` that is there.
    func settings(passwords: [String?]) -> DatabaseSettings {
        let found = ([password] + passwords).compactMap { $0 }.first { !$0.isEmpty }
        return DatabaseSettings(
            host: host, port: port, database: database, user: user, password: found ?? "",
            applicationName: "plimsoll-migrate")
    }
}
