import Foundation
import TestKit

/// A file of the repository as the rules see it.
struct SourceFile: Sendable {
    /// From the root of the repository, such as `Shared/Domain/Market/Symbol.swift`.
    let path: String
    let lines: [String]
    /// All lines.
    let text: String
    /// The lines with comments and the text of string literals blanked out; code in interpolations stays.
    let code: [String]
    /// All lines of `code`.
    let codeText: String
    /// The text of each string literal, with a blank for each interpolation, and its line counted from 1.
    let literals: [Literal]

    struct Literal: Sendable {
        let text: String
        let line: Int
    }

    init(path: String, text: String) {
        self.path = path
        self.text = text
        self.lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard path.hasSuffix(".swift") else {
            self.code = lines
            self.codeText = text
            self.literals = []
            return
        }
        var lexer = Lexer(text)
        lexer.run()
        self.codeText = lexer.code
        self.code = codeText.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        self.literals = lexer.literals
    }

    /// The folders of the path: `["Shared", "Domain", "Market"]`.
    var folders: [String] { path.split(separator: "/").dropLast().map(String.init) }

    /// True when the file is in the folder, or somewhere below it.
    func isIn(_ folder: String) -> Bool { path.hasPrefix("\(folder)/") }

    /// `Services/*/Core`.
    var isCore: Bool { folders.count >= 3 && folders[0] == "Services" && folders[2] == "Core" }

    /// Code that must give the same result for the same input: the domain, indicators, cores and the backtest.
    var isDeterministic: Bool { isCore || isIn("Shared/Domain") || isIn("Shared/Indicators") }

    /// What ships, as opposed to tests.
    var isProduct: Bool { isIn("Shared") || isIn("Services") }
}

/// Something a rule does not like.
struct Finding: Sendable, Equatable, CustomStringConvertible {
    let path: String
    /// From 1; 0 for the file as a whole.
    let line: Int
    let problem: String

    var description: String { line > 0 ? "\(path):\(line): \(problem)" : "\(path): \(problem)" }
}

/// The files of this checkout.
enum Checkout {
    private static let skipped: Set<String> = [".build", ".git", "var", "node_modules", "__pycache__", ".swiftpm"]
    private static let textEndings: Set<String> = [
        "swift", "md", "yml", "yaml", "sh", "json", "sql", "h", "modulemap", "py", "ini", "conf", "toml", "txt", "csv",
        "",
    ]

    /// Every text file below the root, by path; build products and running data are left out.
    static let files: [SourceFile] = {
        let root = Repository.root.path
        var found: [SourceFile] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
            for name in names where !skipped.contains(name) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder) else {
                    continue
                }
                if isFolder.boolValue {
                    folders.append(path)
                } else if let file = read(path, root) {
                    found.append(file)
                }
            }
        }
        return found.sorted { $0.path < $1.path }
    }()

    /// The Swift files.
    static let swift = files.filter { $0.path.hasSuffix(".swift") }

    /// The text of one file; empty when it is not there.
    static func text(_ path: String) -> String {
        files.first { $0.path == path }?.lines.joined(separator: "\n") ?? ""
    }

    private static func read(_ path: String, _ root: String) -> SourceFile? {
        let ending = path.split(separator: "/").last.map { $0.contains(".") ? $0.split(separator: ".").last ?? "" : "" }
        guard textEndings.contains(String(ending ?? "")) else { return nil }
        guard let data = FileManager.default.contents(atPath: "\(root)/\(path)"), data.count < 1 << 20,
            let text = String(data: data, encoding: .utf8)
        else { return nil }
        return SourceFile(path: path, text: text)
    }
}
