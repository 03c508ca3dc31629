package import Domain

/// One change of one of our orders, as the user data stream tells it.
package struct BinanceExecutionReport: Equatable, Sendable {
    package let symbol: Symbol
    /// The id we gave the order. (A cancellation carries an id of its own; this is still the order's.)
    package let clientOrderID: String
    package let orderID: Int64
    /// The order list it belongs to; nil for a single order.
    package let orderListID: Int64?
    package let side: Side
    /// Such as `MARKET`, `LIMIT`, `STOP_LOSS`.
    package let type: String
    /// What happened: `NEW`, `TRADE`, `CANCELED`, `EXPIRED`, `REJECTED`, `TRADE_PREVENTION`, `REPLACED`.
    package let execution: String
    package let status: BinanceOrderStatus
    /// `NONE` unless rejected.
    package let rejectReason: String
    package let quantity: Quantity
    /// All that is filled so far.
    package let filledQuantity: Quantity
    /// The trade, when this is one.
    package let fill: BinanceFill?
    /// When it happened, exchange time.
    package let time: Timestamp
}

/// A trade of ours, from whichever message told of it.
package struct BinanceFill: Equatable, Sendable {
    package let symbol: Symbol
    package let tradeID: Int64
    /// The exchange's number of the order.
    package let orderID: Int64
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    /// What the exchange took, in `commissionAsset`.
    package let commission: Money
    package let commissionAsset: String
    package let isMaker: Bool
    package let time: Timestamp

    package init(
        symbol: Symbol, tradeID: Int64, orderID: Int64, side: Side, price: Price, quantity: Quantity,
        commission: Money, commissionAsset: String, isMaker: Bool, time: Timestamp
    ) {
        self.symbol = symbol
        self.tradeID = tradeID
        self.orderID = orderID
        self.side = side
        self.price = price
        self.quantity = quantity
        self.commission = commission
        self.commissionAsset = commissionAsset
        self.isMaker = isMaker
        self.time = time
    }

    /// The fill as the suite books it. A commission that is neither in the base nor in the quote asset (such as BNB) is booked
    /// in its own asset.
    package func booked(orderID: String, account: String, instrument: Instrument) -> Fill {
        var fee = commission
        var feeInBase = Quantity.zero
        var foreign: Fill.ForeignFee?
        if commissionAsset == instrument.base, let raw = Int64(exactly: commission.raw) {
            feeInBase = Quantity(raw: raw)
            fee = price.times(feeInBase)
        } else if commissionAsset != instrument.quote, !commission.isZero {
            foreign = Fill.ForeignFee(asset: commissionAsset, amount: commission)
            fee = .zero
        }
        return Fill(
            venueTradeID: String(tradeID), orderID: orderID, account: account, symbol: symbol, side: side,
            price: price, quantity: quantity, fee: fee, feeInBase: feeInBase, foreignFee: foreign, isMaker: isMaker,
            time: time)
    }
}
