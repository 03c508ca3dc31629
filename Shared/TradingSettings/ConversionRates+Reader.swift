import Domain
package import RiskManagerCore
package import ServiceKit

extension ConversionRates {
    /// The key that may change while risk-manager runs.
    package static let liveKey = "rates"

    /// - `rates` (list, optional): `from` and `to` (assets), `rate` (0.00000001 … 1000000): what one unit of `from` is worth.
    package init(_ reader: SettingsReader) {
        var rates: [Pair: Ratio] = [:]
        for item in reader.items("rates") {
            let pair = Pair(from: item.asset("from"), to: item.asset("to"))
            let rate = item.ratio("rate", in: Ratio(raw: 1)...Ratio(1_000_000, over: 1))
            if pair.from == pair.to { item.fault("from", "is worth one of itself; allowed: another asset than to") }
            if rates.updateValue(rate, forKey: pair) != nil { item.fault("from", "has two rates to \(pair.to)") }
        }
        self.init(rates)
    }
}

extension SettingsReader {
    /// The name of a currency or coin, such as USDT.
    package func asset(_ key: String) -> String {
        let name = string(key)
        let isName = name.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) }
        if !isName || name.utf8.count > 10 { fault(key, "is no asset; allowed: 1 to 10 of A-Z and 0-9") }
        return name
    }
}
