import Domain

/// A number that a rule of Prometheus compares with, and that may be set on the page.
///
/// The rule itself says what holds when nobody has set it; `alerting` exports what was set as
/// `plimsoll_alert_threshold{threshold="NAME"}`.
struct Threshold: Sendable {
    /// What it counts.
    enum Unit: Sendable {
        case seconds
        /// A share, shown in per cent of what the words say.
        case percent(of: String)
        case number(of: String)

        /// Behind a number, such as `seconds`.
        var words: String {
            switch self {
            case .seconds: "seconds"
            case .percent(let whole): "% of \(whole)"
            case .number(let things): things
            }
        }
    }

    /// Why a value is not taken.
    enum Refusal: Error, Equatable, CustomStringConvertible {
        case notANumber
        case outOfBounds(String)

        var description: String {
            switch self {
            case .notANumber: "That is no number."
            case .outOfBounds(let bounds): "It is to be \(bounds)."
            }
        }
    }

    /// What stands for the number in `expression`.
    static let place = "$threshold"

    /// The label's value.
    let name: String
    /// The alert whose rule compares with it.
    let alert: String
    /// What the number means, in a sentence.
    let meaning: String
    let unit: Unit
    let bounds: ClosedRange<Ratio>
    /// What the rule goes by when nobody has set anything.
    let standard: Ratio
    /// What is compared, for the curve.
    let measure: String
    /// The rule's expression, with `place` for the number.
    let expression: String
    /// The rule's `for` and `keep_firing_for`.
    var holds = Timestamp.Span.seconds(0)
    var keepsFiring = Timestamp.Span.seconds(0)

    /// The rule's expression with a number in it.
    func expression(with value: Ratio) -> String {
        expression.replacing(Self.place, with: value.description)
    }

    /// The expression as the rule has it: the number that was set, else its own. A restart of `alerting` changes nothing.
    var rule: String {
        let exported = "max(last_over_time(\(ThresholdKeeper.metric){threshold=\"\(name)\"}[5m]))"
        return expression.replacing(Self.place, with: "scalar(\(exported) or vector(\(standard)))")
    }

    /// Reads what somebody wrote, in the unit that people see.
    func value(_ text: String) throws(Refusal) -> Ratio {
        guard let written = Ratio(text.replacing(",", with: ".")) else { throw .notANumber }
        var value = written
        if case .percent = unit {
            guard written.raw % 100 == 0 else { throw .notANumber }
            value = Ratio(raw: written.raw / 100)
        }
        guard isAllowed(value) else {
            throw .outOfBounds(
                "between \(self.text(of: bounds.lowerBound)) and \(self.text(of: bounds.upperBound)) \(unit.words)")
        }
        return value
    }

    func isAllowed(_ value: Ratio) -> Bool { bounds.contains(value) }

    /// The number as people see it, without its unit.
    func text(of value: Ratio) -> String {
        if case .percent = unit { Ratio(raw: value.raw * 100).description } else { value.description }
    }

    /// The number with its unit.
    func words(for value: Ratio) -> String { "\(text(of: value)) \(unit.words)" }
}
