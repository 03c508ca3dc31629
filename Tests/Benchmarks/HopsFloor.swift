import ArgumentParser
import Bus
import Contracts
import Domain
import Store

/// The floor of signal → order: a message over Redis, a commit through PgBouncer, a message, a commit.
///
/// Nothing is decided and nothing is sent: what the suite takes above this is its own doing.
struct HopsFloor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor-hops", abstract: "Two Redis hops and two commits through PgBouncer.")

    @OptionGroup var servers: Servers
    @OptionGroup var databaseServer: DatabaseServer
    @Option(help: "How many round trips.") var count = 2000

    func run() async throws {
        let bus = try servers.bus()
        bus.start()
        let database = try databaseServer.database()
        var samples = Samples()
        let there = bus.subscribe(to: [Channels.signals])
        var back = bus.subscribe(to: [Channels.approvals]).makeAsyncIterator()
        async let answers: Void = answer(there, bus, database)
        guard case .connected? = await back.next() else { throw ValidationError("Redis did not answer") }
        // The other end subscribes by itself, and tells nobody.
        try await Task.sleep(for: .milliseconds(200))
        for number in 0..<count {
            let began = ContinuousClock.now
            bus.publish(envelope("s\(number)", SignalRaised(signal: .example(number))), on: Channels.signals)
            while case .message? = await back.next() { break }
            try await commit(database, "second\(number)")
            samples.add(ContinuousClock.now - began)
        }
        await bus.close()
        try await answers
        await database.close()
        try report(["p50_us": samples.quantile(0.5), "p99_us": samples.quantile(0.99), "count": Double(samples.count)])
    }

    private func answer(
        _ signals: AsyncStream<BusMessage<SignalRaised>>, _ bus: Bus, _ database: Database
    ) async throws {
        for await item in signals {
            guard case .message(let signal) = item else { continue }
            try await commit(database, signal.id)
            bus.publish(
                envelope("a" + signal.id, OrderApproved(orderID: signal.id, account: "floor")), on: Channels.approvals)
        }
    }

    private func commit(_ database: Database, _ id: String) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.execute(
                "INSERT INTO consumed_events (consumer, event_id) VALUES ('floor', $1) ON CONFLICT DO NOTHING", [id])
        }
    }

    private func envelope<Body: Message>(_ id: String, _ body: Body) -> Envelope<Body> {
        Envelope(id: id, source: "floor", at: .zero, correlation: id, key: "floor", data: body)
    }
}

extension Signal {
    /// A signal of the usual size.
    fileprivate static func example(_ number: Int) -> Signal {
        let symbol = Symbol("BTCUSDT") ?? { preconditionFailure("a literal symbol is well formed") }()
        return Signal(
            strategy: "momentum-1m", symbol: symbol, timeframe: .minute1,
            candleClose: Timestamp(seconds: Int64(number) * 60), action: .enter, price: Price(raw: 6_425_001_000_000),
            stop: Price(raw: 6_400_000_000_000), target: Price(raw: 6_475_000_000_000), confidence: .one,
            reasons: ["the mean of the last 3 closes crossed above the mean of the last 8"])
    }
}
