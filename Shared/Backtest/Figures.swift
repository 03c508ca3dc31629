package import Domain

/// How figures are shown to people.
package enum Figures {
    /// `2.31`: two decimals.
    package static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let hundredths = Int64((value * 100).rounded())
        let fraction = String(hundredths.magnitude % 100)
        let sign = hundredths < 0 ? "-" : ""
        return sign + thousands(String(hundredths.magnitude / 100)) + "." + (fraction.count == 1 ? "0" : "") + fraction
    }

    /// `10,234.50`: two decimals, rounded half to even, thousands apart.
    package static func money(_ value: Money) -> String {
        let cents = value.raw.magnitude / 1_000_000
        let rest = value.raw.magnitude % 1_000_000
        let up = rest > 500_000 || (rest == 500_000 && cents % 2 == 1)
        let rounded = cents + (up ? 1 : 0)
        let fraction = String(rounded % 100)
        let sign = value.isNegative && rounded > 0 ? "-" : ""
        return sign + thousands(String(rounded / 100)) + "." + (fraction.count == 1 ? "0" : "") + fraction
    }

    /// As `money`, with a plus where it is one.
    package static func profit(_ value: Money) -> String { (value.isPositive ? "+" : "") + money(value) }

    /// `3.25 %`.
    package static func percent(_ value: Ratio) -> String {
        let hundredths = (value.raw.magnitude + 5000) / 10_000
        let fraction = String(hundredths % 100)
        let sign = value.isNegative && hundredths > 0 ? "-" : ""
        return "\(sign)\(hundredths / 100).\(fraction.count == 1 ? "0" : "")\(fraction) %"
    }

    /// `2026-11-21 12:00:03 UTC`.
    package static func time(_ time: Timestamp) -> String {
        let text = time.description
        return text.prefix(19).replacing("T", with: " ") + " UTC"
    }

    /// `45 s`, `12 min`, `3 h`, `2 d`.
    package static func age(_ span: Timestamp.Span) -> String {
        let seconds = max(0, span.nanoseconds / 1_000_000_000)
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    private static func thousands(_ digits: String) -> String {
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}
