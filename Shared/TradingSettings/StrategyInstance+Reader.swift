package import Domain
package import ServiceKit
package import StrategyCore

extension StrategyInstance {
    /// An item of `strategy.instances`; nil after a noted fault of its parameters.
    ///
    /// - `id`, `kind`, `timeframe` (text, required), `symbols` (list, required), `parameters` (map, optional): of the kind.
    ///
    /// - Parameter markets: those that `symbols` may name; nil for any.
    package init?(_ item: SettingsReader, markets: Set<Symbol>? = nil) {
        let id = item.string("id")
        let kind = item.oneOf("kind", StrategyKind.self)
        let timeframe = item.oneOf("timeframe", Timeframe.self)
        let symbols = item.symbols("symbols")
        for symbol in symbols where markets?.contains(symbol) == false {
            item.fault("symbols", "\(symbol) is not one of exchange.symbols")
        }
        var parameters: [String: String] = [:]
        for key in item.keys(of: "parameters") { parameters[key] = item.string("parameters.\(key)") }
        do throws(ParameterFaults) {
            self.init(
                id: id, kind: kind, timeframe: timeframe, symbols: symbols, parameters: parameters,
                rule: try kind.make(parameters))
        } catch {
            for fault in error.faults {
                item.fault("parameters.\(fault.key)", "is not allowed; allowed: \(fault.allowed)")
            }
            return nil
        }
    }
}
