/// The prints that a bar stands for: open, low and high (low first when it closed at or above its open, else high first), close.
///
/// Their open, high, low, close and volume are the bar's, exactly. They fall at 1/60, 20/60, 40/60 and 59/60 of the bar,
/// so that what is decided at the close before and is effective within a second (of a minute) trades at the open.
/// A bar without volume has no prints. Of a bar with fewer than four steps of 1e-8 of volume some prints are of quantity zero.
public struct BarPrints: RandomAccessCollection, Sendable {
    @usableFromInline let bar: Candle
    @usableFromInline let firstID: Int64

    /// The prints of `bar`, with ids `firstID`, `firstID + 1`, …
    @inlinable
    public init(_ bar: Candle, firstID: Int64 = 1) {
        self.bar = bar
        self.firstID = firstID
    }

    /// Always 0.
    @inlinable public var startIndex: Int { 0 }
    /// 4, or 0 without volume.
    @inlinable public var endIndex: Int { bar.volume.isPositive ? 4 : 0 }

    /// The print at `position`, 0 … 3.
    ///
    /// - Precondition: `position` is an index of this collection.
    @inlinable
    public subscript(position: Int) -> Print {
        precondition(position >= 0 && position < endIndex, "no such print")
        return Print(
            id: firstID + Int64(position), symbol: bar.symbol, price: price(position), quantity: quantity(position),
            aggressor: aggressor(position), time: time(position))
    }

    @inlinable var rises: Bool { bar.close >= bar.open }

    @inlinable
    func price(_ position: Int) -> Price {
        switch position {
        case 0: bar.open
        case 1: rises ? bar.low : bar.high
        case 2: rises ? bar.high : bar.low
        default: bar.close
        }
    }

    @inlinable
    func quantity(_ position: Int) -> Quantity {
        let quarter = bar.volume.raw / 4
        return Quantity(raw: position == 3 ? bar.volume.raw - 3 * quarter : quarter)
    }

    @inlinable
    func aggressor(_ position: Int) -> Side {
        switch position {
        case 0: rises ? .buy : .sell
        case 1: rises ? .sell : .buy
        case 2: rises ? .buy : .sell
        default: bar.close >= price(2) ? .buy : .sell
        }
    }

    @inlinable
    func time(_ position: Int) -> Timestamp {
        let sixtieth = bar.timeframe.span.nanoseconds / 60
        let parts: Int64 =
            switch position {
            case 0: 1
            case 1: 20
            case 2: 40
            default: 59
            }
        return bar.openTime + Timestamp.Span(nanoseconds: sixtieth * parts)
    }
}
