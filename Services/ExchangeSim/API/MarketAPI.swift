import Domain
import Exchanges

/// Market data over REST.
struct MarketAPI {
    let exchange: Exchange

    /// The answer; nil for a path that is not here.
    func answer(_ request: WebRequest, _ parameters: Parameters) throws(Refused) -> WebResponse? {
        guard request.method == "GET" else { return nil }
        switch request.path {
        case "/api/v3/ping": return WebResponse(body: "{}")
        case "/api/v3/time": return WebResponse(body: "{\"serverTime\":\(exchange.now.milliseconds)}")
        case "/api/v3/exchangeInfo": return WebResponse(body: try exchangeInfo(parameters))
        case "/api/v3/klines": return WebResponse(body: try klines(parameters))
        case "/api/v3/trades": return WebResponse(body: try newestTrades(parameters))
        case "/api/v3/historicalTrades": return WebResponse(body: try historicalTrades(parameters))
        case "/api/v3/aggTrades": return WebResponse(body: try aggregateTrades(parameters))
        case "/api/v3/depth": return WebResponse(body: try depth(parameters))
        case "/api/v3/ticker/bookTicker": return WebResponse(body: try bookTickers(parameters))
        case "/api/v3/ticker/price": return WebResponse(body: try prices(parameters))
        default: return nil
        }
    }

    /// What the exchange counts for a request.
    static func weight(_ path: String) -> Int {
        switch path {
        case "/api/v3/exchangeInfo": 20
        case "/api/v3/klines", "/api/v3/ticker/price", "/api/v3/userDataStream": 2
        case "/api/v3/trades", "/api/v3/historicalTrades": 25
        case "/api/v3/aggTrades", "/api/v3/ticker/bookTicker": 4
        case "/api/v3/depth": 5
        default: 1
        }
    }

    private func tape(_ parameters: Parameters) throws(Refused) -> Tape {
        guard let tape = exchange.tape(try parameters.symbol()) else { throw Refused(.unknownSymbol) }
        return tape
    }

    /// The symbols asked for by `symbol` or `symbols`, or all.
    private func symbols(_ parameters: Parameters) throws(Refused) -> [Symbol] {
        let all = exchange.instruments.map(\.symbol)
        var names: [String]
        if let one = parameters["symbol"] {
            names = [one]
        } else if let several = parameters["symbols"] {
            names = several.split(whereSeparator: { "[]\", ".contains($0) }).map(String.init)
        } else {
            return all
        }
        var result: [Symbol] = []
        for name in names {
            guard let symbol = Symbol(name), all.contains(symbol) else { throw Refused(.unknownSymbol) }
            result.append(symbol)
        }
        return result
    }

    private func exchangeInfo(_ parameters: Parameters) throws(Refused) -> String {
        let wanted = try symbols(parameters)
        let rows = exchange.instruments.filter { wanted.contains($0.symbol) }.map {
            Messages.market($0, stopLimit: exchange.settings.rules.stopLimit)
        }
        return """
            {"timezone":"UTC","serverTime":\(exchange.now.milliseconds),"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT",\
            "interval":"MINUTE","intervalNum":1,"limit":\(exchange.settings.weightLimit)}],"exchangeFilters":[],\
            "symbols":\(Messages.list(rows))}
            """
    }

    private func klines(_ parameters: Parameters) throws(Refused) -> String {
        let tape = try tape(parameters)
        guard let timeframe = Timeframe(rawValue: try parameters.required("interval")) else {
            throw Refused(-1120, "Invalid interval.")
        }
        let from = try parameters.time("startTime")
        let through = try parameters.time("endTime") ?? exchange.now
        let limit = try parameters.limit(default: 500)
        let bars: [Tape.Bar]
        if from == nil, parameters["endTime"] == nil {
            bars = tape.klines(timeframe, from: nil, through: through, limit: limit)
        } else {
            bars = tape.klines(timeframe, from: from, through: through, limit: limit)
        }
        return Messages.list(bars.map { Messages.kline($0, timeframe) })
    }

    private func newestTrades(_ parameters: Parameters) throws(Refused) -> String {
        let limit = try parameters.limit(default: 500)
        return Messages.list(try tape(parameters).trades.suffix(limit).map(Messages.tradeRow))
    }

    private func historicalTrades(_ parameters: Parameters) throws(Refused) -> String {
        guard let from = try parameters.integer("fromId") else { return try newestTrades(parameters) }
        let limit = try parameters.limit(default: 500)
        return Messages.list(try tape(parameters).trades(from: from, limit: limit).map(Messages.tradeRow))
    }

    private func aggregateTrades(_ parameters: Parameters) throws(Refused) -> String {
        let tape = try tape(parameters)
        let limit = try parameters.limit(default: 500)
        let rows: ArraySlice<Print>
        if let from = try parameters.integer("fromId") {
            rows = tape.trades(from: from, limit: limit)
        } else if let from = try parameters.time("startTime") {
            rows = tape.trades(from: from, through: try parameters.time("endTime") ?? exchange.now, limit: limit)
        } else {
            rows = tape.trades.suffix(limit)
        }
        return Messages.list(rows.map(Messages.aggregateRow))
    }

    private func depth(_ parameters: Parameters) throws(Refused) -> String {
        guard let market = exchange.venue.markets[try parameters.symbol()] else { throw Refused(.unknownSymbol) }
        let most = Quantity(raw: .max / 4)
        func rows(_ side: Side) -> String {
            // The last level takes whatever is left, which is not what is shown.
            let levels = exchange.venue.levels(side, market, quantity: most, limit: nil).dropLast()
            return Messages.list(
                levels.map { "[\"\(Messages.fixed($0.price))\",\"\(Messages.fixed($0.quantity))\"]" })
        }
        return "{\"lastUpdateId\":\(market.last?.id ?? 0),\"bids\":\(rows(.sell)),\"asks\":\(rows(.buy))}"
    }

    private func bookTickers(_ parameters: Parameters) throws(Refused) -> String {
        let rows = try symbols(parameters).compactMap { exchange.tape($0)?.quote.map(Messages.bookTickerRow) }
        return parameters["symbol"] == nil ? Messages.list(rows) : rows.first ?? "{}"
    }

    private func prices(_ parameters: Parameters) throws(Refused) -> String {
        let rows = try symbols(parameters).compactMap { symbol in
            exchange.tape(symbol)?.lastPrint.map {
                "{\"symbol\":\"\(symbol)\",\"price\":\"\(Messages.fixed($0.price))\"}"
            }
        }
        return parameters["symbol"] == nil ? Messages.list(rows) : rows.first ?? "{}"
    }
}
