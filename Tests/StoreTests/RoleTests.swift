import Domain
import Store
import StoreTestKit
import TestKit
import Testing

@Suite struct RoleTests {
    private static let order: SQL = """
        INSERT INTO orders (id, account, symbol, side, type, purpose, quantity, reason, correlation, decided_ns)
        VALUES ($1, 'a', 'BTCUSDT', $2, 'market', $3, 1, 'test', 'test', 1)
        """

    @Test func `execution books exits and cannot book an entry`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("a", cash: .zero)
            let database = test.connect(.execution)
            try await database.query(Self.order, ["exit", Side.sell, OrderPurpose.stopLoss])
            let error = await #expect(throws: StoreError.self) {
                try await database.query(Self.order, ["entry", Side.buy, OrderPurpose.entry])
            }
            #expect(error?.code == .notPermitted)
            for column: SQL in ["purpose = 'entry'", "account = 'b'", "side = 'buy'", "symbol = 'ETHUSDT'"] {
                let forged = await #expect(throws: StoreError.self, "\(column.text)") {
                    try await database.query("UPDATE orders SET " + column + " WHERE id = 'exit'")
                }
                #expect(forged?.code == .notPermitted, "\(column.text)")
            }
            await database.close()
        }
    }

    @Test func `execution cannot buy under the name of an exit, nor revive what is over`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("a", cash: .zero)
            let risk = test.connect(.riskManager, poolSize: 1)
            try await risk.query(Self.order, ["entry", Side.buy, OrderPurpose.entry])
            let database = test.connect(.execution)
            let bought = await #expect(throws: StoreError.self) {
                try await database.query(Self.order, ["exit", Side.buy, OrderPurpose.exit])
            }
            #expect(bought?.code == .notPermitted)
            try await database.query("UPDATE orders SET state = 'expired' WHERE id = 'entry'")
            for state in [OrderState.approved, .submitting, .open, .partiallyFilled] {
                let revived = await #expect(throws: StoreError.self, "\(state)") {
                    try await database.query("UPDATE orders SET state = $1 WHERE id = 'entry'", [state])
                }
                #expect(revived?.code == .notPermitted, "\(state)")
            }
            await database.close()
            await risk.close()
        }
    }

    @Test func `execution may send less of an entry than was approved, and never more`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("a", cash: .zero)
            let risk = test.connect(.riskManager, poolSize: 1)
            try await risk.query(Self.order, ["entry", Side.buy, OrderPurpose.entry])
            let database = test.connect(.execution)
            try await database.query("UPDATE orders SET quantity = 0.5 WHERE id = 'entry'")
            let error = await #expect(throws: StoreError.self) {
                try await database.query("UPDATE orders SET quantity = 0.6 WHERE id = 'entry'")
            }
            #expect(error?.code == .notPermitted)
            await database.close()
            await risk.close()
        }
    }

    @Test func `only risk-manager decides, and approves entries`() async throws {
        try await withTestDatabase { test in
            try await test.addAccount("a", cash: .zero)
            let decision: SQL = """
                INSERT INTO decisions (id, account, outcome, code, reason, inputs, decided_ns)
                VALUES ($1, 'a', 'approved', 'ok', 'test', '{}', 1)
                """
            for role in DatabaseRole.allCases {
                let database = test.connect(role, poolSize: 1)
                if role == .riskManager {
                    try await database.query(decision, ["d"])
                    try await database.query(Self.order, ["o", Side.buy, OrderPurpose.entry])
                } else {
                    for (sql, values) in [
                        (decision, ["d2"] as [any Bindable]), (Self.order, ["o2", Side.buy, OrderPurpose.entry]),
                    ] {
                        let error = await #expect(throws: StoreError.self) { try await database.query(sql, values) }
                        #expect(error?.code == .notPermitted, "\(role)")
                    }
                }
                await database.close()
            }
        }
    }

    @Test func `nobody changes what was filled, decided or audited`() async throws {
        try await withTestDatabase { test in
            for role in DatabaseRole.allCases {
                let database = test.connect(role, poolSize: 1)
                for statement: SQL in [
                    "DELETE FROM decisions", "DELETE FROM fills", "UPDATE fills SET price = 1",
                    "UPDATE trades SET realised = 0", "DELETE FROM orders", "DELETE FROM control_audit",
                    "UPDATE decisions SET reason = ''", "UPDATE control_audit SET reason = ''",
                    "UPDATE account_transfers SET amount = 1", "DELETE FROM schema_migrations", "DELETE FROM events",
                    "CREATE TABLE mine (x int)",
                ] {
                    let error = await #expect(throws: StoreError.self, "\(role): \(statement.text)") {
                        try await database.query(statement)
                    }
                    #expect(error?.code == .notPermitted, "\(role): \(statement.text)")
                }
                await database.close()
            }
        }
    }

    @Test func `the operator reads everything and writes no books`() async throws {
        try await withTestDatabase { test in
            let database = test.connect(.operator)
            for statement: SQL in ["SELECT 1 FROM accounts", "SELECT 1 FROM orders", "SELECT 1 FROM control_audit"] {
                try await database.query(statement)
            }
            let error = await #expect(throws: StoreError.self) {
                try await database.query("UPDATE accounts SET state = 'running'")
            }
            #expect(error?.code == .notPermitted)
            await database.close()
        }
    }
}
