import Domain
import ExecutionCore
import Synchronization

/// The paper venue as a `Venue`: the core that the backtest uses, fed with the suite's prints.
///
/// Its memory is the rows: after a restart the open ones are adopted with the candles since, and one that was being sent is
/// unknown to it.
final class PaperAdapter: Venue {
    let name = "paper"
    let validity = Duration.zero
    let remembers = false

    private struct State {
        var venue: PaperVenue
        /// The newest fills, until nobody can ask for them any more.
        var fills: [String: Fill] = [:]
        var sequence: [String] = []
        var report: (@Sendable (VenueNews) -> Void)?
        /// The markets whose orders were taken up, and the prints that wait for it in the others.
        var adopted: Set<Symbol> = []
        var waiting: [Symbol: [Print]] = [:]
    }

    private static let fillsKept = 4096
    private let state: Mutex<State>

    /// - Parameter keptPrints: how many prints per symbol an order that comes late can look back on.
    init(costs: PaperCosts, instruments: [Instrument] = [], keptPrints: Int = 4096) {
        state = Mutex(State(venue: PaperVenue(costs: costs, instruments: instruments, keptPrints: keptPrints)))
    }

    /// Takes prints in and tells of what they filled; those that come before the market's orders are adopted wait for them.
    func handle(_ prints: [Print]) {
        let (orders, report) = state.withLock { state -> ([VenueOrder], (@Sendable (VenueNews) -> Void)?) in
            var orders: [VenueOrder] = []
            for print in prints {
                guard state.adopted.contains(print.symbol) else {
                    state.waiting[print.symbol, default: []].append(print)
                    if state.waiting[print.symbol, default: []].count > Self.fillsKept {
                        state.waiting[print.symbol]?.removeFirst()
                    }
                    continue
                }
                orders += Self.keep(state.venue.handle(print), of: print.symbol, in: &state)
            }
            return (orders, state.report)
        }
        for order in orders { report?(.order(order)) }
    }

    func run(reporting: @escaping @Sendable (VenueNews) -> Void) async throws {
        state.withLock { $0.report = reporting }
        reporting(.connected)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    func adopt(_ symbol: Symbol, _ groups: [[Order]], since: [Print]) async {
        // What is not taken is unknown here from now on, which its desk finds when it asks.
        for group in groups {
            if let stop = group.first(where: { $0.type == .stop }),
                let target = group.first(where: { $0.type == .takeProfit })
            {
                _ = try? await place(stop: stop, target: target, list: "", claimed: .zero)
            } else {
                for order in group { _ = try? await place(order, as: order.type, claimed: .zero) }
            }
        }
        let waiting = state.withLock { state in
            state.adopted.insert(symbol)
            return state.waiting.removeValue(forKey: symbol) ?? []
        }
        await makeUp(for: since, symbol)
        handle(waiting)
    }

    func makeUp(for prints: [Print], _ symbol: Symbol) async {
        let (orders, report) = state.withLock { state -> ([VenueOrder], (@Sendable (VenueNews) -> Void)?) in
            let reports = state.venue.makeUp(for: prints.map { Tick($0) }, of: symbol)
            return (Self.keep(reports, of: symbol, in: &state), state.report)
        }
        for order in orders { report?(.order(order)) }
    }

    /// Whether something waits there for a price.
    func needsPrints(of symbol: Symbol) -> Bool {
        state.withLock { state in state.venue.open.contains { $0.symbol == symbol } }
    }

    /// Opens a market, once.
    func list(_ instrument: Instrument) { state.withLock { $0.venue.list(instrument) } }

    func place(_ order: Order, as type: OrderType, claimed: Timestamp) async throws(VenueError) -> VenueOrder {
        let sent = type == order.type ? order : order.sold(as: type)
        return try placed([order.id], order.symbol) { $0.place(sent) }[0]
    }

    func place(
        stop: Order, target: Order, list: String, claimed: Timestamp
    ) async throws(VenueError) -> [VenueOrder] {
        try placed([stop.id, target.id], stop.symbol) { $0.place(stop: stop, target: target) }
    }

    func cancel(_ id: String, _ symbol: Symbol) async throws(VenueError) {
        let ids = state.withLock { $0.venue.cancel(id, of: symbol) }
        if ids.isEmpty { throw VenueError(kind: .unknown, message: "no such open order") }
    }

    func find(_ id: String, _ symbol: Symbol) async throws(VenueError) -> VenueOrder? {
        state.withLock { Self.view(id, symbol, in: $0) }
    }

    func fills(of order: VenueOrder) async throws(VenueError) -> [Fill] {
        state.withLock { state in state.fills[order.id].map { [$0] } ?? [] }
    }

    func openOrders() async throws(VenueError) -> [VenueOrder] {
        state.withLock { state in state.venue.open.compactMap { Self.view($0.id, $0.symbol, in: state) } }
    }

    func holdings() async throws(VenueError) -> [String: Quantity]? { nil }

    private func placed(
        _ ids: [String], _ symbol: Symbol, _ body: (inout PaperVenue) -> [PaperReport]?
    ) throws(VenueError) -> [VenueOrder] {
        let orders = state.withLock { state -> [VenueOrder]? in
            guard let reports = body(&state.venue) else { return nil }
            _ = Self.keep(reports, of: symbol, in: &state)
            return ids.compactMap { Self.view($0, symbol, in: state) }
        }
        guard let orders, orders.count == ids.count else {
            throw VenueError(kind: .refused, message: "\(symbol) is not traded here")
        }
        return orders
    }

    private static func keep(_ reports: [PaperReport], of symbol: Symbol, in state: inout State) -> [VenueOrder] {
        let ids = reports.map { report in
            switch report {
            case .filled(let fill):
                if state.fills.updateValue(fill, forKey: fill.orderID) == nil { state.sequence.append(fill.orderID) }
                if state.sequence.count > fillsKept { state.fills[state.sequence.removeFirst()] = nil }
                return fill.orderID
            case .cancelled(let id): return id
            }
        }
        return ids.compactMap { view($0, symbol, in: state) }
    }

    private static func view(_ id: String, _ symbol: Symbol, in state: State) -> VenueOrder? {
        guard let status = state.venue.status(of: id, in: symbol) else { return nil }
        let fill = state.fills[id]
        return VenueOrder(
            id: id, symbol: symbol, venueID: id, status: status, executed: fill?.quantity ?? .zero,
            fills: fill.map { [$0] } ?? [])
    }
}

extension Order {
    /// The same order, sent as another type: a protective order that execution fires itself leaves as a market order.
    func sold(as type: OrderType, now: Timestamp? = nil) -> Order {
        Order(
            id: id, account: account, symbol: symbol, side: side, type: type, purpose: purpose, quantity: quantity,
            limitPrice: limitPrice, triggerPrice: triggerPrice, protectiveStop: protectiveStop,
            protectiveTarget: protectiveTarget, strategy: strategy, reason: reason, correlation: correlation,
            decidedAt: now ?? decidedAt, expiresAt: expiresAt)
    }
}
