import Foundation
import Testing

@testable import ServiceKit

@Suite struct MetricsTests {
    @Test func `the page is sorted, escaped and cumulated`() {
        let metrics = Metrics()
        metrics.counter("plimsoll_b_total", "Second.", labels: ["x": "2"]).increment(by: 2)
        metrics.counter("plimsoll_b_total", "Second.", labels: ["x": "1"]).increment()
        metrics.counter("plimsoll_b_total", "Second.", labels: ["x": "1"]).increment(by: -1)
        metrics.gauge("plimsoll_a_ratio", "A \\ and\na line.", labels: ["z": "q\"\\\n", "y": "é"]).set(0.25)
        let histogram = metrics.histogram("plimsoll_c_seconds", "Third.", buckets: [1, 0.5], labels: ["r": "/"])
        for value in [0.5, 0.6, 3] { histogram.observe(value) }
        histogram.observe(.nan)
        #expect(
            metrics.render() == #"""
                # HELP plimsoll_a_ratio A \\ and\na line.
                # TYPE plimsoll_a_ratio gauge
                plimsoll_a_ratio{y="é",z="q\"\\\n"} 0.25
                # HELP plimsoll_b_total Second.
                # TYPE plimsoll_b_total counter
                plimsoll_b_total{x="1"} 1
                plimsoll_b_total{x="2"} 2
                # HELP plimsoll_c_seconds Third.
                # TYPE plimsoll_c_seconds histogram
                plimsoll_c_seconds_bucket{r="/",le="0.5"} 1
                plimsoll_c_seconds_bucket{r="/",le="1"} 2
                plimsoll_c_seconds_bucket{r="/",le="+Inf"} 3
                plimsoll_c_seconds_sum{r="/"} 4.1
                plimsoll_c_seconds_count{r="/"} 3
                # HELP plimsoll_metric_conflicts_total Metrics that were refused: name used twice, invalid, or too many series.
                # TYPE plimsoll_metric_conflicts_total counter
                plimsoll_metric_conflicts_total 0

                """#)
    }

    @Test func `misuse gives a handle that goes nowhere, and is counted`() {
        let metrics = Metrics()
        metrics.counter("a_total", "A.").increment()
        metrics.gauge("a_total", "A.").set(9)
        metrics.counter("a_total", "Another help.").increment()
        metrics.counter("a_total", "A.", labels: ["extra": "x"]).increment()
        metrics.counter("with space", "A.").increment()
        metrics.counter("b_total", "B.", labels: ["le": "x"]).increment()
        metrics.counter("b_total", "B.", labels: ["é": "x"]).increment()
        _ = metrics.histogram("h", "H.", buckets: [1])
        metrics.histogram("h", "H.", buckets: [2]).observe(1.0)
        let page = metrics.render()
        #expect(page.contains("\na_total 1\n"))
        #expect(page.contains("plimsoll_metric_conflicts_total 6\n"))
        #expect(!page.contains("b_total"))
    }

    @Test func `the number of series is capped`() {
        let metrics = Metrics()
        for index in 0..<Metrics.seriesMax + 5 {
            metrics.counter("many_total", "Many.", labels: ["i": "\(index)"]).increment()
        }
        let page = metrics.render()
        #expect(page.split(separator: "\n").filter { $0.hasPrefix("many_total{") }.count == Metrics.seriesMax)
        #expect(page.contains("plimsoll_metric_conflicts_total 5\n"))
    }

    @Test func `a removed series is off the page and can come back`() {
        let metrics = Metrics()
        let labels = ["goal": "g"]
        metrics.gauge("goal_ratio", "Goal.", labels: labels).set(1)
        metrics.remove("goal_ratio", labels: labels)
        #expect(!metrics.render().contains("goal_ratio"))
        metrics.gauge("goal_ratio", "Goal.", labels: labels).set(2)
        #expect(metrics.render().contains(#"goal_ratio{goal="g"} 2"#))
    }

    @Test func `counts from many tasks are not lost`() async {
        let metrics = Metrics()
        let counter = metrics.counter("n_total", "N.")
        let gauge = metrics.gauge("n", "N.")
        let histogram = metrics.histogram("n_seconds", "N.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        gauge.add(1)
                        histogram.observe(.microseconds(30))
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(gauge.value == 8000)
        #expect(histogram.count == 8000)
    }

    @Test func `a total counted elsewhere only rises`() {
        let counter = Metrics().counter("n_total", "N.")
        counter.raise(to: 5)
        counter.raise(to: 3)
        #expect(counter.value == 5)
    }

    @Test func `the process shows its memory, processor time, files and start`() throws {
        let metrics = Metrics()
        ProcessMetrics.register(in: metrics)
        var values: [Substring: Double] = [:]
        for line in metrics.render().split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[parts[0]] = Double(parts[1])
        }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
        #expect(try #require(values["process_open_fds"]) > 2)
        #expect(try #require(values["process_threads"]) >= 1)
        let start = try #require(values["process_start_time_seconds"])
        #expect(abs(start - Date().timeIntervalSince1970) < 3600)
    }
}
