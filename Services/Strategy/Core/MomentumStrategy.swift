import Domain
import Indicators

/// Buys when the fast average of closes crosses above the slow one, leaves when it crosses below.
///
/// All of it is integer arithmetic on prices in units of 1e-8: averages are compared by their sums, crosswise, so no rounding can
/// make two runs differ. With periods up to 500 the largest product stays below 2e35, well inside 128 bits.
package struct MomentumStrategy: Strategy {
    package let parameters: MomentumParameters
    package let window: Int

    private var fast: RollingSum
    private var slow: RollingSum
    private var ranges: RollingSum
    private var previousClose: Price?
    /// The slow average was full at the bar before; then `lead` is the fast sum × slow less the slow sum × fast there.
    private var previousLead: Int128?

    package init(_ parameters: MomentumParameters) {
        self.parameters = parameters
        window = max(parameters.slow, parameters.atr) + 1
        fast = RollingSum(length: parameters.fast)
        slow = RollingSum(length: parameters.slow)
        ranges = RollingSum(length: parameters.atr)
    }

    package mutating func next(_ bar: Bar) -> Intent? {
        if let previousClose {
            ranges.push(trueRange(high: bar.high, low: bar.low, previousClose: previousClose).raw)
        }
        previousClose = bar.close
        fast.push(bar.close.raw)
        slow.push(bar.close.raw)
        guard slow.isFull else { return nil }
        let before = previousLead
        let lead = fast.sum * Int128(parameters.slow) - slow.sum * Int128(parameters.fast)
        previousLead = lead
        guard ranges.isFull, let before else { return nil }
        if before <= 0, lead > 0 { return entry(bar, lead) }
        if before >= 0, lead < 0 { return exit(bar, lead) }
        return nil
    }

    package mutating func reset() {
        fast.reset()
        slow.reset()
        ranges.reset()
        previousClose = nil
        previousLead = nil
    }

    /// Nil when the market stands still or the stop would be at or below zero: such a position could not be protected.
    private func entry(_ bar: Bar, _ lead: Int128) -> Intent? {
        guard
            let stop = Price(exactly: Int128(bar.close.raw) - distance(parameters.stopATR)),
            let target = Price(exactly: Int128(bar.close.raw) + distance(parameters.targetATR)),
            stop.isPositive, stop < bar.close, target > bar.close
        else { return nil }
        return .enter(
            stop: stop, target: target, confidence: confidence(lead),
            reasons: [
                crossing("above"),
                "mean true range over \(parameters.atr) candles is \(meanRange)",
                "stop \(stop) is \(parameters.stopATR) and target \(target) is \(parameters.targetATR) of it from the close \(bar.close)",
            ])
    }

    private func exit(_ bar: Bar, _ lead: Int128) -> Intent {
        .exit(confidence: confidence(-lead), reasons: [crossing("below"), "the close is \(bar.close)"])
    }

    private func crossing(_ direction: String) -> String {
        "the mean of \(parameters.fast) closes, \(mean(fast)), crossed \(direction) the mean of \(parameters.slow), \(mean(slow))"
    }

    /// A half, and more the further the averages are apart: 1 when it is a mean true range.
    private func confidence(_ lead: Int128) -> Ratio {
        let half = Ratio(1, over: 2)
        guard ranges.sum > 0 else { return half }
        let apart = lead * Int128(parameters.atr) * Int128(half.raw)
        let range = Int128(parameters.fast) * Int128(parameters.slow) * ranges.sum
        return half + min(half, Ratio(raw: Int64(clamping: apart / range)))
    }

    /// `multiple` mean true ranges in units of 1e-8, rounded down.
    private func distance(_ multiple: Ratio) -> Int128 {
        ranges.sum * Int128(multiple.raw) / (Int128(parameters.atr) * Int128(Ratio.one.raw))
    }

    private var meanRange: Price { mean(ranges) }

    private func mean(_ sum: RollingSum) -> Price { Price(raw: Int64(clamping: sum.sum / Int128(sum.length))) }
}

extension Price {
    fileprivate init?(exactly raw: Int128) {
        guard let raw = Int64(exactly: raw) else { return nil }
        self.init(raw: raw)
    }
}
