import Foundation
import TestKit
import Testing

/// What `ops/bench --compare` says of a run beside its baseline.
@Suite struct CompareFiguresTests {
    private let figures = [
        "floor-hops": #"{"p50_us": 1000, "p99_us": 2000}"#, "signal-path": #"{"p50_us": 1500, "p99_us": 5000}"#,
        "memory": #"{"market-data": 20.0}"#,
    ]

    @Test func `the same figures are no regression, on a machine half as fast as well`() async throws {
        let kept = try await compare(figures, baseline: "{}", "keep")
        #expect(kept.status == 0)
        var slow = figures
        slow["floor-hops"] = #"{"p50_us": 2000, "p99_us": 4000}"#
        slow["signal-path"] = #"{"p50_us": 3000, "p99_us": 10000}"#
        let outcome = try await compare(slow, baseline: kept.baseline, "compare")
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.contains("0 of 3 are worse"))
    }

    @Test(arguments: [
        ("path_p50", #"{"path_p50": 1.0, "path_p99": 2.5}"#),
        ("memory", #"{"path_p50": 1.5, "memory_market-data": 10}"#),
    ])
    func `a ratio beyond its tolerance is shown, and the comparison fails`(_ name: String, _ baseline: String)
        async throws
    {
        let outcome = try await compare(figures, baseline: baseline, "compare")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("WORSE"))
        #expect(outcome.output.contains("1 of 2 are worse"))
        #expect(try await compare(figures, baseline: baseline, "show").status == 0)
    }

    @Test func `nothing to compare with is no success`() async throws {
        #expect(try await compare(figures, baseline: "{}", "compare").status == 1)
    }

    private func compare(
        _ figures: [String: String], baseline: String, _ mode: String
    ) async throws -> (status: Int32, output: String, baseline: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plimsoll-\(UUID().uuidString)")
        let run = folder.appending(path: "run")
        try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in figures { try Data(text.utf8).write(to: run.appending(path: "\(name).json")) }
        let file = folder.appending(path: "baseline.json")
        try Data(baseline.utf8).write(to: file)
        let outcome = try await Command.run(
            Repository.root.appending(path: "ops/lib/compare-figures").path, [run.path, file.path, mode])
        return (outcome.status, outcome.output + outcome.errors, try String(contentsOf: file, encoding: .utf8))
    }
}
