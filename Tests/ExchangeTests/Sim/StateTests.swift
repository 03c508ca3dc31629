import Domain
import Exchanges
import Foundation
import TestKit
import Testing

@testable import ExchangeSim

@Suite("The exchange started anew")
struct StateTests {
    @Test("Accounts, open orders and fills are there again, and numbers go on")
    func restart() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "exchange-sim-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "state.json").path
        var before: (account: BinanceAccount, open: [BinanceOrderReport], fills: [BinanceFill])?
        try await Bench.run({ $0.stateFile = path }) { bench in
            let bought = try await bench.rest.place(try bench.order(.buy, id: "entry"))
            let price = try #require(bought.fills.first?.price)
            _ = try await bench.rest.place(
                BinanceNewOCO(
                    symbol: bench.symbol, side: .sell, quantity: bought.quantity,
                    stop: price.times(Ratio(5, over: 10)).rounded(to: Price(raw: 1_000_000), .towardZero),
                    target: price.times(Ratio(2, over: 1)), stopClientOrderID: "stop", targetClientOrderID: "target",
                    listClientOrderID: "pair"))
            before = try await (
                bench.rest.account(), bench.rest.openOrders(), bench.rest.myTrades(bench.symbol)
            )
        }
        try await Bench.run({ $0.stateFile = path }) { bench in
            let account = try await bench.rest.account()
            #expect(account == before?.account)
            #expect(try await bench.rest.openOrders() == before?.open)
            #expect(try await bench.rest.myTrades(bench.symbol) == before?.fills)
            #expect(try await bench.rest.order(bench.symbol, clientOrderID: "entry").status == .filled)
            try await bench.rest.cancelList(bench.symbol, listClientOrderID: "pair")
            let sold = try await bench.rest.place(try bench.order(.sell, id: "exit"))
            let last = try #require(before?.fills.last)
            #expect(try #require(sold.fills.first).tradeID > last.tradeID && sold.orderID > last.orderID)
            let after = try await bench.rest.account()
            #expect(after.balances.allSatisfy { $0.locked.isZero })
        }
    }

    @Test("A state that cannot be read stops the start, it is not forgotten")
    func unreadable() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("{\"version\":1".utf8).write(to: URL(filePath: path))
        await #expect(throws: (any Error).self) { try await Bench.run({ $0.stateFile = path }) { _ in } }
    }
}
