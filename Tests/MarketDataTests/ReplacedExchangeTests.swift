import Domain
import MarketDataCore
import TestKit
import Testing

@testable import ExchangeSim

/// The stand-in exchange is started again with another seed while market-data goes on: its ids go on too, but in its market the
/// same ids were traded at other times. That is the one way in which prints of the generator come out of order.
@Suite struct ReplacedExchangeTests {
    private static let hour = Timestamp(seconds: 1_795_262_400)
    private static let moment = hour + .minutes(25)

    private func prints(_ symbol: Symbol, seed: UInt64, from start: Timestamp, before end: Timestamp) -> [Print] {
        var source = GeneratedSource(MarketSpecification(symbol), seed: seed, tradesPerHour: 14_400, start: start)
        var prints: [Print] = []
        while let item = source.next(), item.time < end {
            if case .trade(let print, _) = item.body { prints.append(print) }
        }
        return prints
    }

    @Test func `another market in its place tells of the past for a while, and is believed`() throws {
        let symbol = try #require(Symbol("BTCUSDT"))
        let before = prints(symbol, seed: 1, from: Self.moment - .minutes(2), before: Self.moment)
        let last = try #require(before.last)
        // One that is ahead of the first in ids.
        let after = try #require(
            (2...40 as ClosedRange<UInt64>).lazy.map { seed in
                prints(symbol, seed: seed, from: Self.hour, before: Self.moment + .minutes(1)).filter {
                    $0.id > last.id
                }
            }.first { $0.filter { $0.time < last.time - .seconds(1) }.count > 20 })
        var bench = FeedBench(before + after, symbol: symbol)
        bench.start()
        for (index, print) in before.enumerated() {
            bench.head = index + 1
            bench.receive(print)
            bench.answerAll()
        }
        bench.act { $0.disconnected("the exchange is gone", at: $1, into: &$2) }
        let back = try #require(bench.history.firstIndex { $0.id > last.id && $0.time > last.time })
        bench.head = back
        bench.pass(milliseconds: 5000)
        bench.act { $0.connected(at: $1, into: &$2) }
        bench.answerAll()
        for index in back..<bench.history.count {
            bench.head = index + 1
            bench.receive(bench.history[index])
            bench.pass(milliseconds: 250)
            bench.answerAll()
        }
        #expect(bench.refused.filter { $0.reason == .outOfOrder }.isEmpty)
        #expect(bench.published == bench.history)
    }
}
