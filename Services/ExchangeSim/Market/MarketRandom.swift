import Glibc

/// A stream of random numbers that is a function of its keys alone (SplitMix64).
struct MarketRandom: Sendable {
    private var state: UInt64

    /// The stream of these keys: equal keys, equal numbers.
    init(_ keys: UInt64...) {
        state = 0x6a09_e667_f3bc_c908
        for key in keys {
            state ^= key
            state = Self.mixed(&state)
        }
    }

    mutating func next() -> UInt64 { Self.mixed(&state) }

    /// Evenly in 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Normal with mean 0 and deviation 1.
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * .pi * unit())
    }

    /// Like `normal`, with tails as fat as those of returns.
    mutating func fatTailed() -> Double { normal() * exp(0.45 * normal() - 0.1) }

    private static func mixed(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension String {
    /// FNV-1a, so that a name is a key.
    var stableKey: UInt64 {
        utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
