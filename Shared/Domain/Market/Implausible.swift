/// Why something that came from outside cannot be true. The names are labels of metrics and do not change.
///
/// What comes over the bus is another process's word. One absurd time in it must not become the "now" after which nothing true is
/// accepted any more, nor one absurd number the end of the process.
public enum Implausible: String, CaseIterable, Sendable {
    /// Later than both our own clock and the newest believed exchange time by more than `ahead`.
    case future
    /// Earlier than the newest believed exchange time by more than `behind`, or before 1970.
    case past
    /// Not where a candle of its timeframe begins.
    case offGrid = "off_grid"
    case negativeID = "negative_id"
    /// A price or quantity that is zero or below, or an ask below its bid.
    case nonPositive = "non_positive"
    /// Of another market than its channel.
    case otherMarket = "other_market"

    /// A time may be so far ahead of the prices that are known.
    public static let ahead = Timestamp.Span.minutes(1)
    /// A price may be so far ahead: a stand-in exchange may run many times as fast as our clock.
    public static let priceAhead = Timestamp.Span.days(1)
    /// A time may be so far back.
    public static let behind = Timestamp.Span.days(8)

    /// The latest exchange time that is believed.
    ///
    /// - Parameters:
    ///   - clock: our own; it may be slow, or far ahead of an exchange that replays the past.
    ///   - newest: the newest exchange time that was believed; zero before the first.
    public static func latest(clock: Timestamp, newest: Timestamp) -> Timestamp { max(clock, newest) + ahead }

    /// Judges an exchange time; nil when it can be true.
    ///
    /// - Parameter ahead: how far ahead of both clocks it may be.
    public static func time(
        _ time: Timestamp, clock: Timestamp, newest: Timestamp, ahead: Timestamp.Span = ahead
    ) -> Implausible? {
        if time > max(clock, newest) + ahead { return .future }
        return time < max(newest - behind, .zero) ? .past : nil
    }
}

extension Implausible {
    /// Parts a batch of prints, oldest first, into those that can be true and the reasons against the others.
    public static func sift(
        _ prints: [Print], of market: Symbol, clock: Timestamp, newest: Timestamp
    ) -> (believed: [Print], refused: [Implausible]) {
        var newest = newest
        var (believed, refused): ([Print], [Implausible]) = ([], [])
        for print in prints {
            if let reason = print.implausible(in: market, clock: clock, newest: newest) {
                refused.append(reason)
            } else {
                newest = max(newest, print.time)
                believed.append(print)
            }
        }
        return (believed, refused)
    }
}

extension Print {
    /// Why this is no print of `market`; nil when it can be one.
    public func implausible(in market: Symbol, clock: Timestamp, newest: Timestamp) -> Implausible? {
        guard symbol == market else { return .otherMarket }
        guard id >= 0 else { return .negativeID }
        guard price.isPositive, quantity.isPositive else { return .nonPositive }
        return Implausible.time(time, clock: clock, newest: newest, ahead: Implausible.priceAhead)
    }
}

extension Quote {
    /// Why this is no quote of `market`; nil when it can be one.
    public func implausible(in market: Symbol, clock: Timestamp, newest: Timestamp) -> Implausible? {
        guard symbol == market else { return .otherMarket }
        guard bid.isPositive, ask >= bid else { return .nonPositive }
        return Implausible.time(time, clock: clock, newest: newest, ahead: Implausible.priceAhead)
    }
}

extension Signal {
    /// Why this is no signal; nil when it can be one.
    public func implausible(clock: Timestamp, newest: Timestamp) -> Implausible? {
        guard price.isPositive, stop?.isPositive ?? true, target?.isPositive ?? true else { return .nonPositive }
        return Implausible.time(candleClose, clock: clock, newest: newest)
    }
}

extension Candle {
    /// Why this is no candle; nil when it can be one.
    ///
    /// - Parameter newest: the open time of the newest candle of its market that was believed; zero before the first.
    public func implausible(clock: Timestamp, newest: Timestamp) -> Implausible? {
        guard low.isPositive, high >= max(open, close), low <= min(open, close), !volume.isNegative, tradeCount >= 0
        else { return .nonPositive }
        guard timeframe.open(containing: openTime) == openTime else { return .offGrid }
        return Implausible.time(openTime, clock: clock, newest: newest > .zero ? newest + timeframe.span : newest)
    }
}
