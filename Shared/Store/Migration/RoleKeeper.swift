/// Makes the services' roles, their passwords and their session settings what they should be.
///
/// Roles belong to the whole cluster: migrations of two databases may meet here, so each step may be repeated.
struct RoleKeeper: Sendable {
    let connection: Connection
    let passwords: [DatabaseRole: String]

    func run(_ outcome: inout Migrator.Outcome) async throws {
        for role in DatabaseRole.allCases {
            if try await create(role) { outcome.createdRoles.append(role.rawValue) }
            if let password = passwords[role], try await !accepts(role, password) {
                try await set(password, role)
                outcome.changedPasswords.append(role.rawValue)
            }
            for setting in DatabaseRole.sessionSettings { try await set(setting.name, setting.value, role) }
        }
    }

    private func create(_ role: DatabaseRole) async throws -> Bool {
        let found = try await connection.run(.init("SELECT 1 FROM pg_roles WHERE rolname = $1", [role.rawValue]))
        guard found.rows.isEmpty else { return false }
        do {
            // The name is one of the enum's, the service's own.
            _ = try await connection.run(.init(script: "CREATE ROLE \(role.rawValue) LOGIN"))
            return true
        } catch let error as StoreError where ["42710", "23505"].contains(error.sqlState ?? "") {
            return false
        }
    }

    /// Whether the role has this password already: one that does keeps its verifier, which PgBouncer may hold.
    ///
    /// Who may not read verifiers sets it again.
    private func accepts(_ role: DatabaseRole, _ password: String) async throws -> Bool {
        do {
            let rows = try await connection.run(
                .init("SELECT coalesce(rolpassword, '') AS verifier FROM pg_authid WHERE rolname = $1", [role.rawValue])
            ).rows
            return ScramVerifier(try rows.first?.text("verifier") ?? "")?.accepts(password) ?? false
        } catch let error as StoreError where error.code == .notPermitted {
            return false
        }
    }

    private func set(_ password: String, _ role: DatabaseRole) async throws {
        // A verifier is base64 and punctuation without a quote.
        let verifier = try await connection.verifier(password: password, user: role.rawValue)
        try await alter("ALTER ROLE \(role.rawValue) PASSWORD '\(verifier)'")
    }

    private func set(_ name: String, _ value: String, _ role: DatabaseRole) async throws {
        let found = try await connection.run(
            .init(
                """
                SELECT 1 FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
                WHERE r.rolname = $1 AND s.setdatabase = 0 AND $2 = ANY (s.setconfig)
                """, [role.rawValue, "\(name)=\(value)"]))
        if found.rows.isEmpty { try await alter("ALTER ROLE \(role.rawValue) SET \(name) = '\(value)'") }
    }

    /// Another migration, of another database, may change or make the same row of the catalogue at the same moment: then
    /// the server says "tuple concurrently updated" (XX000) or that the row is there already (23505).
    private func alter(_ script: String) async throws {
        for attempt in 1...10 {
            do {
                _ = try await connection.run(.init(script: script))
                return
            } catch let error as StoreError where ["XX000", "23505"].contains(error.sqlState ?? "") && attempt < 10 {
                try await Task.sleep(for: .milliseconds(20 * attempt))
            }
        }
    }
}
