/// The strategies there are.
package enum StrategyKind: String, CaseIterable, Sendable {
    case momentum

    /// Makes the strategy with these parameters, given as text.
    ///
    /// - Throws: `ParameterFaults` with all of them.
    package func make(_ parameters: [String: String]) throws(ParameterFaults) -> any Strategy {
        switch self {
        case .momentum: MomentumStrategy(try MomentumParameters(parameters))
        }
    }
}
