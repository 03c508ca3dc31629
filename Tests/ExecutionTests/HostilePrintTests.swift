import Bus
import Contracts
import Domain
import Exchanges
import ExecutionCore
import Foundation
import Logging
import ServiceKit
import StoreTestKit
import TestKit
import Testing

@testable import ExecutionApp

@Suite("Prints that cannot be true, on the real bus")
struct HostilePrintTests {
    private let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))

    @Test("they are counted and change nothing; the next true one is the price", .timeLimit(.minutes(1)))
    func hostile() async throws {
        let servers = try TestServers.shared()
        let bus = Bus(
            BusSettings(host: servers.host, port: Int32(servers.redisPort), password: servers.redisPassword),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        bus.start()
        let symbol = Make.symbol("H\(UUID().uuidString.prefix(6))USDT")
        let board = PriceBoard(wallClock: { SystemClock().now() })
        let metrics = Metrics()
        let folder = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let markets = Markets(
            rules: MarketRules(folder: folder.path, logger: Logger(label: "test")) { _ in
                let known = Make.instrument
                return [
                    symbol: Instrument(
                        symbol: symbol, base: "H", quote: "USDT", tickSize: known.tickSize, lotSize: known.lotSize,
                        minimumQuantity: known.minimumQuantity, maximumQuantity: known.maximumQuantity,
                        minimumNotional: known.minimumNotional)
                ]
            }, history: MarketHistory(ScriptedPast().source), board: board, metrics: metrics,
            logger: Logger(label: "test"))
        try await markets.open([symbol])
        let running = Task { await markets.run([], bus: bus) }
        try await expect(100, after: [], symbol, bus, board)
        let ends: [Int64] = [.min, -1, .max]
        try await expect(
            101,
            after: ends.map { print(symbol, 50, id: $0, at: now) }
                + ends.map { print(symbol, 50, at: Timestamp(nanoseconds: $0)) }
                + [
                    print(symbol, 50, at: now + .days(365)), print(symbol, 50, at: now - .days(9)),
                    print(symbol, -50, at: now), print(Make.symbol("OTHERUSDT"), 50, at: now),
                ], symbol, bus, board)
        for (bid, ask, time) in [(Int64(-1), Int64(100), now), (100, 99, now), (100, 101, now + .days(365))] {
            publish(quote(bid, ask, symbol, at: time), bus)
        }
        #expect(board.market(symbol).quote == .missing)
        try await eventually("the true quote is known") { () -> Bool? in
            publish(quote(100, 102, symbol, at: now), bus)
            guard case .known(let best, let age) = board.market(symbol).quote else { return nil }
            return best.ask == Make.price(102) && age < .seconds(5) ? true : nil
        }
        #expect(board.newest.map { $0 < now + .minutes(2) } == true)
        let text = metrics.render()
        for reason in ["future", "past", "negative_id", "non_positive", "other_market"] {
            #expect(text.contains("plimsoll_messages_refused_total{channel_kind=\"prints\",reason=\"\(reason)\"}"))
        }
        running.cancel()
        await running.value
        await bus.close()
    }

    private func print(_ symbol: Symbol, _ units: Int64, id: Int64 = 7, at time: Timestamp) -> Print {
        Print(
            id: id, symbol: symbol, price: Make.price(units), quantity: Make.quantity(1), aggressor: .buy, time: time)
    }

    /// Publishes these, each alone and all together, and then a true one until it is the price.
    private func expect(
        _ units: Int64, after hostile: [Print], _ symbol: Symbol, _ bus: Bus, _ board: PriceBoard
    ) async throws {
        for batch in hostile.map({ [$0] }) + [hostile] where !batch.isEmpty { publish(batch, symbol, bus) }
        try await eventually("the price is \(units)") {
            publish([print(symbol, units, at: SystemClock().now())], symbol, bus)
            return board.market(symbol).lastPrice == Make.price(units) ? true : nil
        }
    }

    private func quote(_ bid: Int64, _ ask: Int64, _ symbol: Symbol, at time: Timestamp) -> Quote {
        Quote(
            symbol: symbol, bid: Make.price(bid), bidQuantity: Make.quantity(1), ask: Make.price(ask),
            askQuantity: Make.quantity(1), time: time)
    }

    private func publish(_ quote: Quote, _ bus: Bus) {
        bus.publish(
            Envelope(
                id: UUID().uuidString, source: "test", at: now, correlation: "", key: quote.symbol.name,
                data: QuoteUpdate(quote: quote)), on: Channels.quotes(quote.symbol))
    }

    private func publish(_ prints: [Print], _ symbol: Symbol, _ bus: Bus) {
        bus.publish(
            Envelope(
                id: UUID().uuidString, source: "test", at: now, correlation: "", key: symbol.name,
                data: PrintBatch(symbol: symbol, prints: prints)), on: Channels.prints(symbol))
    }
}
