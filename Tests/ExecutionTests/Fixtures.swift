import Domain
import ExecutionCore

/// Values the tests share.
enum Make {
    static let btc = symbol("BTCUSDT")

    static func symbol(_ name: String) -> Symbol {
        guard let symbol = Symbol(name) else { preconditionFailure("\(name) is no symbol") }
        return symbol
    }

    static func price(_ units: Int64) -> Price { Price(raw: units * 100_000_000) }
    static func quantity(_ thousandths: Int64) -> Quantity { Quantity(raw: thousandths * 100_000) }
    static func money(_ units: Int64) -> Money { Money(raw: Int128(units) * 100_000_000) }
    static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    static let instrument = Instrument(
        symbol: btc, base: "BTC", quote: "USDT", tickSize: Price(raw: 1_000_000), lotSize: Quantity(raw: 1000),
        minimumQuantity: Quantity(raw: 1000), maximumQuantity: quantity(9_000_000), minimumNotional: money(5))

    static func order(
        _ id: String, _ side: Side = .buy, _ type: OrderType = .market, _ purpose: OrderPurpose = .entry,
        quantity: Quantity = quantity(1000), limit: Price? = nil, trigger: Price? = nil, stop: Price? = nil,
        target: Price? = nil, decidedAt: Timestamp = time(0)
    ) -> Order {
        Order(
            id: id, account: "main", symbol: btc, side: side, type: type, purpose: purpose, quantity: quantity,
            limitPrice: limit, triggerPrice: trigger, protectiveStop: stop, protectiveTarget: target,
            strategy: "momentum", reason: "test", correlation: "sig-1", decidedAt: decidedAt, expiresAt: nil)
    }

    static func fill(
        _ trade: String, of order: Order, _ quantity: Quantity, at price: Price, feeInBase: Quantity = .zero,
        time: Timestamp = time(0)
    ) -> Fill {
        Fill(
            venueTradeID: trade, orderID: order.id, account: order.account, symbol: order.symbol, side: order.side,
            price: price, quantity: quantity, fee: price.times(quantity).times(Ratio(1, over: 1000)),
            feeInBase: feeInBase, isMaker: false, time: time)
    }

    /// A print of Bitcoin at second `id`.
    static func print(_ id: Int64, at units: Int64) -> Print {
        Print(
            id: id, symbol: btc, price: price(units), quantity: quantity(1), aggressor: .sell, time: time(id * 1000))
    }

    static func tick(_ id: Int64, _ units: Int64, at milliseconds: Int64) -> Tick {
        Tick(id: id, price: price(units), time: time(milliseconds))
    }
}

/// Holds a value so that a mutating call may stand inside an expectation.
final class Held<Value> {
    var value: Value

    init(_ value: Value) { self.value = value }
}

extension Held<OrderLife> {
    var state: OrderState { value.state }
    func handle(_ input: OrderInput) -> OrderAction { value.handle(input) }
}

extension Held<PaperBook> {
    func handle(_ tick: Tick) -> [PaperReport] { value.handle(tick) }
    func place(_ order: Order) -> [PaperReport] { value.place(order) }
    func place(stop: Order, target: Order) -> [PaperReport] { value.place(stop: stop, target: target) }
    func cancel(_ id: String) -> [String] { value.cancel(id) }
    func status(of id: String) -> VenueStatus? { value.status(of: id) }
}

extension Held<CircuitBreaker> {
    func allows(now: Timestamp) -> Bool { value.allows(now: now) }
    func failed(now: Timestamp) { value.failed(now: now) }
    func succeeded() { value.succeeded() }
}
