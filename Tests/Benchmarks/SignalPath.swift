import ArgumentParser
import Bus
import Contracts
import Domain
import Foundation

/// Signal → order accepted by the venue, in a running suite: enters and leaves one market again and again.
struct SignalPath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal-path", abstract: "From a signal on the bus to the venue's acceptance of its order.")

    @OptionGroup var servers: Servers
    @Option(help: "Account that is measured.") var account = "main"
    @Option(help: "Strategy instance in whose name signals are sent.") var strategy = "momentum-1m"
    @Option(help: "Market.") var symbol = "BTCUSDT"
    @Option(help: "How many signals.") var count = 200

    func run() async throws {
        guard let symbol = Symbol(symbol) else { throw ValidationError("--symbol is 1 to 20 of A-Z and 0-9") }
        let bus = try servers.bus()
        bus.start()
        var orders = bus.subscribe(to: [Channels.orders]).makeAsyncIterator()
        let refusals = bus.subscribe(to: [Channels.refusals])
        var quotes = bus.subscribe(to: [Channels.quotes(symbol)], buffer: 1).makeAsyncIterator()
        async let refused = Self.count(refusals)
        var samples = Samples()
        var entering = true
        while samples.count < count {
            guard case .message(let quote)? = await quotes.next() else { continue }
            let signal = signal(symbol, entering ? .enter : .exit, quote.data.quote)
            let began = ContinuousClock.now
            bus.publish(
                Envelope(
                    id: signal.id, source: "benchmarks", at: quote.at, correlation: signal.id, key: symbol.name,
                    data: SignalRaised(signal: signal)), on: Channels.signals)
            guard try await accepted(&orders, signal) else { continue }
            samples.add(ContinuousClock.now - began)
            entering.toggle()
            try await Task.sleep(for: .milliseconds(50))
        }
        await bus.close()
        try report([
            "p50_us": samples.quantile(0.5), "p99_us": samples.quantile(0.99), "count": Double(samples.count),
            "refused": Double(await refused),
        ])
    }

    private func signal(_ symbol: Symbol, _ action: Signal.Action, _ quote: Quote) -> Signal {
        let entering = action == .enter
        return Signal(
            strategy: strategy, symbol: symbol, timeframe: .minute1,
            candleClose: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)), action: action,
            price: quote.ask, stop: entering ? quote.bid.times(Ratio(95, over: 100)) : nil,
            target: entering ? quote.ask.times(Ratio(110, over: 100)) : nil, confidence: .one,
            reasons: ["a measurement of signal → order"])
    }

    /// Waits for the venue's word on the order of `signal`; false when none comes within two seconds.
    private func accepted(
        _ orders: inout AsyncStream<BusMessage<OrderChanged>>.Iterator, _ signal: Signal
    ) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < deadline, let item = await orders.next() {
            guard case .message(let change) = item, change.data.account == account,
                change.correlation == signal.id
            else { continue }
            switch change.data.state {
            case .open, .partiallyFilled, .filled: return true
            case .rejected, .expired, .cancelled: return false
            case .approved, .submitting: continue
            }
        }
        return false
    }

    private static func count(_ refusals: AsyncStream<BusMessage<SignalRefused>>) async -> Int {
        var count = 0
        for await item in refusals { if case .message = item { count += 1 } }
        return count
    }
}
