package import Domain

/// What is dangerous or doubtful above a value that is otherwise allowed.
package struct Caution<Value: Comparable & Sendable>: Sendable {
    let warnAbove: Value?
    let refuseAbove: Value?

    /// - Parameters:
    ///   - warnAbove: more than this is warned of.
    ///   - refuseAbove: more than this is a fault unless the key is listed under `accept_dangerous`.
    package init(warnAbove: Value? = nil, refuseAbove: Value? = nil) {
        self.warnAbove = warnAbove
        self.refuseAbove = refuseAbove
    }
}

extension SettingsReader {
    /// Text of 1 to 500 characters.
    package func string(_ key: String, default fallback: String? = nil) -> String {
        value(key, fallback, harmless: "", allowed: "text of 1 to 500 characters") { text in
            (1...500).contains(text.count) ? text : nil
        }
    }

    /// Text of 1 to 20,000 characters, several lines among it.
    package func text(_ key: String) -> String {
        value(key, nil, harmless: "", allowed: "text of 1 to 20000 characters") { text in
            (1...20_000).contains(text.count) ? text : nil
        }
    }

    /// Text that may be absent.
    package func optionalString(_ key: String) -> String? { has(key) ? string(key) : nil }

    /// A whole number.
    package func integer(
        _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil, caution: Caution<Int>? = nil
    ) -> Int {
        ranged(key, range, fallback, caution, noun: "a whole number") { Int($0) }
    }

    /// A length of time such as `1h30m`: whole numbers, each with one of y, w, d, h, m, s, ms, us, ns, the largest first.
    package func duration(
        _ key: String, in range: ClosedRange<Duration>, default fallback: Duration? = nil,
        caution: Caution<Duration>? = nil
    ) -> Duration {
        ranged(key, range, fallback, caution, noun: "a duration", show: DurationText.format, DurationText.parse)
    }

    /// The same, from text that stands elsewhere; nil when malformed.
    package static func duration(_ text: String) -> Duration? { DurationText.parse(text) }

    /// A share such as 0.05, with at most eight digits after the point.
    package func ratio(
        _ key: String, in range: ClosedRange<Ratio>, default fallback: Ratio? = nil, caution: Caution<Ratio>? = nil
    ) -> Ratio {
        ranged(key, range, fallback, caution, noun: "a number") { Ratio($0) }
    }

    /// An amount of money.
    package func money(
        _ key: String, in range: ClosedRange<Money>, default fallback: Money? = nil, caution: Caution<Money>? = nil
    ) -> Money {
        ranged(key, range, fallback, caution, noun: "an amount") { Money($0) }
    }

    /// A price.
    package func price(
        _ key: String, in range: ClosedRange<Price>, default fallback: Price? = nil, caution: Caution<Price>? = nil
    ) -> Price {
        ranged(key, range, fallback, caution, noun: "a price") { Price($0) }
    }

    /// A number for indicators and pictures, never for money.
    package func number(_ key: String, in range: ClosedRange<Double>, default fallback: Double? = nil) -> Double {
        ranged(key, range, fallback, nil, noun: "a number") { text in
            Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// `true` or `false`.
    package func boolean(_ key: String, default fallback: Bool? = nil) -> Bool {
        value(key, fallback, harmless: false, allowed: "true or false") { Bool($0) }
    }

    /// One of the names of an enumeration.
    package func oneOf<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ key: String, _ type: Choice.Type, default fallback: Choice? = nil
    ) -> Choice where Choice.RawValue == String {
        let names = type.allCases.map(\.rawValue).joined(separator: ", ")
        guard let first = type.allCases.first else { preconditionFailure("\(type) has no cases") }
        return value(key, fallback, harmless: first, allowed: "one of \(names)") { Choice(rawValue: $0) }
    }

    /// An address with one of the schemes, such as `https://api.example.com`; no user or password in it. One that sends in
    /// clear through the internet is dangerous.
    package func url(_ key: String, schemes: [String], default fallback: String? = nil) -> String {
        let names = schemes.map { "\($0)://host" }.joined(separator: " or ")
        let allowed = "an address such as \(names), without user and password, blanks or a final slash"
        let url = value(key, fallback, harmless: "", allowed: allowed) { text in
            guard let scheme = schemes.first(where: { text.hasPrefix("\($0)://") }) else { return nil }
            let rest = text.dropFirst(scheme.count + 3)
            guard let host = rest.split(separator: "/").first, !host.contains("@"), !rest.hasSuffix("/"),
                rest.allSatisfy({ $0.isASCII && !$0.isWhitespace }), rest.first != "/"
            else { return nil }
            return text
        }
        if HostText.isSentInClear(url) { danger(key, "sending in clear (\(url.prefix { $0 != ":" })) is dangerous") }
        return url
    }

    /// A list of words: a YAML list, or text with commas in the environment.
    package func strings(_ key: String, default fallback: [String]? = nil) -> [String] {
        let parts = Self.parts(key)
        noteRead(parts)
        let variable = Settings.variable(for: path + parts)
        if let text = settings.environment[variable] {
            return text.split(separator: ",").map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
        }
        switch find(parts) {
        case .list(let items, let line):
            let texts = items.compactMap { item in
                if case .scalar(let text, _) = item { text } else { nil }
            }
            if texts.count != items.count { add(fault: "must be a list of plain values", parts, line: line) }
            return texts
        case nil, .scalar(nil, _):
            if fallback == nil { add(fault: "is missing; allowed: a list", parts, line: line(of: parts)) }
            return fallback ?? []
        case .some(let other):
            add(fault: "must be a list", parts, line: other.line)
            return []
        }
    }

    /// A list of different markets, at least one.
    package func symbols(_ key: String, default fallback: [Symbol]? = nil) -> [Symbol] {
        let parts = Self.parts(key)
        let names = strings(key, default: fallback?.map(\.name))
        var symbols: [Symbol] = []
        for name in names {
            guard let symbol = Symbol(name) else {
                add(fault: "a symbol is 1 to 20 of A-Z and 0-9", parts, line: line(of: parts), value: name)
                continue
            }
            if symbols.contains(symbol) {
                add(fault: "is listed twice", parts, line: line(of: parts), value: name)
            } else {
                symbols.append(symbol)
            }
        }
        return symbols
    }
}

extension SettingsReader {
    /// Reads one value, or notes why it cannot be read.
    func value<Value>(
        _ key: String, _ fallback: Value?, harmless: Value, allowed: String, _ parse: (String) -> Value?
    ) -> Value {
        let parts = Self.parts(key)
        let faultsBefore = findings.found.faults.count
        guard let raw = raw(parts) else {
            let alreadyAtFault = findings.found.faults.count > faultsBefore
            if fallback == nil, !alreadyAtFault {
                add(fault: "is missing; allowed: \(allowed)", parts, line: line(of: parts))
            }
            return fallback ?? harmless
        }
        if let value = parse(raw.text) { return value }
        add(fault: "is not allowed; allowed: \(allowed)", parts, raw)
        return fallback ?? harmless
    }

    private func ranged<Value: Comparable & Sendable>(
        _ key: String, _ range: ClosedRange<Value>, _ fallback: Value?, _ caution: Caution<Value>?, noun: String,
        show: (Value) -> String = { "\($0)" }, _ parse: (String) -> Value?
    ) -> Value {
        let allowed = "\(noun) from \(show(range.lowerBound)) to \(show(range.upperBound))"
        let value = value(key, fallback, harmless: range.lowerBound, allowed: allowed) { text in
            parse(text).flatMap { range.contains($0) ? $0 : nil }
        }
        if let caution { check(caution, value, key, show) }
        return value
    }

    private func check<Value: Comparable & Sendable>(
        _ caution: Caution<Value>, _ value: Value, _ key: String, _ show: (Value) -> String
    ) {
        let parts = Self.parts(key)
        if let limit = caution.refuseAbove, value > limit {
            danger(parts, "more than \(show(limit)) is dangerous", value: show(value))
        } else if let limit = caution.warnAbove, value > limit {
            add(warning: "more than \(show(limit)) is doubtful", parts, line: line(of: parts), value: show(value))
        }
    }
}

extension StringProtocol {
    func trimmingBlanks() -> String {
        let blank: (Character) -> Bool = { $0.isWhitespace || $0.isNewline }
        let start = drop(while: blank)
        return String(start.reversed().drop(while: blank).reversed())
    }
}
