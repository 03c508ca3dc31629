package import Domain

/// What a WebSocket frame of Binance spot says.
package enum BinanceEvent: Equatable, Sendable {
    /// `<symbol>@trade`.
    case trade(Print)
    /// `<symbol>@bookTicker`.
    case bookTicker(BinanceBookTicker)
    /// `<symbol>@kline_<interval>`, final once the exchange says so.
    case kline(Candle)
    /// An order of ours changed.
    case executionReport(BinanceExecutionReport)
    /// An order list of ours changed.
    case listStatus(BinanceListStatus)
    /// Balances of ours changed.
    case accountPosition(BinanceAccountPosition)
    /// The answer to a SUBSCRIBE or another request on the socket; `error` is nil when it was accepted.
    case reply(error: BinanceRejection?)
    /// The listen key of a user data stream is no longer valid: a new one is needed.
    case listenKeyExpired
    /// A well-formed message this suite has no use for, by its event type.
    case ignored(String)
}

/// The best bid and ask; the exchange gives no time with it.
package struct BinanceBookTicker: Equatable, Sendable {
    package let symbol: Symbol
    package let updateID: Int64
    package let bid: Price
    package let bidQuantity: Quantity
    package let ask: Price
    package let askQuantity: Quantity

    /// The quote, at a time that the caller knows, such as that of the newest print.
    package func quote(at time: Timestamp) -> Quote {
        Quote(
            symbol: symbol, bid: bid, bidQuantity: bidQuantity, ask: ask, askQuantity: askQuantity, time: time)
    }
}

/// What the exchange says when it says no: its code and its words.
package struct BinanceRejection: Equatable, Sendable {
    package let code: Int
    package let message: String

    package init(code: Int, message: String) {
        self.code = code
        self.message = message
    }
}

/// The state of both legs of an order list.
package struct BinanceListStatus: Equatable, Sendable {
    package let symbol: Symbol
    package let listID: Int64
    package let listClientOrderID: String
    /// `RESPONSE`, `EXEC_STARTED`, `ALL_DONE`.
    package let listStatus: String
    /// `EXECUTING`, `ALL_DONE`, `REJECT`.
    package let orderStatus: String
    /// The client order ids of its orders.
    package let clientOrderIDs: [String]
    package let time: Timestamp
}

/// The balances that changed.
package struct BinanceAccountPosition: Equatable, Sendable {
    package let balances: [BinanceBalance]
    package let time: Timestamp
}

/// What an account has of one asset.
package struct BinanceBalance: Equatable, Sendable {
    package let asset: String
    package let free: Money
    /// Reserved for open orders.
    package let locked: Money

    package init(asset: String, free: Money, locked: Money) {
        self.asset = asset
        self.free = free
        self.locked = locked
    }
}
