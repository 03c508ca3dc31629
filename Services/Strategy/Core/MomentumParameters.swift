package import Domain

/// What the momentum strategy can be told.
package struct MomentumParameters: Hashable, Sendable {
    /// Closes in the fast average.
    package let fast: Int
    /// Closes in the slow average; more than `fast`.
    package let slow: Int
    /// True ranges in the mean true range.
    package let atr: Int
    /// Distance of the stop from the close, in mean true ranges.
    package let stopATR: Ratio
    /// Distance of the target from the close, in mean true ranges.
    package let targetATR: Ratio

    /// Reads `fast` (2…500, default 3), `slow` (3…500, default 8, more than `fast`), `atr` (1…500, default 14), `stop_atr` and
    /// `target_atr` (0.1…50, defaults 2 and 3).
    ///
    /// - Throws: `ParameterFaults` with all of them.
    package init(_ values: [String: String] = [:]) throws(ParameterFaults) {
        var reader = ParameterReader(values)
        let multiples = Ratio(1, over: 10)...Ratio(50, over: 1)
        fast = reader.integer("fast", in: 2...500, default: 3)
        slow = reader.integer("slow", in: 3...500, default: 8)
        atr = reader.integer("atr", in: 1...500, default: 14)
        stopATR = reader.ratio("stop_atr", in: multiples, default: Ratio(2, over: 1))
        targetATR = reader.ratio("target_atr", in: multiples, default: Ratio(3, over: 1))
        reader.require(fast < slow, "fast", "less than slow, which is \(slow)")
        try reader.finish()
    }
}
