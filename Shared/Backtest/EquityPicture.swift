import Domain

/// The equity as a picture (SVG 1.1) with the drawdown below.
package enum EquityPicture {
    private static let width = 1000
    private static let equityTop = 50
    private static let equityHeight = 330
    private static let drawdownTop = 420
    private static let drawdownHeight = 120
    private static let left = 90
    private static let plotWidth = 880

    /// Draws `points`; the same points give the same bytes.
    package static func draw(_ points: [EquityPoint], title: String) -> String {
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) 580" font-family="sans-serif" font-size="12">
            <rect width="\(width)" height="580" fill="white"/>
            <text x="\(left)" y="28" font-size="16">\(escaped(title))</text>

            """
        guard let first = points.first, let last = points.last else { return svg + "</svg>\n" }
        let columns = thin(points)
        let low = points.map(\.equity).min() ?? first.equity
        let high = points.map(\.equity).max() ?? first.equity
        let deepest = points.map(\.drawdown).max() ?? .zero
        svg += timeGrid(first, last)
        svg += frame(top: equityTop, height: equityHeight, label: "equity")
        svg += frame(top: drawdownTop, height: drawdownHeight, label: "drawdown")
        for tick in AxisTicks.values(from: low.raw, to: high.raw, atMost: 6) {
            let y = equityTop + equityHeight - part(Money(raw: tick) - low, of: high - low, equityHeight)
            svg += level(y, Figures.money(Money(raw: tick)))
        }
        for tick in AxisTicks.values(from: 0, to: Int128(deepest.raw), atMost: 3) {
            let depth = Ratio(raw: Int64(clamping: tick))
            svg += level(drawdownTop + part(depth, of: deepest), Figures.percent(.zero - depth))
        }
        svg += line(
            columns.map {
                (x($0.time, first, last), equityHeight - part($0.equity - low, of: high - low, equityHeight))
            })
        svg += area(columns.map { (x($0.time, first, last), part($0.drawdown, of: deepest)) })
        return svg + "</svg>\n"
    }

    /// Of each stretch of a picture column the first, lowest and highest point, so that no spike is lost.
    private static func thin(_ points: [EquityPoint]) -> [EquityPoint] {
        guard points.count > 3 * plotWidth else { return points }
        var kept: [EquityPoint] = []
        let size = (points.count + plotWidth - 1) / plotWidth
        for start in stride(from: 0, to: points.count, by: size) {
            let part = points[start..<min(start + size, points.count)]
            let extremes = [
                part.indices.min { part[$0].equity < part[$1].equity },
                part.indices.max { part[$0].equity < part[$1].equity },
            ]
            for index in Set([start] + extremes.compactMap { $0 }).sorted() { kept.append(part[index]) }
        }
        if let last = points.last, kept.last != last { kept.append(last) }
        return kept
    }

    private static func frame(top: Int, height: Int, label: String) -> String {
        """
        <rect x="\(left)" y="\(top)" width="\(plotWidth)" height="\(height)" fill="none" stroke="#999999"/>
        <text x="\(left + 6)" y="\(top - 5)" fill="#666666">\(label)</text>

        """
    }

    /// A line across with its value.
    private static func level(_ y: Int, _ label: String) -> String {
        """
        <line x1="\(left)" y1="\(y)" x2="\(left + plotWidth)" y2="\(y)" stroke="#dddddd"/>
        <text x="\(left - 6)" y="\(y + 4)" text-anchor="end">\(label)</text>

        """
    }

    /// Lines through both plots at round times, with what they are in UTC.
    private static func timeGrid(_ first: EquityPoint, _ last: EquityPoint) -> String {
        let (times, isDaily) = AxisTicks.times(from: first.time, to: last.time, atMost: 8)
        return times.map { time in
            let place = left + x(time, first, last)
            let bottom = drawdownTop + drawdownHeight
            let words = time.description
            let label =
                isDaily ? String(words.prefix(10)) : "\(words.dropFirst(5).prefix(5)) \(words.dropFirst(11).prefix(5))"
            return """
                <line x1="\(place)" y1="\(equityTop)" x2="\(place)" y2="\(equityTop + equityHeight)" stroke="#dddddd"/>
                <line x1="\(place)" y1="\(drawdownTop)" x2="\(place)" y2="\(bottom)" stroke="#dddddd"/>
                <text x="\(place)" y="\(bottom + 18)" text-anchor="middle">\(label)</text>

                """
        }.joined()
            + "<text x=\"\(left + plotWidth)\" y=\"\(drawdownTop + drawdownHeight + 36)\" text-anchor=\"end\" fill=\"#666666\">UTC</text>\n"
    }

    private static func line(_ places: [(x: Int, y: Int)]) -> String {
        let text = places.map { "\($0.x + left),\($0.y + equityTop)" }.joined(separator: " ")
        return "<polyline fill=\"none\" stroke=\"#1f77b4\" stroke-width=\"1.2\" points=\"\(text)\"/>\n"
    }

    private static func area(_ places: [(x: Int, y: Int)]) -> String {
        guard let first = places.first, let last = places.last else { return "" }
        let edge = places.map { "\($0.x + left),\($0.y + drawdownTop)" }.joined(separator: " ")
        return "<polygon fill=\"#d62728\" fill-opacity=\"0.5\" points=\"\(first.x + left),\(drawdownTop) \(edge) "
            + "\(last.x + left),\(drawdownTop)\"/>\n"
    }

    private static func x(_ time: Timestamp, _ first: EquityPoint, _ last: EquityPoint) -> Int {
        let span = (last.time - first.time).nanoseconds
        return span > 0 ? Int(Int128((time - first.time).nanoseconds) * Int128(plotWidth) / Int128(span)) : 0
    }

    private static func part(_ value: Money, of whole: Money, _ length: Int) -> Int {
        whole.isPositive ? Int(value.raw * Int128(length) / whole.raw) : length / 2
    }

    private static func part(_ value: Ratio, of whole: Ratio) -> Int {
        whole.isPositive ? Int(Int128(value.raw) * Int128(drawdownHeight) / Int128(whole.raw)) : 0
    }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }.joined()
    }
}
