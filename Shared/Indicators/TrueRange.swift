package import Domain

/// How far the price went in one bar, the jump from the close before it included (Wilder 1978).
///
/// - Returns: the largest of high − low, |high − previous close| and |low − previous close|.
package func trueRange(high: Price, low: Price, previousClose: Price) -> Price {
    Price(raw: max(high.raw, previousClose.raw) - min(low.raw, previousClose.raw))
}
