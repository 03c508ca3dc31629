import ArgumentParser

/// Measurements that `ops/bench` runs, each printing one JSON object.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks", abstract: "Measures the suite and the floor under it.",
        subcommands: [
            HopsFloor.self, SignalPath.self, PublishFloor.self, BarsFloor.self, BacktestSpeed.self, WriteBars.self,
            AlertBookSpeed.self,
        ])
}
