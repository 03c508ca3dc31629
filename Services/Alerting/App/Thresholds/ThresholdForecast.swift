import Domain
import Foundation

/// How often an alert would have fired with a number, by what Prometheus remembers.
struct ThresholdForecast: Sendable {
    /// One alert from its start to its end.
    struct Episode: Sendable, Equatable {
        let labels: [String: String]
        /// Seconds since 1970.
        let start: Double
        let end: Double
    }

    static let span = Timestamp.Span.days(7)
    /// Prometheus itself looks every five seconds; what is shorter than this may be missed.
    static let stepSeconds: Int64 = 30

    /// Newest first.
    let episodes: [Episode]
    /// With the number in force.
    let episodesNow: Int
    /// The highest value of what is compared, over all series; nil when there is none.
    let curve: ThresholdCurve

    /// - Throws: `PrometheusClient.Failure`.
    init(
        _ threshold: Threshold, _ value: Ratio, inForce: Ratio, at now: Timestamp, _ prometheus: PrometheusClient
    ) async throws(PrometheusClient.Failure) {
        let from = now - Self.span
        @Sendable func ask(_ expression: String) async -> Result<[PrometheusClient.Series], PrometheusClient.Failure> {
            do throws(PrometheusClient.Failure) {
                return .success(
                    try await prometheus.range(expression, from: from, to: now, stepSeconds: Self.stepSeconds))
            } catch { return .failure(error) }
        }
        async let proposed = ask(threshold.expression(with: value))
        async let measure = ask("max(\(threshold.measure))")
        async let present =
            value == inForce
            ? Result<[PrometheusClient.Series], PrometheusClient.Failure>.success([])
            : ask(threshold.expression(with: inForce))
        let (series, before, measured) = (try await proposed.get(), try await present.get(), try await measure.get())
        episodes = Self.episodes(series, threshold)
        episodesNow = value == inForce ? episodes.count : Self.episodes(before, threshold).count
        curve = ThresholdCurve(measured.first?.points ?? [], from: from, to: now)
    }

    /// The alerts that points at which an expression holds amount to.
    static func episodes(_ series: [PrometheusClient.Series], _ threshold: Threshold) -> [Episode] {
        series.flatMap { series in
            fired(runs(series.points.map(\.at)), threshold).map {
                Episode(labels: series.labels, start: $0.start, end: $0.end)
            }
        }.sorted { ($0.start, "\($0.labels)") > ($1.start, "\($1.labels)") }
    }

    /// Times without a gap.
    private static func runs(_ times: [Double]) -> [(start: Double, end: Double)] {
        times.reduce(into: []) { runs, time in
            if let last = runs.last, time - last.end <= Double(stepSeconds) * 1.5 {
                runs[runs.count - 1].end = time
            } else {
                runs.append((time, time))
            }
        }
    }

    /// What holds for less than the rule's `for` is not told; what comes back within its `keep_firing_for` is no new alert.
    private static func fired(
        _ runs: [(start: Double, end: Double)], _ threshold: Threshold
    ) -> [(start: Double, end: Double)] {
        runs.reduce(into: []) { fired, run in
            if let last = fired.last, run.start - last.end <= threshold.keepsFiring.seconds {
                fired[fired.count - 1].end = run.end
            } else if run.end - run.start >= threshold.holds.seconds {
                fired.append(run)
            }
        }
    }
}

/// The course of what a rule compares, the highest of each part of the span.
struct ThresholdCurve: Sendable {
    private static let parts = 160

    /// Nil where nothing is known.
    let values: [Double?]
    let highest: Double?
    /// Seconds since 1970 of the first known value; nil when there is none.
    let since: Double?

    init(_ points: [(at: Double, value: Double)], from: Timestamp, to: Timestamp) {
        let start = Double(from.nanoseconds) / 1e9
        let width = (to - from).seconds / Double(Self.parts)
        var values = [Double?](repeating: nil, count: Self.parts)
        for point in points {
            let part = min(Self.parts - 1, max(0, Int((point.at - start) / width)))
            values[part] = max(values[part] ?? point.value, point.value)
        }
        self.values = values
        highest = points.map(\.value).max()
        since = points.first?.at
    }

    /// Lines for a picture of 640 by 120, with the threshold's height.
    func picture(_ threshold: Double) -> (lines: [String], level: String) {
        let top = max(highest ?? 0, threshold) * 1.1
        let lowest = min(0, values.compactMap(\.self).min() ?? 0)
        func height(_ value: Double) -> String {
            let share = top > lowest ? (value - lowest) / (top - lowest) : 0
            return String(format: "%.1f", 119 - 118 * share)
        }
        var lines: [String] = []
        var line: [String] = []
        for (index, value) in values.enumerated() {
            guard let value else {
                if !line.isEmpty { lines.append(line.joined(separator: " ")) }
                line = []
                continue
            }
            line.append("\(index * 640 / (Self.parts - 1)),\(height(value))")
        }
        if !line.isEmpty { lines.append(line.joined(separator: " ")) }
        return (lines, height(threshold))
    }
}
