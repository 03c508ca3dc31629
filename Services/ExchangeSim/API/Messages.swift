import Domain
import Exchanges

/// The exchange's texts. Every value in them is a number, or a text whose letters were checked when it came in.
enum Messages {
    /// Eight digits after the point, as the exchange writes all amounts.
    static func fixed(_ raw: Int128) -> String {
        let one: UInt128 = 100_000_000
        let magnitude = raw.magnitude
        let fraction = String(magnitude % one)
        return "\(raw < 0 ? "-" : "")\(magnitude / one).\(String(repeating: "0", count: 8 - fraction.count))\(fraction)"
    }

    static func fixed(_ price: Price) -> String { fixed(Int128(price.raw)) }
    static func fixed(_ quantity: Quantity) -> String { fixed(Int128(quantity.raw)) }
    static func fixed(_ money: Money) -> String { fixed(money.raw) }

    /// The inside of a JSON string.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<" ": result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func refusal(_ no: BinanceRejection) -> String { "{\"code\":\(no.code),\"msg\":\"\(escaped(no.message))\"}" }

    static func list(_ items: some Sequence<String>) -> String { "[\(items.joined(separator: ","))]" }
}

// Market data.
extension Messages {
    static func trade(_ print: Print, at now: Timestamp) -> String {
        """
        {"e":"trade","E":\(now.milliseconds),"s":"\(print.symbol)","t":\(print.id),"p":"\(fixed(print.price))",\
        "q":"\(fixed(print.quantity))","T":\(print.time.milliseconds),"m":\(print.aggressor == .sell),"M":true}
        """
    }

    static func aggregate(_ print: Print, at now: Timestamp) -> String {
        """
        {"e":"aggTrade","E":\(now.milliseconds),"s":"\(print.symbol)",\(aggregateFields(print))}
        """
    }

    /// Each trade is an aggregate of its own.
    static func aggregateRow(_ print: Print) -> String { "{\(aggregateFields(print))}" }

    private static func aggregateFields(_ print: Print) -> String {
        """
        "a":\(print.id),"p":"\(fixed(print.price))","q":"\(fixed(print.quantity))","f":\(print.id),"l":\(print.id),\
        "T":\(print.time.milliseconds),"m":\(print.aggressor == .sell),"M":true
        """
    }

    static func tradeRow(_ print: Print) -> String {
        """
        {"id":\(print.id),"price":"\(fixed(print.price))","qty":"\(fixed(print.quantity))",\
        "quoteQty":"\(fixed(print.price.times(print.quantity)))","time":\(print.time.milliseconds),\
        "isBuyerMaker":\(print.aggressor == .sell),"isBestMatch":true}
        """
    }

    static func bookTicker(_ quote: Quote, updateID: Int64) -> String {
        """
        {"u":\(updateID),"s":"\(quote.symbol)","b":"\(fixed(quote.bid))","B":"\(fixed(quote.bidQuantity))",\
        "a":"\(fixed(quote.ask))","A":"\(fixed(quote.askQuantity))"}
        """
    }

    static func bookTickerRow(_ quote: Quote) -> String {
        """
        {"symbol":"\(quote.symbol)","bidPrice":"\(fixed(quote.bid))","bidQty":"\(fixed(quote.bidQuantity))",\
        "askPrice":"\(fixed(quote.ask))","askQty":"\(fixed(quote.askQuantity))"}
        """
    }

    static func kline(_ bar: Tape.Bar, _ timeframe: Timeframe) -> String {
        let close = (bar.openTime + timeframe.span).milliseconds - 1
        return """
            [\(bar.openTime.milliseconds),"\(fixed(bar.open))","\(fixed(bar.high))","\(fixed(bar.low))",\
            "\(fixed(bar.close))","\(fixed(bar.volume))",\(close),"\(fixed(bar.quoteVolume))",\(bar.tradeCount),\
            "\(fixed(bar.buyVolume))","\(fixed(bar.buyQuoteVolume))","0"]
            """
    }

    static func market(_ instrument: Instrument, stopLimit: Int) -> String {
        """
        {"symbol":"\(instrument.symbol)","status":"TRADING","baseAsset":"\(instrument.base)","baseAssetPrecision":8,\
        "quoteAsset":"\(instrument.quote)","quotePrecision":8,"quoteAssetPrecision":8,"orderTypes":["LIMIT",\
        "LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT","TAKE_PROFIT_LIMIT"],"ocoAllowed":true,\
        "quoteOrderQtyMarketAllowed":false,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":[\
        {"filterType":"PRICE_FILTER","minPrice":"\(fixed(instrument.tickSize))","maxPrice":"92000000000.00000000",\
        "tickSize":"\(fixed(instrument.tickSize))"},{"filterType":"LOT_SIZE",\
        "minQty":"\(fixed(instrument.minimumQuantity))","maxQty":"\(fixed(instrument.maximumQuantity))",\
        "stepSize":"\(fixed(instrument.lotSize))"},{"filterType":"NOTIONAL",\
        "minNotional":"\(fixed(instrument.minimumNotional))","applyMinToMarket":true,\
        "maxNotional":"9000000000.00000000","applyMaxToMarket":false,"avgPriceMins":5},\
        {"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":\(stopLimit)}],"permissions":["SPOT"]}
        """
    }
}
