package import Domain

// Market data: open to anybody.
extension BinanceREST {
    /// The rules of these markets.
    package func exchangeInfo(_ symbols: [Symbol]) async throws(BinanceError) -> BinanceExchangeInfo {
        let list = symbols.map { "\"\($0.name)\"" }.joined(separator: ",")
        return try await decoded(
            BinanceRequest(.get, "/api/v3/exchangeInfo", [("symbols", "[\(list)]")], weight: 20))
    }

    /// Candles by open time, oldest first, the newest possibly still forming.
    ///
    /// - Parameters:
    ///   - from: first open time.
    ///   - through: last open time; nil for up to now.
    ///   - limit: 1 … 1000.
    ///   - now: exchange time, that decides which are final.
    package func klines(
        _ symbol: Symbol, _ timeframe: Timeframe, from: Timestamp, through: Timestamp? = nil, limit: Int = 1000,
        now: Timestamp
    ) async throws(BinanceError) -> [Candle] {
        var parameters = [
            ("symbol", symbol.name), ("interval", timeframe.rawValue), ("startTime", String(from.milliseconds)),
        ]
        if let through { parameters.append(("endTime", String(through.milliseconds))) }
        parameters.append(("limit", String(limit)))
        let rows: [BinanceKline] = try await decoded(
            BinanceRequest(.get, "/api/v3/klines", parameters.map { ($0.0, $0.1) }, weight: 2))
        return rows.map { $0.candle(symbol, timeframe, now: now) }
    }

    /// Trades in order of id, from `fromID` on; the newest ones without it.
    ///
    /// - Parameter limit: 1 … 1000.
    package func historicalTrades(
        _ symbol: Symbol, fromID: Int64? = nil, limit: Int = 1000
    ) async throws(BinanceError) -> [Print] {
        var parameters = [(name: "symbol", value: symbol.name), (name: "limit", value: String(limit))]
        if let fromID { parameters.append(("fromId", String(fromID))) }
        let rows: [BinanceTradeRow] = try await decoded(
            BinanceRequest(.get, "/api/v3/historicalTrades", parameters, access: .open, weight: 25))
        return rows.map { $0.print(symbol) }
    }

    /// Aggregate trades in order of id, from an id or a time on; the newest ones without either.
    ///
    /// - Parameter limit: 1 … 1000.
    package func aggregateTrades(
        _ symbol: Symbol, fromID: Int64? = nil, from: Timestamp? = nil, through: Timestamp? = nil, limit: Int = 1000
    ) async throws(BinanceError) -> [BinanceAggregateTrade] {
        var parameters = [(name: "symbol", value: symbol.name), (name: "limit", value: String(limit))]
        if let fromID { parameters.append(("fromId", String(fromID))) }
        if let from { parameters.append(("startTime", String(from.milliseconds))) }
        if let through { parameters.append(("endTime", String(through.milliseconds))) }
        return try await decoded(BinanceRequest(.get, "/api/v3/aggTrades", parameters, weight: 4))
    }

    /// The best bids and asks.
    ///
    /// - Parameter time: what to put on them, since the exchange does not say.
    package func bookTickers(_ symbols: [Symbol], at time: Timestamp) async throws(BinanceError) -> [Quote] {
        let list = symbols.map { "\"\($0.name)\"" }.joined(separator: ",")
        let rows: [BinanceBookTickerReply] = try await decoded(
            BinanceRequest(.get, "/api/v3/ticker/bookTicker", [("symbols", "[\(list)]")], weight: 4))
        return rows.map { $0.quote(at: time) }
    }
}
