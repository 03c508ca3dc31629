import AlertingCore
import ArgumentParser
import Domain
import Foundation
import Glibc

/// The alert book alone: what an alert costs to take in, to hear of again and to look at in a round, and the memory it
/// takes. A tenth of the alerts is measured first: the costs must not grow with their number.
struct AlertBookSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert-book", abstract: "Runs the alert book over made-up alerts in memory.")

    @Option(help: "How many alerts.") var count = 100_000
    @Option(help: "How many groups.") var groups = 1000

    /// Costs of one alert, in nanoseconds of the processor.
    private struct Costs {
        var first = 0.0
        var again = 0.0
        var round = 0.0
        var bytes = 0.0
    }

    func run() throws {
        let few = try costs(count / 10, groups / 10)
        let many = try costs(count, groups)
        try report([
            "alerts": Double(count), "groups": Double(groups), "first_ns": many.first, "again_ns": many.again,
            "round_ns": many.round, "bytes_per_alert": many.bytes, "first_ratio": many.first / few.first,
            "again_ratio": many.again / few.again, "round_ratio": many.round / few.round,
        ])
    }

    private func costs(_ count: Int, _ groups: Int) throws -> Costs {
        let start = Timestamp(seconds: 1_700_000_000)
        let before = Self.residentBytes
        var book = AlertBook(try Self.settings())
        var costs = Costs()
        costs.first = try time(count) { Self.post(count, groups, to: &book, at: start) }
        costs.bytes = Double(Self.residentBytes - before) / Double(count)
        costs.again = try time(count) { Self.post(count, groups, to: &book, at: start + .seconds(10)) }
        var told = 0
        costs.round = try time(count) { told = book.advance(to: start + .seconds(30)).map(\.alerts.count).reduce(0, +) }
        guard told == count else { throw ValidationError("\(told) of \(count) alerts were told") }
        return costs
    }

    private func time(_ count: Int, _ work: () -> Void) throws -> Double {
        let spent = ProcessorTime()
        work()
        return spent.seconds * 1e9 / Double(count)
    }

    private static func settings() throws -> AlertBook.Settings {
        let critical = Route(
            receiver: "team", matchers: [try Matcher("severity=critical")], groupBy: ["alertname"],
            groupWait: .seconds(30))
        let desk = Route(
            receiver: "team", matchers: [try Matcher("team=~\"risk|execution\"")], groupBy: ["alertname"],
            groupWait: .seconds(30))
        return AlertBook.Settings(
            route: Route(receiver: "team", groupBy: ["alertname"], groupWait: .seconds(30), routes: [critical, desk]),
            destinations: ["team": [.init(name: "team/webhook/0", sendResolved: true)]])
    }

    /// In batches as Prometheus sends them.
    private static func post(_ count: Int, _ groups: Int, to book: inout AlertBook, at now: Timestamp) {
        for first in stride(from: 0, to: count, by: 64) {
            let batch = (first..<min(first + 64, count)).map { number in
                PostedAlert(
                    labels: Labels([
                        "alertname": "HighLatencyOfRequests\(number % groups)", "instance": "host-\(number):9100",
                        "job": "market-data", "severity": "warning", "team": "research",
                    ]), annotations: Labels(["summary": "Requests of host-\(number) take longer than a second"]),
                    startsAt: now, endsAt: now + .minutes(4), generatorURL: "http://prometheus:9090/graph?g0.expr=up")
            }
            _ = book.receive(batch, at: now)
        }
    }

    private static var residentBytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        // Zero where there is no /proc: the figure is then of no use, the others are.
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
