import Domain
import Exchanges

/// An order as a client asks for it.
struct PlaceOrder: Codable, Sendable, Equatable {
    enum Kind: String, Codable, Sendable, CaseIterable {
        case market = "MARKET"
        case limit = "LIMIT"
        case limitMaker = "LIMIT_MAKER"
        case stopLoss = "STOP_LOSS"
        case stopLossLimit = "STOP_LOSS_LIMIT"
        case takeProfit = "TAKE_PROFIT"
        case takeProfitLimit = "TAKE_PROFIT_LIMIT"

        /// Waits for a price before it trades.
        var isTriggered: Bool {
            switch self {
            case .stopLoss, .stopLossLimit, .takeProfit, .takeProfitLimit: true
            case .market, .limit, .limitMaker: false
            }
        }

        /// Has a limit price.
        var isLimited: Bool {
            switch self {
            case .limit, .limitMaker, .stopLossLimit, .takeProfitLimit: true
            case .market, .stopLoss, .takeProfit: false
            }
        }
    }

    /// What becomes of the part that does not trade at once.
    enum TimeInForce: String, Codable, Sendable { case gtc = "GTC", ioc = "IOC", fok = "FOK" }

    var symbol: Symbol
    var side: Side
    var kind: Kind
    var timeInForce = TimeInForce.gtc
    var quantity: Quantity
    var price: Price?
    var stopPrice: Price?
    var clientOrderID: String
}

/// Two orders of which at most one trades.
struct PlaceList: Sendable, Equatable {
    var symbol: Symbol
    var side: Side
    var quantity: Quantity
    /// The order with the higher price.
    var above: PlaceOrder
    var below: PlaceOrder
    var listClientOrderID: String
}

/// An order in the venue's books.
struct VenueOrder: Codable, Sendable, Equatable {
    let id: Int64
    let account: Int
    let request: PlaceOrder
    let listID: Int64?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var status: BinanceOrderStatus
    var filled = Quantity.zero
    var filledQuote = Money.zero
    /// In the book, or triggered; false while it waits for its price.
    var isWorking: Bool
    /// What is reserved for it alone; a list's orders share the list's.
    var locked = Money.zero

    var remaining: Quantity { request.quantity - filled }
    var isOpen: Bool {
        switch status {
        case .new, .pendingNew, .partiallyFilled: true
        case .filled, .canceled, .rejected, .expired, .unknown: false
        }
    }
}

/// An order list in the venue's books.
struct VenueList: Codable, Sendable, Equatable {
    let id: Int64
    let account: Int
    let symbol: Symbol
    let clientOrderID: String
    let orderIDs: [Int64]
    let createdAt: Timestamp
    var isDone = false
    /// What is reserved for both orders together.
    var locked = Money.zero
}

/// A trade of a client's.
struct VenueFill: Codable, Sendable, Equatable {
    let tradeID: Int64
    let orderID: Int64
    let listID: Int64?
    let clientOrderID: String
    let account: Int
    let symbol: Symbol
    let side: Side
    let price: Price
    let quantity: Quantity
    let commission: Money
    let commissionAsset: String
    let isMaker: Bool
    let time: Timestamp

    var notional: Money { price.times(quantity) }
}

/// Why the venue says no; code and words as the real one's.
enum VenueRefusal: Error, Equatable, Sendable {
    case unknownSymbol
    case noPrice
    case filter(String)
    case insufficientBalance
    case duplicate
    case wouldTrigger
    case wouldMatch
    case pricesOfList
    case tooManyStops
    case unknownOrder
    case noSuchOrder

    var rejection: BinanceRejection {
        switch self {
        case .unknownSymbol: BinanceRejection(code: -1121, message: "Invalid symbol.")
        case .noPrice: BinanceRejection(code: -1013, message: "Market is closed.")
        case .filter(let name): BinanceRejection(code: -1013, message: "Filter failure: \(name)")
        case .insufficientBalance:
            BinanceRejection(code: -2010, message: "Account has insufficient balance for requested action.")
        case .duplicate: BinanceRejection(code: -2010, message: "Duplicate order sent.")
        case .wouldTrigger: BinanceRejection(code: -2010, message: "Stop price would trigger immediately.")
        case .wouldMatch:
            BinanceRejection(code: -2010, message: "Order would immediately match and take.")
        case .pricesOfList:
            BinanceRejection(
                code: -2010, message: "The relationship of the prices for the orders is not correct.")
        case .tooManyStops: BinanceRejection(code: -1013, message: "Filter failure: MAX_NUM_ALGO_ORDERS")
        case .unknownOrder: BinanceRejection(code: -2011, message: "Unknown order sent.")
        case .noSuchOrder: BinanceRejection(code: -2013, message: "Order does not exist.")
        }
    }
}

/// What a client's user data stream is told.
enum VenueEvent: Sendable, Equatable {
    /// An order changed: `execution` is the exchange's word for how; the fill when it traded.
    case order(VenueOrder, execution: String, fill: VenueFill?, at: Timestamp)
    case list(VenueList, orders: [VenueOrder], at: Timestamp)
    /// Balances of these assets changed.
    case balances(account: Int, assets: [String], at: Timestamp)

    var account: Int {
        switch self {
        case .order(let order, _, _, _): order.account
        case .list(let list, _, _): list.account
        case .balances(let account, _, _): account
        }
    }
}

/// What the venue is like.
struct VenueRules: Sendable, Equatable {
    /// In which asset the venue takes its fee.
    enum CommissionAsset: String, Sendable, CaseIterable {
        /// Always the quote asset: a buyer pays it on top.
        case quote
        /// What the trade brings, as the real one does: a buyer gets less.
        case received
        /// BNB, at 600 of the quote asset: out of what the account has of it, or owes.
        case bnb
    }

    var makerFee = Ratio(raw: 100_000)
    var takerFee = Ratio(raw: 100_000)
    var commissionAsset = CommissionAsset.quote
    /// Stops and targets per market and account.
    var stopLimit = 5
    /// Orders and fills that are over and still kept.
    var historyLimit = 50_000
}
