import AlertingCore
import Domain

/// The functions that templates may call; any other is refused when the file is read.
enum TemplateFunction: String, CaseIterable {
    case toUpper, toLower, title, trimSpace, join, match, stringSlice, urlquery, html, safeHtml, safeUrl
    case len, index, print, printf, println, and, or, not, eq, ne, lt, le, gt, ge, date

    /// - Throws: `TemplateFault` when the arguments do not fit.
    func call(_ arguments: [TemplateValue], line: Int) throws(TemplateFault) -> TemplateValue {
        guard let value = try value(arguments, line) else {
            throw TemplateFault(line: line, "\(rawValue) does not take these arguments")
        }
        return value
    }

    private func value(_ arguments: [TemplateValue], _ line: Int) throws(TemplateFault) -> TemplateValue? {
        switch self {
        case .toUpper: return text(arguments) { $0.uppercased() }
        case .toLower: return text(arguments) { $0.lowercased() }
        case .title: return text(arguments, Self.title)
        case .trimSpace: return text(arguments, Self.trimmed)
        case .urlquery: return .text(Self.queryEscaped(arguments.map(\.shown).joined()))
        case .html: return .text(Self.escaped(arguments.map(\.shown).joined()))
        case .safeHtml, .safeUrl: return arguments.count == 1 ? .markup(arguments[0].shown) : nil
        case .join, .match, .stringSlice, .date: return try texts(arguments, line)
        case .len: return arguments.count == 1 ? arguments[0].count.map(TemplateValue.number) : nil
        case .index: return try index(arguments, line)
        case .print: return .text(arguments.map(\.shown).joined())
        case .println: return .text(arguments.map(\.shown).joined(separator: " ") + "\n")
        case .printf: return try formatted(arguments, line)
        case .and: return arguments.first { !$0.isTrue } ?? arguments.last
        case .or: return arguments.first { $0.isTrue } ?? arguments.last
        case .not: return arguments.count == 1 ? .boolean(!arguments[0].isTrue) : nil
        case .eq, .ne, .lt, .le, .gt, .ge: return comparison(arguments)
        }
    }

    private func text(_ arguments: [TemplateValue], _ change: (String) -> String) -> TemplateValue? {
        switch arguments.first {
        case .text(let text)? where arguments.count == 1, .markup(let text)? where arguments.count == 1:
            .text(change(text))
        default: nil
        }
    }

    private func texts(_ arguments: [TemplateValue], _ line: Int) throws(TemplateFault) -> TemplateValue? {
        switch (self, arguments.first, arguments.last) {
        case (.stringSlice, _, _): return .texts(arguments.map(\.shown))
        case (.join, .text(let separator)?, .texts(let texts)?) where arguments.count == 2:
            return .text(texts.joined(separator: separator))
        case (.date, .text(let layout)?, .time(let time)?) where arguments.count == 2:
            return .text(TimeLayout(layout).format(time))
        case (.match, .text(let pattern)?, .text(let text)?) where arguments.count == 2:
            do throws(Matcher.Failure) {
                // A matcher holds for the whole; here a part is enough.
                return .boolean(try Matcher("text", .matches, "(?s:.*)(?:\(pattern))(?s:.*)").matches(value: text))
            } catch {
                throw TemplateFault(line: line, "match: \(error)")
            }
        default: return nil
        }
    }

    private func index(_ arguments: [TemplateValue], _ line: Int) throws(TemplateFault) -> TemplateValue? {
        guard arguments.count == 2 else { return nil }
        switch (arguments[0], arguments[1]) {
        case (.labels(let labels), .text(let name)): return .text(labels[name])
        case (let list, .number(let number)):
            guard let items = list.items, case .number? = items.first?.key ?? .number(0) else { return nil }
            guard items.indices.contains(number) else {
                throw TemplateFault(line: line, "index \(number) is out of range")
            }
            return items[number].value
        default: return nil
        }
    }

    /// `eq` holds when the first is equal to any of the others.
    private func comparison(_ arguments: [TemplateValue]) -> TemplateValue? {
        guard arguments.count == 2 || self == .eq && arguments.count > 2 else { return nil }
        var orders: [Int] = []
        for other in arguments.dropFirst() {
            guard let order = Self.order(arguments[0], other) else { return nil }
            orders.append(order)
        }
        switch self {
        case .eq: return .boolean(orders.contains(0))
        case .ne: return .boolean(orders[0] != 0)
        case .lt: return .boolean(orders[0] < 0)
        case .le: return .boolean(orders[0] <= 0)
        case .gt: return .boolean(orders[0] > 0)
        default: return .boolean(orders[0] >= 0)
        }
    }

    private static func order(_ left: TemplateValue, _ right: TemplateValue) -> Int? {
        switch (left, right) {
        case (.text(let a), .text(let b)): a == b ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        case (.number(let a), .number(let b)): a == b ? 0 : a < b ? -1 : 1
        case (.boolean(let a), .boolean(let b)): a == b ? 0 : 1
        default: nil
        }
    }

    /// `%s`, `%v`, `%d`, `%q` and `%%`.
    private func formatted(_ arguments: [TemplateValue], _ line: Int) throws(TemplateFault) -> TemplateValue? {
        guard case .text(let format)? = arguments.first else { return nil }
        var values = arguments.dropFirst()
        var result = ""
        var characters = format[...]
        while let character = characters.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            switch characters.popFirst() {
            case "%": result += "%"
            case "s", "v", "d": result += values.popFirst()?.shown ?? ""
            case "q":
                result +=
                    "\"" + (values.popFirst()?.shown ?? "").replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                    + "\""
            case let verb: throw TemplateFault(line: line, "printf does not know %\(verb.map(String.init) ?? "")")
            }
        }
        return .text(result)
    }

    private static func title(_ text: String) -> String {
        var result = ""
        var isStart = true
        for character in text {
            result += isStart ? character.uppercased() : character.lowercased()
            isStart = !character.isLetter && !character.isNumber && character != "'"
        }
        return result
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }

    private static func queryEscaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte == 0x20 {
                result += "+"
            } else if byte < 0x80,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.~".utf8.contains(byte)
            {
                result.unicodeScalars.append(scalar)
            } else {
                result += byte < 16 ? "%0" : "%"
                result += String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// Safe in the text and in a quoted attribute of HTML.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&#34;").replacing("'", with: "&#39;")
    }
}
