import Domain
import RiskManagerCore
import TestKit

/// A running account of 10,000 with nothing in it, a market at 100, and a signal with its stop at 98.
struct Case {
    var policy = RiskPolicy(
        riskPerTrade: ratio("0.005"),
        limits: RiskLimits(
            position: ratio("0.5"), grossExposure: ratio("0.8"), openPositions: 3, dailyLoss: ratio("0.03"),
            drawdown: ratio("0.1"), monthlyDrawdown: ratio("0.05"), monthlyDrawdownNearGoal: ratio("0.02")),
        entryExpiry: .seconds(30), stalePriceAfter: .seconds(15), reserveMargin: ratio("0.01"))
    var state = TradingState.running
    var cash = money("10000")
    var netDeposits = money("10000")
    var positions: [HeldPosition] = []
    var liveOrders: [LiveOrder] = []
    var marks = ProfitMarks(day: CivilDay(containing: Case.close))
    var prices: [Symbol: PricePoint] = [Case.btc: PricePoint(price: price("100"), time: Case.close)]
    var marketTime = Case.close
    var heardSince: [Symbol: Timestamp]?
    var instrument: Instrument? = Case.instrument
    var goals: [GoalStanding] = []
    var action = Signal.Action.enter
    var signalPrice = price("100")
    var stop: Price? = price("98")
    var target: Price? = price("103")

    static let btc = symbol("BTCUSDT")
    static let eth = symbol("ETHUSDT")
    static let close = Timestamp(seconds: 1_700_000_040)
    static let instrument = Instrument(
        symbol: btc, base: "BTC", quote: "USDT", tickSize: price("0.01"), lotSize: quantity("0.001"),
        minimumQuantity: quantity("0.001"), maximumQuantity: quantity("9000"), minimumNotional: money("5"))

    var signal: Signal {
        Signal(
            strategy: "momentum", symbol: Case.btc, timeframe: .minute1, candleClose: Case.close, action: action,
            price: signalPrice, stop: action == .enter ? stop : nil, target: action == .enter ? target : nil,
            confidence: .one, reasons: ["fast above slow"])
    }

    var account: AccountSnapshot {
        AccountSnapshot(
            id: "main", state: state, cash: cash, netDeposits: netDeposits, positions: positions,
            liveOrders: liveOrders, marks: marks)
    }

    var input: DecisionInput {
        DecisionInput(
            signal: signal, account: account,
            market: MarketSnapshot(prices: prices, time: marketTime, heardSince: heardSince),
            instrument: instrument, goals: goals, now: Case.close)
    }

    func decide() -> Decision { policy.decide(input) }

    var approved: ApprovedOrder? {
        guard case .approved(let approved) = decide().outcome else { return nil }
        return approved
    }

    var refusal: Refusal? {
        guard case .refused(let refusal) = decide().outcome else { return nil }
        return refusal
    }

    /// This case after a change.
    func with(_ change: (inout Case) -> Void) -> Case {
        var copy = self
        change(&copy)
        return copy
    }
}

func held(_ symbol: Symbol, _ amount: String, cost: String, strategy: String = "momentum") -> HeldPosition {
    HeldPosition(
        id: "pos-\(symbol)", symbol: symbol, quantity: quantity(amount), cost: money(cost), strategy: strategy)
}

func live(
    _ id: String, _ symbol: Symbol, _ purpose: OrderPurpose, remaining: String = "1", reserved: String = "0",
    strategy: String = "momentum"
) -> LiveOrder {
    LiveOrder(
        id: id, symbol: symbol, purpose: purpose, strategy: strategy, remaining: quantity(remaining),
        reserved: money(reserved))
}

func price(_ text: String) -> Price { Price(text) ?? .zero }
func quantity(_ text: String) -> Quantity { Quantity(text) ?? .zero }
func money(_ text: String) -> Money { Money(text) ?? .zero }
func ratio(_ text: String) -> Ratio { Ratio(text) ?? .zero }
func symbol(_ text: String) -> Symbol {
    guard let symbol = Symbol(text) else { preconditionFailure("\(text) is no symbol") }
    return symbol
}
