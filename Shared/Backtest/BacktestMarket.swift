import Domain
import ExecutionCore
import MarketDataCore
import RiskManagerCore
import StrategyCore

/// One market of a backtest: its candles, the paper venue's book, and what is known of its price.
struct BacktestMarket: Sendable {
    let symbol: Symbol
    let instrument: Instrument
    /// Where the runner keeps the strategies of each timeframe.
    let seats: [Timeframe: Int]
    var builder: CandleBuilder
    var venue: PaperBook
    /// The last print that is over.
    private(set) var price: PricePoint?
    /// The one before it: what was known at a close that the newest print is already past.
    private var earlier: PricePoint?
    /// The newest print's, the one that is being taken included.
    private(set) var seen: Price?
    /// The id of the next bar's first print.
    var nextPrint: Int64 = 1

    /// As many as the venue of the running suite keeps.
    private static let keptPrints = 4096

    init(_ instrument: Instrument, costs: PaperCosts, runner: StrategyRunner) {
        symbol = instrument.symbol
        self.instrument = instrument
        let wanted = Timeframe.allCases.compactMap { timeframe in
            runner.place(of: instrument.symbol, timeframe).map { (timeframe, $0) }
        }
        seats = Dictionary(uniqueKeysWithValues: wanted)
        builder = CandleBuilder(symbol: instrument.symbol, timeframes: wanted.map(\.0))
        venue = PaperBook(instrument: instrument, costs: costs, keptPrints: Self.keptPrints)
    }

    /// A print meets the orders that rest at the venue.
    mutating func meet(_ print: Print) -> [PaperReport] {
        seen = print.price
        return venue.handle(Tick(print))
    }

    /// Builds the candles: `changes` gets those that are final with this print.
    mutating func build(_ print: Print, into changes: inout CandleChanges) {
        builder.add(print, into: &changes)
        if let missing = builder.unanswered {
            // The file is all there is: what it does not have, nobody has.
            builder.answer([], decided: missing.upperBound, into: &changes)
        }
    }

    /// A print is over: its price is the last one.
    mutating func settle(_ print: Print) {
        earlier = price
        price = PricePoint(price: print.price, time: print.time)
    }

    /// The price just before a moment; nil before the first print.
    func price(before time: Timestamp) -> PricePoint? {
        guard let price, price.time >= time else { return price }
        return earlier ?? price
    }
}
