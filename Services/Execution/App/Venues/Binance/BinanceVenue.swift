import Domain
import Exchanges
import ExecutionCore
import Logging

/// Binance spot as a `Venue`.
struct BinanceVenue: Venue {
    let name = "binance"
    let account: String
    let rest: BinanceREST
    let stream: BinanceUserStream
    let rules: MarketRules
    /// The exchange honours its window; what is added is for the clocks.
    var validity: Duration { rest.configuration.receiveWindow + .seconds(1) }

    func run(reporting: @escaping @Sendable (VenueNews) -> Void) async throws {
        try await stream.run { event in
            switch event {
            case .connected: reporting(.connected)
            case .disconnected(let reason): reporting(.disconnected(reason: reason))
            case .report(let report): reporting(.order(view(report)))
            }
        }
    }

    var remembers: Bool { true }

    func adopt(_ symbol: Symbol, _ groups: [[Order]], since: [Print]) async {}

    func makeUp(for prints: [Print], _ symbol: Symbol) async {}

    func place(_ order: Order, as type: OrderType, claimed: Timestamp) async throws(VenueError) -> VenueOrder {
        guard let new = BinanceNewOrder(order.sold(as: type)) else {
            throw VenueError(kind: .refused, message: "a \(type.rawValue) order without its price")
        }
        do throws(BinanceError) { return view(try await rest.place(new, decidedAt: claimed)) } catch {
            throw VenueError(error)
        }
    }

    func place(
        stop: Order, target: Order, list: String, claimed: Timestamp
    ) async throws(VenueError) -> [VenueOrder] {
        guard let stopPrice = stop.triggerPrice, let targetPrice = target.triggerPrice else {
            throw VenueError(kind: .refused, message: "a protective order without its trigger")
        }
        let pair = BinanceNewOCO(
            symbol: stop.symbol, side: stop.side, quantity: stop.quantity, stop: stopPrice, target: targetPrice,
            stopClientOrderID: stop.id, targetClientOrderID: target.id, listClientOrderID: list)
        do throws(BinanceError) { return try await rest.place(pair, decidedAt: claimed).orders.map(view) } catch {
            throw VenueError(error)
        }
    }

    func cancel(_ id: String, _ symbol: Symbol) async throws(VenueError) {
        do throws(BinanceError) { try await rest.cancel(symbol, clientOrderID: id) } catch { throw VenueError(error) }
    }

    func find(_ id: String, _ symbol: Symbol) async throws(VenueError) -> VenueOrder? {
        do throws(BinanceError) {
            return view(try await rest.order(symbol, clientOrderID: id))
        } catch {
            if case .unknownOrder = error { return nil }
            throw VenueError(error)
        }
    }

    func fills(of order: VenueOrder) async throws(VenueError) -> [Fill] {
        guard let number = Int64(order.venueID) else { return [] }
        do throws(BinanceError) {
            return booked(try await rest.myTrades(order.symbol, orderID: number), of: order.id)
        } catch { throw VenueError(error) }
    }

    func openOrders() async throws(VenueError) -> [VenueOrder] {
        do throws(BinanceError) { return try await rest.openOrders().map(view) } catch { throw VenueError(error) }
    }

    func holdings() async throws(VenueError) -> [String: Quantity]? {
        do throws(BinanceError) {
            let pairs = try await rest.account().balances.map { balance -> (String, Quantity) in
                let (sum, overflowed) = balance.free.raw.addingReportingOverflow(balance.locked.raw)
                return (balance.asset, Quantity(raw: overflowed ? .max : Int64(clamping: sum)))
            }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        } catch { throw VenueError(error) }
    }

    private func view(_ report: BinanceOrderReport) -> VenueOrder {
        VenueOrder(
            id: report.clientOrderID, symbol: report.symbol, venueID: String(report.orderID),
            status: VenueStatus(report.status), executed: report.filledQuantity,
            fills: booked(report.fills, of: report.clientOrderID))
    }

    private func view(_ report: BinanceExecutionReport) -> VenueOrder {
        VenueOrder(
            id: report.clientOrderID, symbol: report.symbol, venueID: String(report.orderID),
            status: VenueStatus(report.status), executed: report.filledQuantity,
            fills: booked(report.fill.map { [$0] } ?? [], of: report.clientOrderID))
    }

    private func booked(_ fills: [BinanceFill], of id: String) -> [Fill] {
        fills.compactMap { fill in
            rules[fill.symbol].map { fill.booked(orderID: id, account: account, instrument: $0) }
        }
    }
}

extension VenueStatus {
    /// Nil for a word nothing can be concluded from.
    fileprivate init?(_ status: BinanceOrderStatus) {
        switch status {
        case .new, .pendingNew, .partiallyFilled: self = .resting
        case .filled: self = .filled
        case .canceled, .expired: self = .cancelled
        case .rejected: self = .rejected
        case .unknown: return nil
        }
    }
}

extension VenueError {
    fileprivate init(_ error: BinanceError) {
        let kind: Kind
        var retryAfter = Duration.zero
        switch error {
        case .rejected: kind = .refused
        case .unknownOrder: kind = .unknown
        // The order is there already: look at it, as after a missing answer.
        case .duplicateOrder, .inDoubt, .undecodable: kind = .inDoubt
        case .rateLimited(let delay), .banned(let delay):
            kind = .limited
            retryAfter = delay
        case .notSent: kind = .notSent
        }
        self.init(kind: kind, message: "\(error)", retryAfter: retryAfter)
    }
}
