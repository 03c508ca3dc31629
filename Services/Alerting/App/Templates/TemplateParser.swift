/// Reads templates: a subset of Go's text/template, what is outside of it refused by name and line.
struct TemplateParser {
    private let pieces: [TemplateLexer.Piece]
    private var place = 0
    /// What `define` and `block` have named.
    private(set) var definitions: [String: [TemplateNode]] = [:]
    private var depth = 0

    private static let depthMax = 50
    private static let keywords: Set<String> = [
        "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue",
    ]

    private init(_ pieces: [TemplateLexer.Piece]) { self.pieces = pieces }

    /// - Throws: `TemplateFault` for the first thing that is wrong.
    static func parse(
        _ text: String
    ) throws(TemplateFault) -> (nodes: [TemplateNode], definitions: [String: [TemplateNode]]) {
        var parser = TemplateParser(try TemplateLexer.pieces(of: text))
        let (nodes, end) = try parser.body(isInner: false)
        if let end { throw TemplateFault(line: end.line, "\(end.word) without a beginning") }
        return (nodes, parser.definitions)
    }

    private struct End {
        let word: String
        /// What follows `else`.
        let rest: [TemplateToken]
        let line: Int
    }

    /// Nodes up to `end` or `else`.
    private mutating func body(isInner: Bool) throws(TemplateFault) -> (nodes: [TemplateNode], end: End?) {
        depth += 1
        defer { depth -= 1 }
        var nodes: [TemplateNode] = []
        while place < pieces.count {
            let piece = pieces[place]
            place += 1
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .action(let tokens, let line):
                guard depth <= Self.depthMax else { throw TemplateFault(line: line, "too many blocks in each other") }
                guard case .word(let word)? = tokens.first, Self.keywords.contains(word) else {
                    nodes.append(try statement(tokens, line))
                    continue
                }
                let rest = Array(tokens.dropFirst())
                if word == "end" || word == "else" { return (nodes, End(word: word, rest: rest, line: line)) }
                if let node = try block(word, rest, line) { nodes.append(node) }
            }
        }
        if isInner { throw TemplateFault(line: lastLine, "a block has no end") }
        return (nodes, nil)
    }

    private var lastLine: Int {
        pieces.reversed().compactMap { if case .action(_, let line) = $0 { line } else { nil } }.first ?? 1
    }

    private mutating func block(
        _ word: String, _ tokens: [TemplateToken], _ line: Int
    ) throws(TemplateFault) -> TemplateNode? {
        switch word {
        case "if": return try choice(tokens, line)
        case "with":
            let (variables, pipeline) = try declared(tokens, line)
            let (body, otherwise) = try bodies(line)
            return .with(pipeline, variable: variables.first, body: body, otherwise: otherwise, line: line)
        case "range":
            let (variables, pipeline) = try declared(tokens, line)
            let (body, otherwise) = try bodies(line)
            return .range(pipeline, variables: variables, body: body, otherwise: otherwise, line: line)
        case "break": return .leave(.breaks)
        case "continue": return .leave(.continues)
        default: return try named(word, tokens, line)
        }
    }

    private mutating func named(
        _ word: String, _ tokens: [TemplateToken], _ line: Int
    ) throws(TemplateFault) -> TemplateNode? {
        guard case .text(let name)? = tokens.first else {
            throw TemplateFault(line: line, "\(word) needs a name in quotes")
        }
        let rest = Array(tokens.dropFirst())
        let pipeline = rest.isEmpty ? nil : try TemplatePipelineParser.parse(rest, line)
        if word == "template" { return .template(name, pipeline, line: line) }
        let (body, end) = try body(isInner: true)
        guard end?.word == "end" else { throw TemplateFault(line: line, "\(word) takes no else") }
        definitions[name] = body
        return word == "block" ? .template(name, pipeline, line: line) : nil
    }

    private mutating func choice(_ tokens: [TemplateToken], _ line: Int) throws(TemplateFault) -> TemplateNode {
        var parts: [(condition: TemplateNode.Pipeline?, body: [TemplateNode])] = []
        var condition: TemplateNode.Pipeline? = try TemplatePipelineParser.parse(tokens, line)
        while true {
            let (body, end) = try body(isInner: true)
            parts.append((condition, body))
            guard let end, end.word == "else" else { return .choice(parts, line: line) }
            guard condition != nil else { throw TemplateFault(line: end.line, "else after else") }
            if case .word("if")? = end.rest.first {
                condition = try TemplatePipelineParser.parse(Array(end.rest.dropFirst()), end.line)
            } else {
                guard end.rest.isEmpty else { throw TemplateFault(line: end.line, "else takes only if") }
                condition = nil
            }
        }
    }

    private mutating func bodies(_ line: Int) throws(TemplateFault) -> ([TemplateNode], [TemplateNode]) {
        let (body, end) = try self.body(isInner: true)
        guard let end, end.word == "else" else { return (body, []) }
        guard end.rest.isEmpty else { throw TemplateFault(line: end.line, "this else takes nothing") }
        let (otherwise, last) = try self.body(isInner: true)
        guard last?.word == "end" else { throw TemplateFault(line: line, "else after else") }
        return (body, otherwise)
    }

    /// `$i, $alert := pipeline`, or a pipeline alone.
    private func declared(
        _ tokens: [TemplateToken], _ line: Int
    ) throws(TemplateFault) -> ([String], TemplateNode.Pipeline) {
        guard let sign = tokens.firstIndex(of: .sign(":=")) else {
            return ([], try TemplatePipelineParser.parse(tokens, line))
        }
        var names: [String] = []
        for token in tokens[..<sign] {
            if case .variable(let name) = token { names.append(name) }
        }
        guard (1...2).contains(names.count), sign == names.count * 2 - 1 else {
            throw TemplateFault(line: line, "one or two variables stand before :=")
        }
        return (names, try TemplatePipelineParser.parse(Array(tokens[(sign + 1)...]), line))
    }

    private func statement(_ tokens: [TemplateToken], _ line: Int) throws(TemplateFault) -> TemplateNode {
        if tokens.count > 2, case .variable(let name) = tokens[0], case .sign(let sign) = tokens[1],
            sign == ":=" || sign == "="
        {
            let pipeline = try TemplatePipelineParser.parse(Array(tokens[2...]), line)
            return .set(name, pipeline, declares: sign == ":=", line: line)
        }
        return .show(try TemplatePipelineParser.parse(tokens, line), line: line)
    }
}

/// Reads what stands in an action: values, functions and pipes.
struct TemplatePipelineParser {
    private let tokens: [TemplateToken]
    private let line: Int
    private var place = 0

    static func parse(_ tokens: [TemplateToken], _ line: Int) throws(TemplateFault) -> TemplateNode.Pipeline {
        var parser = TemplatePipelineParser(tokens: tokens, line: line)
        let pipeline = try parser.pipeline(isInner: false)
        guard parser.place == tokens.count else { throw TemplateFault(line: line, "unexpected ) or sign") }
        return pipeline
    }

    private init(tokens: [TemplateToken], line: Int) {
        self.tokens = tokens
        self.line = line
    }

    private mutating func pipeline(isInner: Bool) throws(TemplateFault) -> TemplateNode.Pipeline {
        var commands = [try command()]
        while place < tokens.count, tokens[place] == .sign("|") {
            place += 1
            commands.append(try command())
        }
        for command in commands.dropFirst() {
            switch command.operands[0] {
            case .function, .fields: continue
            default: throw TemplateFault(line: line, "only a function can stand behind |")
            }
        }
        return TemplateNode.Pipeline(commands: commands)
    }

    private mutating func command() throws(TemplateFault) -> TemplateNode.Command {
        var operands: [TemplateNode.Operand] = []
        while place < tokens.count, tokens[place] != .sign("|"), tokens[place] != .sign(")") {
            operands.append(try operand())
        }
        guard let first = operands.first else { throw TemplateFault(line: line, "an action is empty") }
        if operands.count > 1 {
            switch first {
            case .function, .fields: break
            default: throw TemplateFault(line: line, "a value cannot be called with arguments")
            }
        }
        return TemplateNode.Command(operands: operands)
    }

    private mutating func operand() throws(TemplateFault) -> TemplateNode.Operand {
        let token = tokens[place]
        place += 1
        var operand: TemplateNode.Operand
        switch token {
        case .text(let text): operand = .text(text)
        case .number(let number): operand = .number(number)
        case .variable(let name): operand = .variable(name)
        case .field(let name, _): operand = name.isEmpty ? .point : .fields(of: .point, [name])
        case .word("true"): operand = .boolean(true)
        case .word("false"): operand = .boolean(false)
        case .word("nil"): operand = .nothing
        case .word(let name):
            guard TemplateFunction(rawValue: name) != nil else {
                throw TemplateFault(line: line, "the function \(name) is not supported")
            }
            operand = .function(name)
        case .sign("("):
            operand = .pipeline(try pipeline(isInner: true))
            guard place < tokens.count, tokens[place] == .sign(")") else {
                throw TemplateFault(line: line, "a ( has no )")
            }
            place += 1
        case .sign(let sign): throw TemplateFault(line: line, "unexpected \(sign)")
        }
        var names: [String] = []
        while place < tokens.count, case .field(let name, spaced: false) = tokens[place], !name.isEmpty {
            names.append(name)
            place += 1
        }
        guard !names.isEmpty else { return operand }
        if case .fields(let base, let first) = operand { return .fields(of: base, first + names) }
        return .fields(of: operand, names)
    }
}
