package import Domain

/// The markets of the exchange: those this suite can trade, and why not the others.
package struct BinanceExchangeInfo: Equatable, Sendable {
    /// Trading, with rules that fit this suite's numbers; by symbol.
    package let instruments: [Symbol: Instrument]
    /// The exchange's name of a market → why it is left out.
    package let refused: [String: String]
    /// Request weight per minute; nil when the exchange does not say.
    package let weightLimit: Int?
}

extension BinanceExchangeInfo: Decodable {
    private struct Limit: Decodable {
        let rateLimitType: String
        let interval: String
        let intervalNum: Int
        let limit: Int
    }

    private enum Keys: String, CodingKey { case symbols, rateLimits }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        let limits = try container.decodeIfPresent([Limit].self, forKey: .rateLimits) ?? []
        weightLimit =
            limits.first { $0.rateLimitType == "REQUEST_WEIGHT" && $0.interval == "MINUTE" && $0.intervalNum == 1 }?
            .limit
        var accepted: [Symbol: Instrument] = [:]
        var refused: [String: String] = [:]
        for market in try container.decode([BinanceMarket].self, forKey: .symbols) {
            do throws(BinanceMarket.Refusal) {
                let instrument = try market.instrument()
                accepted[instrument.symbol] = instrument
            } catch {
                refused[market.symbol] = error.reason
            }
        }
        self.instruments = accepted
        self.refused = refused
    }
}

/// One market of `exchangeInfo`.
struct BinanceMarket: Decodable {
    struct Refusal: Error { let reason: String }
    struct Filter: Decodable {
        let filterType: String
        let tickSize: String?
        let minQty: String?
        let maxQty: String?
        let stepSize: String?
        let minNotional: String?
    }

    let symbol: String
    let status: String
    let baseAsset: String
    let quoteAsset: String
    let filters: [Filter]

    /// The rules of the market.
    ///
    /// - Throws: `Refusal` when it does not trade, or a rule is missing or too fine for steps of 1e-8.
    func instrument() throws(Refusal) -> Instrument {
        guard let name = Symbol(symbol) else { throw Refusal(reason: "its name is not A-Z and 0-9") }
        guard status == "TRADING" else { throw Refusal(reason: "status \(status.prefix(40))") }
        guard let price = filters.first(where: { $0.filterType == "PRICE_FILTER" }) else {
            throw Refusal(reason: "no PRICE_FILTER")
        }
        guard let lot = filters.first(where: { $0.filterType == "LOT_SIZE" }) else {
            throw Refusal(reason: "no LOT_SIZE")
        }
        let notional = filters.first { $0.filterType == "NOTIONAL" || $0.filterType == "MIN_NOTIONAL" }
        return Instrument(
            symbol: name, base: baseAsset, quote: quoteAsset, tickSize: Price(raw: try step(price.tickSize)),
            lotSize: Quantity(raw: try step(lot.stepSize)), minimumQuantity: Quantity(raw: try amount(lot.minQty)),
            maximumQuantity: Quantity(raw: try amount(lot.maxQty)),
            minimumNotional: Money(raw: Int128(try amount(notional?.minNotional ?? "0"))))
    }

    private func step(_ text: String?) throws(Refusal) -> Int64 {
        let value = try amount(text)
        guard value > 0 else { throw Refusal(reason: "a step of \(text ?? "nothing")") }
        return value
    }

    /// Too large is as large as can be: limits above every possible order.
    private func amount(_ text: String?) throws(Refusal) -> Int64 {
        guard let text else { throw Refusal(reason: "a filter without its values") }
        do throws(NumberError) {
            return Int64(clamping: try Money(text).raw)
        } catch {
            throw Refusal(reason: error.description)
        }
    }
}

/// One row of `klines`: an array of mixed types.
struct BinanceKline: Decodable {
    let openTime: Int64
    let open: Price
    let high: Price
    let low: Price
    let close: Price
    let volume: Quantity
    let closeTime: Int64
    let tradeCount: Int64

    init(from decoder: any Decoder) throws {
        var row = try decoder.unkeyedContainer()
        openTime = try row.decode(Int64.self)
        open = try row.decode(Price.self)
        high = try row.decode(Price.self)
        low = try row.decode(Price.self)
        close = try row.decode(Price.self)
        // Of a cheap asset more is traded in a week than a quantity can say: it stays at the end of the range.
        volume = Quantity(raw: Int64(clamping: try row.decode(Money.self).raw))
        closeTime = try row.decode(Int64.self)
        _ = try row.decode(String.self)
        tradeCount = try row.decode(Int64.self)
    }

    func candle(_ symbol: Symbol, _ timeframe: Timeframe, now: Timestamp) -> Candle {
        Candle(
            symbol: symbol, timeframe: timeframe, openTime: Timestamp(milliseconds: openTime), open: open, high: high,
            low: low, close: close, volume: volume, tradeCount: tradeCount,
            isFinal: Timestamp(milliseconds: closeTime) < now, source: .klines)
    }
}

/// One row of `historicalTrades` and `trades`.
struct BinanceTradeRow: Decodable {
    let id: Int64
    let price: Price
    let qty: Quantity
    let time: Int64
    let isBuyerMaker: Bool

    func print(_ symbol: Symbol) -> Print {
        Print(
            id: id, symbol: symbol, price: price, quantity: qty, aggressor: isBuyerMaker ? .sell : .buy,
            time: Timestamp(milliseconds: time))
    }
}

/// Trades of one order at one price, as `aggTrades` gives them.
package struct BinanceAggregateTrade: Equatable, Sendable, Decodable {
    package let id: Int64
    package let price: Price
    package let quantity: Quantity
    /// Trade ids of the first and the last.
    package let firstTradeID: Int64
    package let lastTradeID: Int64
    package let milliseconds: Int64
    package let isBuyerMaker: Bool

    package init(
        id: Int64, price: Price, quantity: Quantity, firstTradeID: Int64, lastTradeID: Int64, milliseconds: Int64,
        isBuyerMaker: Bool
    ) {
        self.id = id
        self.price = price
        self.quantity = quantity
        self.firstTradeID = firstTradeID
        self.lastTradeID = lastTradeID
        self.milliseconds = milliseconds
        self.isBuyerMaker = isBuyerMaker
    }

    private enum CodingKeys: String, CodingKey {
        case id = "a"
        case price = "p"
        case quantity = "q"
        case firstTradeID = "f"
        case lastTradeID = "l"
        case milliseconds = "T"
        case isBuyerMaker = "m"
    }

    /// Exchange time.
    package var time: Timestamp { Timestamp(milliseconds: milliseconds) }
}

/// `ticker/bookTicker`.
struct BinanceBookTickerReply: Decodable {
    let symbol: Symbol
    let bidPrice: Price
    let bidQty: Quantity
    let askPrice: Price
    let askQty: Quantity

    func quote(at time: Timestamp) -> Quote {
        Quote(symbol: symbol, bid: bidPrice, bidQuantity: bidQty, ask: askPrice, askQuantity: askQty, time: time)
    }
}
