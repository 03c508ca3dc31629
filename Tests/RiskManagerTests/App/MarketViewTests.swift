import Domain
import RiskManagerCore
import Testing

@testable import RiskManagerApp

struct MarketViewTests {
    private let btc = symbol("BTCUSDT")
    private func point(_ text: String, _ seconds: Int64) -> PricePoint {
        PricePoint(price: price(text), time: Timestamp(seconds: seconds))
    }

    @Test func `a decision sees the price of its own moment and not a later one`() {
        let view = MarketView()
        view.note(btc, [point("1", 10), point("2", 20), point("3", 30)])
        #expect(view.asOf(Timestamp(seconds: 30)).prices[btc] == point("2", 20))
        #expect(view.asOf(Timestamp(seconds: 31)).prices[btc] == point("3", 30))
        #expect(view.asOf(Timestamp(seconds: 10)).prices[btc] == point("1", 10))
        #expect(view.latest.prices[btc] == point("3", 30))
        #expect(view.latest.time == Timestamp(seconds: 30))
    }

    @Test func `older and impossible prices are left out, and the depth is bounded`() {
        let view = MarketView()
        view.note(btc, [point("5", 10), point("4", 9), point("0", 11), point("-1", 12)])
        #expect(view.latest.prices[btc] == point("5", 10))
        view.note(btc, (0..<2_000).map { point("7", 100 + Int64($0)) })
        #expect(view.asOf(Timestamp(seconds: 2_000)).prices[btc] == point("7", 1_999))
        // Of what is older, the last price of each minute is left.
        #expect(view.asOf(Timestamp(seconds: 1_000)).prices[btc] == point("7", 959))
        #expect(view.asOf(Timestamp(seconds: 0)).prices[btc] == point("5", 10))
    }

    @Test func `a candle tells what was missed before the first price that was heard, and nothing after it`() {
        let view = MarketView()
        view.note(btc, close: point("1", 59))
        view.beginHearing()
        view.hear(btc, [point("3", 125)])
        #expect(view.asOf(Timestamp(seconds: 120)).prices[btc] == point("1", 59))
        view.note(btc, close: point("2", 119))
        view.note(btc, close: point("2", 119))
        #expect(view.asOf(Timestamp(seconds: 120)).prices[btc] == point("2", 119))
        #expect(view.asOf(Timestamp(seconds: 60)).prices[btc] == point("1", 59))
        view.note(btc, close: point("9", 126))
        #expect(view.asOf(Timestamp(seconds: 126)).prices[btc] == point("3", 125))
    }

    @Test func `it is known since when prices are heard`() {
        let view = MarketView()
        view.note(btc, close: point("1", 59))
        #expect(view.latest.heardSince == [:])
        view.hear(btc, [point("2", 61), point("3", 62)])
        view.hear(btc, [point("4", 121)])
        #expect(view.latest.heardSince == [btc: Timestamp(seconds: 62)])
        #expect(!view.hasHeard([btc]))
        view.hear(btc, [point("4", 123)])
        #expect(view.hasHeard([btc]))
        view.beginHearing()
        #expect(view.latest.heardSince == [:])
    }
}
