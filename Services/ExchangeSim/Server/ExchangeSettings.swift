import Domain
import Exchanges

/// How the stand-in exchange is set up.
struct ExchangeSettings: Sendable {
    /// Where the market comes from.
    enum Mode: Sendable {
        /// Made by the generator, for these symbols.
        case generator([Symbol])
        /// Read from these files.
        case replay([String])
    }

    /// How the exchange's time goes.
    enum Pace: Sendable, Equatable {
        /// This many times as fast as real time.
        case running(Double)
        /// It stands still until told to move.
        case stepped
    }

    /// Somebody who may trade.
    struct Account: Sendable {
        var signer: BinanceSigner
        /// What is there at the start, by asset.
        var balances: [String: Money]

        init(signer: BinanceSigner, balances: [String: Money] = ["USDT": Money(raw: 10_000 * 100_000_000)]) {
            self.signer = signer
            self.balances = balances
        }
    }

    var host = "127.0.0.1"
    /// 0 for any free port.
    var port = 0
    var mode: Mode
    var pace = Pace.running(1)
    var seed: UInt64 = 1
    /// Recordings of bars and trades do not tell of quotes: one around each trade is made up.
    var quotesAroundTrades = true
    /// Of one generated market, on average.
    var tradesPerSecond = 1
    /// How much of the generated past there is.
    var history: Timestamp.Span = .days(2)
    /// The exchange's time at the start; nil for now (generator) or the beginning of the recording.
    var start: Timestamp?
    var accounts: [Account] = []
    var rules = VenueRules()
    /// Request weight per minute.
    var weightLimit = 6000

    /// Where accounts and orders are kept between runs; nil for nowhere.
    var stateFile: String?

    init(mode: Mode) { self.mode = mode }
}
