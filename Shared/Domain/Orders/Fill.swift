/// A trade of ours, as the venue reported it.
public struct Fill: Hashable, Codable, Sendable {
    /// The venue's trade id for the symbol: a fill is the same fill when account, symbol and this are equal.
    public let venueTradeID: String
    /// The client order id of the order it belongs to.
    public let orderID: String
    public let account: String
    public let symbol: Symbol
    public let side: Side
    public let price: Price
    public let quantity: Quantity
    /// What the venue took, valued in the quote asset at the fill's price.
    public let fee: Money
    /// The part of `quantity` that the venue kept as its fee on a buy; zero when the fee was paid in the quote asset.
    public let feeInBase: Quantity
    /// A fee in an asset that the fill does not price, such as BNB; `fee` is zero then.
    public let foreignFee: ForeignFee?
    /// It rested in the book.
    public let isMaker: Bool
    /// Exchange time.
    public let time: Timestamp

    /// What the venue took of an asset that is neither bought nor sold here: from the owner's holdings of it.
    public struct ForeignFee: Hashable, Codable, Sendable {
        public let asset: String
        public let amount: Money

        public init(asset: String, amount: Money) {
            self.asset = asset
            self.amount = amount
        }
    }

    public init(
        venueTradeID: String, orderID: String, account: String, symbol: Symbol, side: Side, price: Price,
        quantity: Quantity, fee: Money, feeInBase: Quantity = .zero, foreignFee: ForeignFee? = nil, isMaker: Bool,
        time: Timestamp
    ) {
        self.venueTradeID = venueTradeID
        self.orderID = orderID
        self.account = account
        self.symbol = symbol
        self.side = side
        self.price = price
        self.quantity = quantity
        self.fee = fee
        self.feeInBase = feeInBase
        self.foreignFee = foreignFee
        self.isMaker = isMaker
        self.time = time
    }

    /// Price × quantity.
    @inlinable public var notional: Money { price.times(quantity) }
}
