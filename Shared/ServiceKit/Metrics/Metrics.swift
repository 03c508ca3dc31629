import Synchronization

/// The registry of a service's metrics, rendered in the Prometheus text format 0.0.4.
///
/// Handles are made once and kept; making the same one again gives the same series. A name that is used with two types or
/// help texts, an invalid name and a series beyond the cap never fail the caller: it gets a handle that goes nowhere, and
/// `plimsoll_metric_conflicts_total` counts it.
package final class Metrics: Sendable {
    /// More series than this under one name are not kept.
    package static let seriesMax = 1000

    private struct State {
        var families: [String: Family] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let conflictsSeries = Counter()

    package init() {
        let conflicts = conflictsSeries
        state.withLock { state in
            state.families["plimsoll_metric_conflicts_total"] = Family(
                kind: .counter, help: "Metrics that were refused: name used twice, invalid, or too many series.",
                series: [[:]: .counter(conflicts)])
        }
    }

    /// A count that only grows; its name ends in `_total`.
    package func counter(_ name: String, _ help: String, labels: [String: String] = [:]) -> Counter {
        let made = Counter()
        if case .counter(let counter) = register(name, .counter, help, labels, .counter(made)) { return counter }
        return made
    }

    /// A value that goes up and down. It reads 0 until it is set.
    package func gauge(_ name: String, _ help: String, labels: [String: String] = [:]) -> Gauge {
        let made = Gauge()
        if case .gauge(let gauge) = register(name, .gauge, help, labels, .gauge(made)) { return gauge }
        return made
    }

    /// A distribution over fixed buckets, in seconds for durations.
    ///
    /// - Parameter buckets: upper bounds, ascending; put one at each limit that an objective names.
    package func histogram(
        _ name: String, _ help: String, buckets: [Double] = Histogram.fastBuckets, labels: [String: String] = [:]
    ) -> Histogram {
        let made = Histogram(buckets: buckets)
        if case .histogram(let histogram) = register(name, .histogram, help, labels, .histogram(made)) {
            return histogram
        }
        return made
    }

    /// Takes a series off the page, such as the figures of an account that is gone.
    package func remove(_ name: String, labels: [String: String]) {
        state.withLock { state in _ = state.families[name]?.series.removeValue(forKey: labels) }
    }

    /// Calls `update` before each rendering, to set gauges that cost something to know. It must not wait.
    package func beforeRender(_ update: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(update) }
    }

    /// The page: families by name, series by labels, so that equal states give equal pages.
    package func render() -> String {
        let collectors = state.withLock { $0.collectors }
        for collect in collectors { collect() }
        let families = state.withLock { $0.families }
        var page = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            family.render(name, into: &page)
        }
        return page
    }

    private func register(
        _ name: String, _ kind: Family.Kind, _ help: String, _ labels: [String: String], _ made: Family.Series
    ) -> Family.Series? {
        let accepted: Family.Series? = state.withLock { state in
            var family = state.families[name] ?? Family(kind: kind, help: help, series: [:])
            guard family.kind == kind, family.help == help else { return nil }
            if let series = family.series[labels] { return series }
            guard family.series.count < Self.seriesMax, MetricText.isValid(name, labels) else { return nil }
            guard family.series.isEmpty || family.hasSameShape(as: made, labels) else { return nil }
            family.series[labels] = made
            state.families[name] = family
            return made
        }
        if accepted == nil { conflictsSeries.increment() }
        return accepted
    }
}

/// All series of one name.
struct Family {
    enum Kind: String {
        case counter, gauge, histogram
    }

    enum Series {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    let kind: Kind
    let help: String
    var series: [[String: String]: Series]

    /// One name has one set of label names, and one set of buckets.
    func hasSameShape(as other: Series, _ labels: [String: String]) -> Bool {
        guard let (first, existing) = series.first, Set(first.keys) == Set(labels.keys) else { return false }
        if case .histogram(let left) = existing, case .histogram(let right) = other {
            return left.buckets == right.buckets
        }
        return true
    }

    func render(_ name: String, into page: inout String) {
        page += "# HELP \(name) \(MetricText.escapedHelp(help))\n# TYPE \(name) \(kind.rawValue)\n"
        let sorted = series.map { (MetricText.labels($0.key), $0.value) }.sorted { $0.0 < $1.0 }
        for (labels, series) in sorted {
            switch series {
            case .counter(let counter):
                page += "\(name)\(MetricText.braced(labels)) \(MetricText.number(counter.value))\n"
            case .gauge(let gauge): page += "\(name)\(MetricText.braced(labels)) \(MetricText.number(gauge.value))\n"
            case .histogram(let histogram): render(histogram, name, labels, into: &page)
            }
        }
    }

    private func render(_ histogram: Histogram, _ name: String, _ labels: String, into page: inout String) {
        let (counts, sum) = histogram.snapshot()
        let prefix = labels.isEmpty ? "" : "\(labels),"
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.buckets + [.infinity], counts) {
            total += count
            page += "\(name)_bucket{\(prefix)le=\"\(MetricText.number(bound))\"} \(total)\n"
        }
        page += "\(name)_sum\(MetricText.braced(labels)) \(MetricText.number(sum))\n"
        page += "\(name)_count\(MetricText.braced(labels)) \(total)\n"
    }
}
