import Domain
import Exchanges

/// What a market of the generator is like: its rules, and the size of its prices and moves.
struct MarketSpecification: Sendable {
    let instrument: Instrument
    /// The price it wanders around.
    let basePrice: Double
    /// Deviation of an hour's return.
    let hourlyVolatility: Double
    /// Half the usual spread, as a share of the price.
    let halfSpread: Double
    /// A usual trade, in the base asset.
    let tradeSize: Double

    /// The well-known markets have the rules they have at the exchange; any other name gets plausible ones.
    init(_ symbol: Symbol) {
        let (base, quote) = Self.assets(of: symbol)
        if let known = Self.known[symbol.name] {
            self.init(symbol: symbol, base: base, quote: quote, known)
            return
        }
        let coarse = quote == "BTC" || quote == "ETH"
        self.init(
            symbol: symbol, base: base, quote: quote,
            Row(
                price: coarse ? 0.01 : 10, volatility: 0.007, spread: 0.0002, size: coarse ? 20 : 50,
                tick: coarse ? 1 : 100, lot: coarse ? 100_000_000 : 1_000_000,
                minimumNotional: coarse ? 10_000 : 500_000_000))
    }

    private init(symbol: Symbol, base: String, quote: String, _ row: Row) {
        instrument = Instrument(
            symbol: symbol, base: base, quote: quote, tickSize: Price(raw: row.tick),
            lotSize: Quantity(raw: row.lot), minimumQuantity: Quantity(raw: row.lot),
            maximumQuantity: Quantity(raw: 9_000_000 * 100_000_000),
            minimumNotional: Money(raw: Int128(row.minimumNotional)))
        basePrice = row.price
        hourlyVolatility = row.volatility
        halfSpread = row.spread
        tradeSize = row.size
    }

    private struct Row {
        let price: Double
        let volatility: Double
        let spread: Double
        let size: Double
        /// Steps of 1e-8. Tick times lot is a whole number of them, so that every notional is exact.
        let tick: Int64
        let lot: Int64
        let minimumNotional: Int64
    }

    private static let known: [String: Row] = [
        "BTCUSDT": Row(
            price: 64_000, volatility: 0.0045, spread: 0.000_01, size: 0.02, tick: 1_000_000, lot: 1000,
            minimumNotional: 500_000_000),
        "ETHUSDT": Row(
            price: 3100, volatility: 0.0055, spread: 0.000_02, size: 0.3, tick: 1_000_000, lot: 10_000,
            minimumNotional: 500_000_000),
        "SOLUSDT": Row(
            price: 150, volatility: 0.0075, spread: 0.000_05, size: 4, tick: 1_000_000, lot: 100_000,
            minimumNotional: 500_000_000),
        "ADAUSDT": Row(
            price: 0.45, volatility: 0.007, spread: 0.000_15, size: 900, tick: 10_000, lot: 10_000_000,
            minimumNotional: 500_000_000),
        "XRPUSDT": Row(
            price: 0.6, volatility: 0.0065, spread: 0.000_1, size: 800, tick: 10_000, lot: 10_000_000,
            minimumNotional: 500_000_000),
    ]

    /// Splits `ADABTC` into `ADA` and `BTC`.
    private static func assets(of symbol: Symbol) -> (base: String, quote: String) {
        for quote in ["USDT", "USDC", "BUSD", "FDUSD", "BTC", "ETH", "BNB", "EUR", "USD"]
        where symbol.name.hasSuffix(quote) && symbol.name.count > quote.count {
            return (String(symbol.name.dropLast(quote.count)), quote)
        }
        return (symbol.name, "USDT")
    }
}
