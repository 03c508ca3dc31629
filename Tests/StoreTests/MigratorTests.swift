import Foundation
import Store
import StoreTestKit
import TestKit
import Testing

@Suite struct MigratorTests {
    private static let checkout = Repository.root.appending(path: "Shared/Store/Migrations")

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Self.checkout, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test func `what is applied is not applied again, and services see it`() async throws {
        try await withTestDatabase { test in
            let again = try await test.migrator().run()
            #expect(again == Migrator.Outcome())
            let database = test.connect(.strategy)
            #expect(try await Schema.fault(database, folder: Self.checkout) == nil)
            await database.close()
        }
    }

    @Test func `two migrations at once apply each file once`() async throws {
        try await withTestDatabase { test in
            try await withFolder { folder in
                let sql = "CREATE TABLE once (x int);\nSELECT pg_sleep(0.3);\n"
                try sql.write(to: folder.appending(path: "9000_once.sql"), atomically: true, encoding: .utf8)
                async let one = test.migrator(folder: folder).run()
                async let other = test.migrator(folder: folder).run()
                let applied = try await [one.applied, other.applied].flatMap { $0 }
                #expect(applied == ["9000_once.sql"])
            }
        }
    }

    @Test func `a file that was changed after it was applied is refused by name`() async throws {
        try await withTestDatabase { test in
            try await withFolder { folder in
                let file = folder.appending(path: "0001_foundation.sql")
                let text = try String(contentsOf: file, encoding: .utf8) + "\n-- changed\n"
                try text.write(to: file, atomically: true, encoding: .utf8)
                let error = await #expect(throws: StoreError.self) { try await test.migrator(folder: folder).run() }
                #expect(error?.code == .migration)
                #expect(error?.message.hasPrefix("0001_foundation.sql was changed") == true)
                let database = test.connect(.strategy)
                #expect(try await Schema.fault(database, folder: folder) == .changed("0001_foundation.sql"))
                await database.close()
            }
        }
    }

    @Test func `a migration that fails leaves nothing behind and says where`() async throws {
        try await withTestDatabase { test in
            try await withFolder { folder in
                let sql = "CREATE TABLE half (x int);\nSELECT nothing_here FROM half;\n"
                try sql.write(to: folder.appending(path: "9000_half.sql"), atomically: true, encoding: .utf8)
                let error = await #expect(throws: StoreError.self) { try await test.migrator(folder: folder).run() }
                #expect(error?.message.hasPrefix("9000_half.sql: column \"nothing_here\" does not exist") == true)
                #expect(try await test.servers.sql("SELECT to_regclass('half') IS NULL", database: test.name) == "t")
                let database = test.connect(.strategy)
                #expect(try await Schema.fault(database, folder: folder) == .behind(["9000_half.sql"]))
                await database.close()
            }
        }
    }

    @Test func `a schema that needs newer services is told`() async throws {
        try await withTestDatabase { test in
            try await withFolder { folder in
                let sql = "-- minimum-release: 99\nSELECT 1;\n"
                try sql.write(to: folder.appending(path: "9000_new.sql"), atomically: true, encoding: .utf8)
                _ = try await test.migrator(folder: folder).run()
                let database = test.connect(.strategy)
                #expect(try await Schema.fault(database, folder: Self.checkout) == .tooNew(99))
                await database.close()
            }
        }
    }

    @Test(arguments: ["no_number.sql", "12_short.sql"])
    func `a misnamed file is refused`(_ name: String) async throws {
        try await withFolder { folder in
            try "SELECT 1".write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
            let error = #expect(throws: StoreError.self) { try MigrationFile.load(from: folder) }
            #expect(error?.message == "\(name) is not named NNNN_name.sql")
        }
    }
}
