import Backtest
import Domain
import Testing

/// One table of bars and what must come of it. Entry is decided at the close of the first bar, at 100.
struct ExitCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bars: [[Int64]]
    var exitAt: Int?
    let entry: String
    let exit: String?
    let reason: String?
    var testDescription: String { name }
}

@Suite("Exits by hand-written bars")
struct ScenarioTests {
    static let cases: [ExitCase] = [
        ExitCase(
            name: "the stop is hit inside the bar", bars: [[100, 101, 99, 100], [100, 102, 89, 91]], entry: "100",
            exit: "89", reason: "stop_loss"),
        ExitCase(
            name: "the stop at its very price", bars: [[100, 101, 99, 100], [100, 102, 90, 91]], entry: "100",
            exit: "90", reason: "stop_loss"),
        ExitCase(
            name: "one above the stop is no stop", bars: [[100, 101, 99, 100], [100, 102, 91, 95]], entry: "100",
            exit: nil, reason: nil),
        ExitCase(
            name: "the target is hit inside the bar", bars: [[100, 101, 99, 100], [100, 121, 98, 119]], entry: "100",
            exit: "121", reason: "take_profit"),
        ExitCase(
            name: "one below the target is no target", bars: [[100, 101, 99, 100], [100, 119, 98, 118]], entry: "100",
            exit: nil, reason: nil),
        ExitCase(
            name: "a gap through the stop sells at the open",
            bars: [
                [100, 101, 99, 100], [100, 103, 97, 99], [80, 85, 78, 84],
            ], entry: "100", exit: "80", reason: "stop_loss"),
        ExitCase(
            name: "a gap above the target sells at the open",
            bars: [
                [100, 101, 99, 100], [100, 103, 97, 99], [130, 131, 125, 126],
            ], entry: "100", exit: "130", reason: "take_profit"),
        ExitCase(
            name: "both in a rising bar: the low comes first, so it is the stop",
            bars: [[100, 101, 99, 100], [100, 125, 85, 110]], entry: "100", exit: "85", reason: "stop_loss"),
        ExitCase(
            name: "both in a falling bar: the high comes first, so it is the target",
            bars: [[100, 101, 99, 100], [100, 125, 85, 95]], entry: "100", exit: "125", reason: "take_profit"),
        ExitCase(
            name: "the strategy leaves: decided at the close, sold at the next open",
            bars: [[100, 101, 99, 100], [100, 103, 97, 99], [102, 105, 101, 104]], exitAt: 2, entry: "100",
            exit: "102", reason: "exit"),
        ExitCase(
            name: "the stop comes before the exit that is decided later",
            bars: [[100, 101, 99, 100], [100, 101, 88, 95], [96, 97, 95, 96]], exitAt: 2, entry: "100", exit: "88",
            reason: "stop_loss"),
        ExitCase(
            name: "the stop waits at the venue: a gap through it comes before the exit decided at the close before",
            bars: [[100, 101, 99, 100], [100, 103, 97, 99], [80, 85, 78, 84]], exitAt: 2, entry: "100", exit: "80",
            reason: "stop_loss"),
        ExitCase(
            name: "the entry fills at the next bar's open, wherever that is, and its stop holds at once",
            bars: [[100, 101, 99, 100], [104, 105, 90, 92]], entry: "104", exit: "90", reason: "stop_loss"),
        ExitCase(
            name: "a minute without trades fills nothing",
            bars: [[100, 101, 99, 100], [100, 100, 100, 100, 0], [101, 102, 100, 102]], entry: "101", exit: nil,
            reason: nil),
    ]

    @Test("the exit is the one the table says", arguments: cases)
    func exits(_ one: ExitCase) throws {
        let bars = one.bars.enumerated().map { index, row in
            bar(index, row[0], row[1], row[2], row[3], volume: row.count > 4 ? row[4] : 4)
        }
        let run = try Backtest.run(.scripted(stop: 90, target: 120, exitAt: one.exitAt), bars)
        #expect(run.books.fills.first?.price.description == one.entry)
        #expect(run.books.trades.first?.exitPrice.description == one.exit)
        #expect(run.books.trades.first?.reason == one.reason)
        #expect(run.books.trades.count == (one.exit == nil ? 0 : 1))
    }

    @Test("the money of a stop, to the last digit")
    func money() throws {
        let run = try Backtest.run(
            .scripted(stop: 90, target: 120), [bar(0, 100, 101, 99, 100), bar(1, 100, 102, 90, 91)])
        let trade = try #require(run.books.trades.first)
        // 0.5 % of 10,000 at risk over 10 to the stop: 5 units, 500 of notional.
        #expect(trade.quantity.description == "5")
        #expect(trade.realised.description == "-50")
        #expect(trade.multiple?.description == "-1")
        #expect(run.figures.endEquity.description == "9950")
        // From the high at 102, open profit included: 60 of 10,010.
        #expect(run.figures.maximumDrawdown.description == "0.00599401")
        #expect(run.decisions == ["approved": 1])
    }

    @Test("bars out of order and unknown markets are refused")
    func order() throws {
        var run = Backtest(.scripted(stop: 90, target: 120))
        try run.take([bar(1, 100, 101, 99, 100)])
        #expect(throws: BacktestError.outOfOrder(.btc, start)) { try run.take([bar(0, 100, 101, 99, 100)]) }
        #expect(throws: BacktestError.unknownInstrument(.eth)) {
            try run.take([bar(2, 100, 101, 99, 100, symbol: .eth)])
        }
    }
}
