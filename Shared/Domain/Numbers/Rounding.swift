/// How a result that does not fit 1e-8 is brought onto it. Named at each call, so that nobody rounds by accident.
public enum Rounding: Sendable {
    /// To the nearest; a tie goes to the even neighbour. The default for money.
    case halfEven
    /// Towards zero: never more than there is. The rule for quantities.
    case towardZero
    /// Away from zero: never less than is owed. The rule for reserves.
    case awayFromZero
}

/// Divides with the named rounding.
///
/// - Precondition: `divisor` is positive.
@inlinable
func divide(_ dividend: Int128, by divisor: Int128, _ rounding: Rounding) -> Int128 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    if remainder == 0 { return quotient }
    let step: Int128 = dividend < 0 ? -1 : 1
    switch rounding {
    case .towardZero:
        return quotient
    case .awayFromZero:
        return quotient + step
    case .halfEven:
        let twice = remainder.magnitude * 2
        if twice > divisor.magnitude { return quotient + step }
        if twice < divisor.magnitude { return quotient }
        return quotient.isMultiple(of: 2) ? quotient : quotient + step
    }
}
