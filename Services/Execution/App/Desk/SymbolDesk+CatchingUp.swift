import Domain
import ExecutionCore
import Logging

/// What happened in the market while nobody of us was there to see it.
extension SymbolDesk {
    /// Since when something has been waiting that only our prints set off: orders at a venue without a memory of its own, and
    /// exits that no venue holds. Nil when there is none.
    var waitingSince: Timestamp? {
        orders.values.filter { tracked in
            (tracked.isAtVenue && !parts.venue.remembers)
                || (tracked.life.state == .approved && tracked.booked.isExit)
        }.map(\.booked.order.decidedAt).min()
    }

    /// Gives a venue without a memory the orders that rest there, pair by pair, and what happened in the market since.
    ///
    /// - Parameter booked: minute candles since then, where they are known.
    func adopt(booked: [Candle]) async {
        var history: [Print] = booked.flatMap { BarPrints($0) }
        if let since = waitingSince {
            do {
                history = try await parts.history.since(since, of: symbol, booked: booked)
                if let last = history.last { await parts.known(last) }
            } catch {
                fellBehind(since, error)
            }
        }
        for print in history { touched.note(print.price, at: print.time) }
        guard !parts.venue.remembers else { return }
        let resting = orders.values.filter(\.isAtVenue).sorted { $0.id < $1.id }
        let groups = Dictionary(grouping: resting) { "\($0.booked.position ?? $0.id) \($0.booked.version ?? 0)" }
        await parts.venue.adopt(
            symbol, groups.keys.sorted().map { groups[$0]?.map(\.booked.order) ?? [] }, since: history)
    }

    /// Fetches what could not be fetched at the start. What rests still meets it then, late but not never.
    func catchUp() async {
        guard let since = behind, ContinuousClock.now >= nextCatchUp else { return }
        do {
            let prints = try await parts.history.since(since, of: symbol)
            behind = nil
            for print in prints { touched.note(print.price, at: print.time) }
            await parts.venue.makeUp(for: prints, symbol)
            if let last = prints.last { await parts.known(last) }
        } catch {
            fellBehind(since, error)
        }
        parts.metrics.behind(symbol, behind != nil)
    }

    private func fellBehind(_ since: Timestamp, _ error: any Error) {
        if behind == nil {
            parts.logger.error(
                "what happened in the market since the last start cannot be asked for",
                metadata: ["symbol": "\(symbol)", "since": "\(since)", "error": "\(error)"])
        }
        behind = min(behind ?? since, since)
        nextCatchUp = .now + .seconds(1)
        parts.metrics.behind(symbol, true)
    }

    /// Is woken by prints only while it compares something with them.
    func watch() { inbox.watch(liveExits.contains { $0.state == .approved }) }
}
