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
    var text: String { lines.joined(separator: "\n") }

    /// The heading and a line for each row.
    var lines: [String] {
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
        }
    }
}

extension String {
    /// The widest line for a terminal.
    static let lineWidth = 100

    /// Each line broken at blanks so that none is wider than `width`; what goes on is indented by two more than its line. A word
    /// that is too long by itself stays whole.
    func wrapped(to width: Int = lineWidth) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.count > width else { return String(line) }
            let margin = String(repeating: " ", count: line.prefix { $0 == " " }.count)
            var lines: [String] = []
            var current = margin
            for word in line.split(separator: " ") {
                let isEmpty = current.allSatisfy { $0 == " " }
                if !isEmpty, current.count + 1 + word.count > width {
                    lines.append(current)
                    current = margin + "  " + word
                } else {
                    current += (isEmpty ? "" : " ") + word
                }
            }
            return (lines + [current]).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
