// The table of products and quotients that have a meaning. What is missing here has none.
//
//   Price × Quantity      → Money      Money × Ratio       → Money
//   Money ÷ Price         → Quantity   Price × Ratio       → Price
//   Money ÷ Money         → Ratio      Quantity × Ratio    → Quantity
//   Money × Quantity/Quantity → Money (the share of a cost)

extension Price {
    /// What `quantity` costs at this price.
    @inlinable
    public func times(_ quantity: Quantity, _ rounding: Rounding = .halfEven) -> Money {
        Money(raw: divide(Int128(raw) * Int128(quantity.raw), by: Int128(DecimalText.one), rounding))
    }

    /// This price scaled by a ratio.
    @inlinable
    public func times(_ ratio: Ratio, _ rounding: Rounding = .halfEven) -> Price {
        Price(raw: Int64(clamping: divide(Int128(raw) * Int128(ratio.raw), by: Int128(DecimalText.one), rounding)))
    }

    /// The nearest multiple of `step` in the direction of the rounding.
    @inlinable
    public func rounded(to step: Price, _ rounding: Rounding) -> Price {
        guard step.raw > 0 else { return self }
        return Price(raw: Int64(clamping: divide(Int128(raw), by: Int128(step.raw), rounding) * Int128(step.raw)))
    }

    /// How far this price is from `other`, as a share of `other`; always ≥ 0.
    @inlinable
    public func distance(from other: Price) -> Ratio {
        guard other.raw != 0 else { return Ratio(raw: .max) }
        let difference = Int128(raw) - Int128(other.raw)
        let share = divide(
            Int128(difference.magnitude) * Int128(DecimalText.one), by: Int128(other.raw.magnitude), .halfEven)
        return Ratio(raw: Int64(clamping: share))
    }
}

extension Quantity {
    /// This quantity scaled by a ratio, never more than it says.
    @inlinable
    public func times(_ ratio: Ratio, _ rounding: Rounding = .towardZero) -> Quantity {
        Quantity(raw: Int64(clamping: divide(Int128(raw) * Int128(ratio.raw), by: Int128(DecimalText.one), rounding)))
    }

    /// The largest multiple of `step` that is not larger.
    @inlinable
    public func roundedDown(to step: Quantity) -> Quantity {
        guard step.raw > 0 else { return self }
        return Quantity(raw: raw - raw % step.raw)
    }
}

extension Money {
    /// This amount scaled by a ratio.
    @inlinable
    public func times(_ ratio: Ratio, _ rounding: Rounding = .halfEven) -> Money {
        let (product, overflowed) = raw.multipliedReportingOverflow(by: Int128(ratio.raw))
        if !overflowed { return Money(raw: divide(product, by: Int128(DecimalText.one), rounding)) }
        let (whole, rest) = raw.quotientAndRemainder(dividingBy: Int128(DecimalText.one))
        return Money(
            raw: whole * Int128(ratio.raw) + divide(rest * Int128(ratio.raw), by: Int128(DecimalText.one), rounding))
    }

    /// How much of the base asset this amount buys at `price`, rounded towards zero; zero when the price is not positive.
    @inlinable
    public func buys(at price: Price) -> Quantity {
        guard price.raw > 0 else { return .zero }
        let (scaled, overflowed) = raw.multipliedReportingOverflow(by: Int128(DecimalText.one))
        guard !overflowed else { return Quantity(raw: .max) }
        return Quantity(raw: Int64(clamping: divide(scaled, by: Int128(price.raw), .towardZero)))
    }

    /// This amount as a share of `other`; zero when `other` is zero.
    @inlinable
    public func over(_ other: Money, _ rounding: Rounding = .halfEven) -> Ratio {
        guard other.raw != 0 else { return .zero }
        let sign: Int128 = other.raw < 0 ? -1 : 1
        let (scaled, overflowed) = raw.multipliedReportingOverflow(by: Int128(DecimalText.one))
        guard !overflowed else { return Ratio(raw: (raw < 0) == (other.raw < 0) ? .max : .min) }
        return Ratio(raw: Int64(clamping: divide(scaled * sign, by: other.raw * sign, rounding)))
    }

    /// The part of this amount that belongs to `part` of `whole`: all of it when they are equal, so that nothing is left behind.
    @inlinable
    public func share(_ part: Quantity, of whole: Quantity, _ rounding: Rounding = .halfEven) -> Money {
        guard whole.raw > 0, part != whole else { return part == whole ? self : .zero }
        let (product, overflowed) = raw.multipliedReportingOverflow(by: Int128(part.raw))
        if !overflowed { return Money(raw: divide(product, by: Int128(whole.raw), rounding)) }
        let (units, rest) = raw.quotientAndRemainder(dividingBy: Int128(whole.raw))
        let (most, tooMuch) = units.multipliedReportingOverflow(by: Int128(part.raw))
        let (sum, beyond) = most.addingReportingOverflow(
            divide(rest * Int128(part.raw), by: Int128(whole.raw), rounding))
        return Money(raw: tooMuch || beyond ? ((raw < 0) == (part.raw < 0) ? .max : .min) : sum)
    }

    /// What one unit costs when `quantity` cost this much; nil when there is none.
    @inlinable
    public func perUnit(of quantity: Quantity) -> Price? {
        guard quantity.raw > 0 else { return nil }
        let (scaled, overflowed) = raw.multipliedReportingOverflow(by: Int128(DecimalText.one))
        guard !overflowed else { return nil }
        return Price(raw: Int64(clamping: divide(scaled, by: Int128(quantity.raw), .halfEven)))
    }
}

extension Ratio {
    /// One.
    public static let one = Ratio(raw: DecimalText.one)

    /// Makes a ratio of two whole numbers, `numerator` ÷ `denominator`.
    ///
    /// - Precondition: `denominator` is positive.
    @inlinable
    public init(_ numerator: Int64, over denominator: Int64) {
        self.init(
            raw: Int64(
                clamping: divide(Int128(numerator) * Int128(DecimalText.one), by: Int128(denominator), .halfEven)))
    }

    /// The product of two ratios.
    @inlinable
    public func times(_ other: Ratio, _ rounding: Rounding = .halfEven) -> Ratio {
        Ratio(raw: Int64(clamping: divide(Int128(raw) * Int128(other.raw), by: Int128(DecimalText.one), rounding)))
    }
}
