package import Domain

/// Why a signal became no order: a closed set, each with the numbers that decided.
package enum Refusal: Hashable, Sendable {
    case tradingPaused
    case tradingStopped
    case unknownInstrument(Symbol)
    /// The decision came too late.
    case expired(age: Timestamp.Span, limit: Timestamp.Span)
    case priceMissing(Symbol)
    case priceStale(Symbol, age: Timestamp.Span, limit: Timestamp.Span)
    case stopMissing
    /// The stop is not below the price, or is no price.
    case stopInvalid(stop: Price, price: Price)
    case targetInvalid(target: Price, price: Price)
    case alreadyInPosition(Symbol, held: Quantity)
    case entryInProgress(Symbol, order: String)
    case openPositionsLimit(open: Int, limit: Int)
    case noEquity(Money)
    case drawdownLimit(drawdown: Ratio, limit: Ratio)
    case monthlyDrawdownLimit(drawdown: Ratio, limit: Ratio)
    case dailyLossLimit(loss: Ratio, limit: Ratio)
    /// A limit on losses was reached before, and still holds.
    case breached(Breach)
    /// What a cap leaves is less than the smallest order the venue takes.
    case capReached(Sizing.Kind, left: Money, smallest: Money)
    /// The risk that the owner allows is less than the smallest order the venue takes.
    case venueFilter(Instrument.Violation)
    case nothingToExit(Symbol, strategy: String)
    case exitInProgress(Symbol, order: String)
    /// What is held is less than the venue's lot.
    case dust(Symbol, held: Quantity)
}

extension Refusal {
    /// Stable, for metrics, alerts and searches.
    package var code: String {
        switch self {
        case .tradingPaused: "trading_paused"
        case .tradingStopped: "trading_stopped"
        case .unknownInstrument: "unknown_instrument"
        case .expired: "expired"
        case .priceMissing: "price_missing"
        case .priceStale: "price_stale"
        case .stopMissing: "stop_missing"
        case .stopInvalid: "stop_invalid"
        case .targetInvalid: "target_invalid"
        case .alreadyInPosition: "already_in_position"
        case .entryInProgress: "entry_in_progress"
        case .openPositionsLimit: "open_positions_limit"
        case .noEquity: "no_equity"
        case .drawdownLimit: "drawdown_limit"
        case .monthlyDrawdownLimit: "monthly_drawdown_limit"
        case .dailyLossLimit: "daily_loss_limit"
        case .breached(let breach): breach.limit.refusalCode
        case .capReached(let kind, _, _): kind.refusalCode
        case .venueFilter(let violation): violation.refusalCode
        case .nothingToExit: "nothing_to_exit"
        case .exitInProgress: "exit_in_progress"
        case .dust: "below_lot"
        }
    }
}

extension Refusal: CustomStringConvertible {
    /// In words, for the owner, with the numbers that decided.
    package var description: String {
        switch self {
        case .tradingPaused: "trading is paused"
        case .tradingStopped: "trading is stopped"
        case .unknownInstrument(let symbol): "the venue's rules for \(symbol) are not known"
        case .expired(let age, let limit): "the signal is \(age.words) old, and after \(limit.words) it is too late"
        case .priceMissing(let symbol): "there is no price of \(symbol)"
        case .priceStale(let symbol, let age, let limit):
            "the last price of \(symbol) is \(age.words) old, and after \(limit.words) it is no price"
        case .stopMissing: "the signal names no stop"
        case .stopInvalid(let stop, let price): "the stop \(stop) is not below the price \(price)"
        case .targetInvalid(let target, let price): "the target \(target) is not above the price \(price)"
        case .alreadyInPosition(let symbol, let held): "\(held) \(symbol) are held already"
        case .entryInProgress(let symbol, let order): "an entry into \(symbol) is under way: \(order)"
        case .openPositionsLimit(let open, let limit): "\(open) positions are open or under way, the limit is \(limit)"
        case .noEquity(let equity): "the equity is \(equity)"
        case .drawdownLimit(let drawdown, let limit):
            "the drawdown from the highest equity is \(drawdown.percent), the limit is \(limit.percent)"
        case .monthlyDrawdownLimit(let drawdown, let limit):
            "the drawdown of this month is \(drawdown.percent), the limit is \(limit.percent)"
        case .dailyLossLimit(let loss, let limit):
            "today's loss is \(loss.percent) of the equity it began with, the limit is \(limit.percent)"
        case .breached(let breach): breach.description
        case .capReached(let kind, let left, let smallest):
            "the \(kind.words) leaves \(left), the smallest order is \(smallest)"
        case .venueFilter(let violation): violation.description
        case .nothingToExit(let symbol, let strategy): "\(strategy) holds no \(symbol)"
        case .exitInProgress(let symbol, let order): "\(symbol) is being sold already: \(order)"
        case .dust(let symbol, let held): "the \(held) \(symbol) that are held are less than the venue's lot"
        }
    }
}

extension Sizing.Kind {
    fileprivate var refusalCode: String {
        switch self {
        case .position: "position_limit"
        case .grossExposure: "exposure_limit"
        case .cash: "insufficient_cash"
        case .orderNotional: "order_notional_limit"
        case .venueMaximum: "above_maximum_quantity"
        }
    }

    /// As it is called in a sentence.
    var words: String {
        switch self {
        case .position: "limit of one position"
        case .grossExposure: "limit of the gross exposure"
        case .cash: "free cash"
        case .orderNotional: "limit of one order"
        case .venueMaximum: "venue's maximum"
        }
    }
}

extension Instrument.Violation {
    fileprivate var refusalCode: String {
        switch self {
        case .belowMinimumQuantity: "below_minimum_quantity"
        case .aboveMaximumQuantity: "above_maximum_quantity"
        case .belowMinimumNotional: "below_minimum_notional"
        }
    }
}
