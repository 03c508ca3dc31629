/// A rule of the house that can be read off one file.
struct Rule: Sendable {
    let name: String
    let check: @Sendable (SourceFile) -> [Finding]

    /// All rules about single files.
    static let all: [Rule] =
        layering + determinism + sizes + words + [documentation, machinePaths]
}

extension SourceFile {
    /// A finding for each line of code that holds a match of the pattern.
    func findings(_ pattern: Pattern, _ problem: (String) -> String) -> [Finding] {
        pattern.lines(of: codeText, code).map { index, groups in
            Finding(path: path, line: index + 1, problem: problem(String(groups[0].trimmingPrefix { $0.isWhitespace })))
        }
    }

    /// True when the line, or the comment right above it, holds a comment. `index` counts from 0.
    func hasComment(at index: Int) -> Bool {
        if lines[index].contains("//") { return true }
        return index > 0 && lines[index - 1].trimmingPrefix { $0.isWhitespace }.hasPrefix("//")
    }
}
