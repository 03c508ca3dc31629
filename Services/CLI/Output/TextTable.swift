/// Columns of text, as wide as they need to be.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    private let headings: [(name: String, alignment: Alignment)]
    private(set) var rows: [[String]] = []

    /// Headings that begin with `>` belong to columns of numbers, aligned on the right.
    init(_ headings: String...) {
        self.headings = headings.map { $0.hasPrefix(">") ? (String($0.dropFirst()), .right) : ($0, .left) }
    }

    /// Adds a row; what is missing is left empty.
    mutating func add(_ cells: String...) {
        rows.append((0..<headings.count).map { $0 < cells.count ? cells[$0] : "" })
    }

    /// The lines, each indented by two, without blanks at their ends.
    var text: String {
        let lines = [headings.map(\.name)] + rows
        let widths = headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            var line = "  "
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += headings[column].alignment == .left ? cell + padding : padding + cell
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
