import Foundation

/// Durations that were measured, and what is said of them.
struct Samples {
    private var durations: [Duration] = []

    mutating func add(_ duration: Duration) { durations.append(duration) }

    var count: Int { durations.count }

    /// The duration that a share of the samples does not exceed, in microseconds.
    func quantile(_ share: Double) -> Double {
        let sorted = durations.sorted()
        guard !sorted.isEmpty else { return 0 }
        let index = min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)
        let (seconds, attoseconds) = sorted[max(0, index)].components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }
}

/// Processor time of this process from a moment on, of all its threads.
struct ProcessorTime {
    private let start = clock()

    var seconds: Double { Double(clock() - start) / Double(CLOCKS_PER_SEC) }
}

/// Prints figures as one line of JSON with sorted keys.
func report(_ figures: [String: Double]) throws {
    let rounded = figures.mapValues { ($0 * 100).rounded() / 100 }
    let data = try JSONSerialization.data(withJSONObject: rounded, options: [.sortedKeys])
    print(String(data: data, encoding: .utf8) ?? "{}")
}
