import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

@Suite("Fills that are set aside, over HTTP and from the command line", .serialized, .timeLimit(.minutes(2)))
struct AsideCommandTests {
    @Test("are listed with their reason, tried again and given up, with a name")
    func steer() async throws {
        try await withRig { rig in
            let execution = try rig.execution()
            try await rig.ready()
            #expect(try await plimsoll(rig).output == "No fill is set aside.\n")
            try await rig.approve("ord-aside", rig.symbols[0], .exit)
            try await rig.wait(for: "ord-aside", "cancelled")
            for trade in ["7/1", "8"] { try await setAside(trade, rig) }
            let symbol = rig.symbols[0].name
            let list = try await plimsoll(rig).output
            #expect(list.contains("main     \(symbol)  7/1    sell         5    100      1  ord-aside"), "\(list)")
            #expect(list.contains("  main \(symbol) 8: a fill sells 5 of 1 held"), "\(list)")

            let tried = try await plimsoll(rig, "retry", "main", symbol, "7/1")
            #expect(tried.output == "main  trade 7/1 of \(symbol): trying\n", "\(tried.errors)")
            try await eventually("it was tried", within: .seconds(5)) {
                try await rig.risk.query("SELECT 1 FROM fills_set_aside WHERE venue_trade_id = '7/1' AND attempts > 1")
                    .isEmpty ? nil : true
            }

            #expect(try await plimsoll(rig, "dismiss", "main", symbol, "7/1").status == 64)
            let given = try await plimsoll(
                rig, "dismiss", "main", symbol, "7/1", "--by", "owner", "--reason", "put right at the venue")
            #expect(given.output == "main  trade 7/1 of \(symbol): dismissed\n", "\(given.errors)")
            let row = try await rig.risk.query(
                "SELECT settlement, settled_by, settled_because FROM fills_set_aside WHERE venue_trade_id = '7/1'")
            #expect(try row.first?.text("settlement") == "dismissed")
            #expect(try row.first?.text("settled_by") == "owner")
            #expect(try row.first?.text("settled_because") == "put right at the venue")
            #expect(try await plimsoll(rig).output.contains("7/1") == false)

            let again = try await plimsoll(rig, "dismiss", "main", symbol, "7/1", "--reason", "twice")
            #expect(again.status == 1)
            #expect(again.errors.contains("no such fill is set aside"))
            try await refusals(rig, symbol)
            try await execution.kill()
        }
    }

    private func refusals(_ rig: Rig, _ symbol: String) async throws {
        let lines: [(path: String, body: String, status: Int)] = [
            ("main/\(symbol)/8/forget", #"{"by":"me","reason":"x"}"#, 404),
            ("nobody/\(symbol)/8/dismiss", #"{"by":"me","reason":"x"}"#, 404),
            ("main/not-a-market/8/dismiss", #"{"by":"me","reason":"x"}"#, 404),
            ("main/\(symbol)/9/retry", #"{"by":"me","reason":"x"}"#, 404),
            ("main/\(symbol)/8/dismiss", #"{"by":"","reason":"x"}"#, 400),
            ("main/\(symbol)/8/dismiss", #"{"by":"me","reason":"two\nlines"}"#, 400),
            ("main/\(symbol)/8/dismiss", #"{"by":"me"}"#, 400), ("main/\(symbol)/8/dismiss", "", 400),
        ]
        for line in lines {
            let answer = try await rig.client.send(
                HTTPRequest(
                    .post, "http://127.0.0.1:\(rig.ports.execution)/api/fills-set-aside/\(line.path)",
                    headers: [("Content-Type", "application/json")], body: Array(line.body.utf8)))
            #expect(answer.status == line.status, "\(line.path) \(line.body): \(answer.text)")
            #expect(answer.header("Content-Type")?.hasPrefix("application/problem+json") == true)
        }
        let open = try await rig.risk.query("SELECT 1 FROM fills_set_aside WHERE settlement IS NULL")
        #expect(open.count == 1)
    }

    private func plimsoll(_ rig: Rig, _ arguments: String...) async throws -> Command.Outcome {
        try await Command.run(
            RunningProgram.product("plimsoll"),
            ["fills-set-aside"] + arguments + ["--config", rig.folder.appending(path: "plimsoll.yaml").path])
    }

    /// A sale of more than is held, as execution would have found it.
    private func setAside(_ trade: String, _ rig: Rig) async throws {
        let symbol = rig.symbols[0]
        let order = "ord-aside"
        let fill = Fill(
            venueTradeID: trade, orderID: order, account: "main", symbol: symbol, side: .sell, price: Make.price(100),
            quantity: Make.quantity(5000), fee: .zero, feeInBase: .zero, isMaker: false, time: Make.time(7))
        let connection = rig.database.connect(.execution, poolSize: 1)
        try await connection.query(
            """
            INSERT INTO fills_set_aside (account, symbol, venue_trade_id, order_id, quantity, body, reason)
            VALUES ('main', $1, $2, $3, $4, $5, 'a fill sells 5 of 1 held')
            """,
            [
                symbol, trade, order, fill.quantity, String(decoding: try JSONEncoder().encode(fill), as: UTF8.self),
            ])
        await connection.close()
    }
}
