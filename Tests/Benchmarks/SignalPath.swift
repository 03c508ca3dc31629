import ArgumentParser
import Bus
import Contracts
import Domain
import Exchanges
import Foundation
import RiskManagerCore

/// Signal → order accepted by the venue, and its fill booked and told, in a running suite: enters and leaves one market again
/// and again.
///
/// No strategy of the suite may trade that market meanwhile. An exit takes longer than an entry: the protective orders are
/// withdrawn from the venue first.
struct SignalPath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal-path", abstract: "From a signal on the bus to the venue's acceptance of its order.")

    @OptionGroup var servers: Servers
    @OptionGroup var venue: VenueServer
    @Option(help: "Account that is measured.") var account = "main"
    @Option(help: "Strategy instance in whose name signals are sent.") var strategy = "momentum-1m"
    @Option(help: "Market.") var symbol = "BTCUSDT"
    @Option(help: "How many entries, and as many exits.") var count = 200

    /// A signal without an answer for this long has failed.
    private static let patience = Duration.seconds(5)
    /// Between two signals: the protective orders of an entry have to be in place before its exit.
    private static let pause = Duration.milliseconds(50)

    func run() async throws {
        guard let symbol = Symbol(symbol) else { throw ValidationError("--symbol is 1 to 20 of A-Z and 0-9") }
        let bus = try servers.bus()
        bus.start()
        var quotes = bus.subscribe(to: [Channels.quotes(symbol)], buffer: 1).makeAsyncIterator()
        let (answers, output) = AsyncStream.makeStream(of: Answer.self, bufferingPolicy: .bufferingNewest(4096))
        let listeners = listen(bus, output)
        defer { for listener in listeners { listener.cancel() } }
        let reports = try await venue.follow { order, status in
            if Self.accepting.contains(status) { output.yield(.accepted(order: order, at: .now)) }
        }
        defer { reports.cancel() }
        var answer = answers.makeAsyncIterator()
        var (entries, exits, booked, failed) = (Samples(), Samples(), Samples(), 0)
        var action = Signal.Action.enter
        var known: Envelope<QuoteUpdate>?
        while entries.count < count || exits.count < count {
            // Entries need the price of now; it comes a few times a second.
            if action == .enter, case .message(let quote)? = await quotes.next() { known = quote }
            guard let quote = known else { continue }
            let signal = signal(symbol, action, quote.data.quote)
            let began = ContinuousClock.now
            bus.publish(envelope(signal, at: quote.at), on: Channels.signals)
            if let times = await times(of: signal, since: began, &answer) {
                if action == .enter { entries.add(times.accepted) } else { exits.add(times.accepted) }
                if action == .enter { booked.add(times.booked) }
            } else {
                failed += 1
                guard failed <= count / 10 + 3 else { throw ValidationError("\(failed) signals led to no order") }
            }
            action = action == .enter ? .exit : .enter
            try await Task.sleep(for: Self.pause)
        }
        await bus.close()
        try report([
            "p50_us": entries.quantile(0.5), "p99_us": entries.quantile(0.99), "exit_p50_us": exits.quantile(0.5),
            "exit_p99_us": exits.quantile(0.99), "booked_p50_us": booked.quantile(0.5),
            "booked_p99_us": booked.quantile(0.99), "count": Double(entries.count), "failed": Double(failed),
        ])
    }

    private static let accepting: [BinanceOrderStatus] = [.new, .partiallyFilled, .filled]

    private enum Answer: Sendable {
        /// The venue says that it has an order.
        case accepted(order: String, at: ContinuousClock.Instant)
        /// The suite says what became of one.
        case order(signal: String, OrderState)
        case refused(signal: String)
        case secondPassed
    }

    /// What the suite says of orders and signals of the account, in one stream with the passing of time.
    private func listen(_ bus: Bus, _ output: AsyncStream<Answer>.Continuation) -> [Task<Void, Never>] {
        let account = account
        let orders = bus.subscribe(to: [Channels.orders])
        let refusals = bus.subscribe(to: [Channels.refusals])
        return [
            Task {
                for await case .message(let change) in orders where change.data.account == account {
                    output.yield(.order(signal: change.correlation, change.data.state))
                }
            },
            Task {
                for await case .message(let refusal) in refusals where refusal.data.account == account {
                    output.yield(.refused(signal: refusal.data.signalID))
                }
            },
            // Ends when it is cancelled.
            Task { while (try? await Task.sleep(for: .seconds(1))) != nil { output.yield(.secondPassed) } },
        ]
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

    private func envelope(_ signal: Signal, at time: Timestamp) -> Envelope<SignalRaised> {
        Envelope(
            id: signal.id, source: "benchmarks", at: time, correlation: signal.id, key: signal.symbol.name,
            data: SignalRaised(signal: signal))
    }

    /// Waits until the order of `signal` is accepted and booked; nil when it is refused or that does not happen in time.
    private func times(
        of signal: Signal, since began: ContinuousClock.Instant, _ answers: inout AsyncStream<Answer>.Iterator
    ) async -> (accepted: Duration, booked: Duration)? {
        let order = DerivedID.make("ord", Decision.id(signal: signal.id, account: account))
        var accepted: Duration?
        var booked: Duration?
        while let answer = await answers.next() {
            switch answer {
            case .accepted(order, let time): accepted = accepted ?? time - began
            case .order(signal.id, let state):
                switch state {
                case .open, .partiallyFilled, .filled: booked = booked ?? ContinuousClock.now - began
                case .rejected, .expired, .cancelled: return nil
                case .approved, .submitting: continue
                }
            case .refused(signal.id): return nil
            case .secondPassed: if ContinuousClock.now - began > Self.patience { return nil }
            case .order, .refused, .accepted: continue
            }
            if let accepted, let booked { return (accepted, booked) }
        }
        return nil
    }
}
