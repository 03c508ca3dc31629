import Domain
import Exchanges

/// The trading side of the exchange: accounts, orders, matching against what the market does. A value; every change is a
/// function of a request or a print, and a time.
struct Venue: Sendable {
    /// One market, as trading sees it.
    struct Market: Sendable {
        let instrument: Instrument
        var last: Print?
        var quote: Quote?
        /// Open orders by number, ascending.
        var open: [Int64] = []
    }

    struct ClientKey: Hashable, Sendable {
        let account: Int
        let symbol: Symbol
        let id: String
    }

    let rules: VenueRules
    var markets: [Symbol: Market]
    var accounts: [Balances]
    var orders: [Int64: VenueOrder] = [:]
    var lists: [Int64: VenueList] = [:]
    var fills: [VenueFill] = []
    /// The newest order that had this client order id.
    var byClientID: [ClientKey: Int64] = [:]
    var listByClientID: [ClientKey: Int64] = [:]
    private(set) var nextOrderID: Int64 = 1
    private(set) var nextListID: Int64 = 1
    private(set) var nextTradeID: Int64
    var pending: [VenueEvent] = []
    private var ended: [Int64] = []

    /// - Parameter firstTradeID: numbers of clients' trades go on from here; higher after each start.
    init(_ instruments: [Instrument], accounts: [Balances], rules: VenueRules = VenueRules(), firstTradeID: Int64 = 1) {
        self.rules = rules
        self.accounts = accounts
        self.nextTradeID = firstTradeID
        self.markets = Dictionary(
            instruments.map { ($0.symbol, Market(instrument: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// What has happened since this was last asked, for the user data streams.
    mutating func takeEvents() -> [VenueEvent] {
        defer { pending = [] }
        return pending
    }

    /// The order of a client's id, open or not: the newest that had it.
    func order(_ account: Int, _ symbol: Symbol, clientOrderID: String) -> VenueOrder? {
        byClientID[ClientKey(account: account, symbol: symbol, id: clientOrderID)].flatMap { orders[$0] }
    }

    /// Open orders of an account, oldest first.
    func openOrders(_ account: Int, _ symbol: Symbol?) -> [VenueOrder] {
        let symbols = symbol.map { [$0] } ?? markets.keys.sorted()
        return symbols.flatMap { markets[$0]?.open ?? [] }.sorted().compactMap { orders[$0] }
            .filter { $0.account == account }
    }

    mutating func takeOrderID() -> Int64 {
        defer { nextOrderID += 1 }
        return nextOrderID
    }

    mutating func takeListID() -> Int64 {
        defer { nextListID += 1 }
        return nextListID
    }

    mutating func takeTradeID() -> Int64 {
        defer { nextTradeID += 1 }
        return nextTradeID
    }

    /// Puts a new order into the books.
    mutating func book(_ order: VenueOrder) {
        orders[order.id] = order
        markets[order.request.symbol]?.open.append(order.id)
        byClientID[
            ClientKey(account: order.account, symbol: order.request.symbol, id: order.request.clientOrderID)] =
            order.id
    }

    /// Takes in an order of before the start, as it was.
    mutating func adopt(_ order: VenueOrder) {
        guard markets[order.request.symbol] != nil else { return }
        book(order)
        guard !order.isOpen else { return }
        markets[order.request.symbol]?.open.removeLast()
        ended.append(order.id)
    }

    /// Numbers go on from where they were, never back.
    mutating func restoreCounters(_ snapshot: VenueSnapshot) {
        nextOrderID = max(nextOrderID, snapshot.nextOrderID)
        nextListID = max(nextListID, snapshot.nextListID)
        nextTradeID = max(nextTradeID, snapshot.nextTradeID)
    }

    /// Takes an order that is over out of the open ones, gives back what was reserved, and forgets the oldest.
    mutating func close(_ id: Int64, as status: BinanceOrderStatus, at now: Timestamp) {
        guard var order = orders[id] else { return }
        order.status = status
        order.updatedAt = now
        let asset = lockAsset(order)
        accounts[order.account].unlock(order.locked, of: asset)
        order.locked = .zero
        orders[id] = order
        markets[order.request.symbol]?.open.removeAll { $0 == id }
        ended.append(id)
        if ended.count > rules.historyLimit + 1024 { forget(ended.count - rules.historyLimit) }
    }

    /// What an order reserves: a buyer the quote asset, a seller the base asset.
    func lockAsset(_ order: VenueOrder) -> String {
        guard let instrument = markets[order.request.symbol]?.instrument else { return "" }
        return order.request.side == .buy ? instrument.quote : instrument.base
    }

    private mutating func forget(_ count: Int) {
        for id in ended.prefix(count) {
            guard let order = orders.removeValue(forKey: id) else { continue }
            let key = ClientKey(
                account: order.account, symbol: order.request.symbol, id: order.request.clientOrderID)
            if byClientID[key] == id { byClientID[key] = nil }
            if let listID = order.listID, let list = lists.removeValue(forKey: listID) {
                listByClientID[ClientKey(account: list.account, symbol: list.symbol, id: list.clientOrderID)] = nil
            }
        }
        ended.removeFirst(count)
        if fills.count > rules.historyLimit { fills.removeFirst(fills.count - rules.historyLimit) }
    }
}
