import Domain

/// A text with places to fill in, in a subset of Go's template language (docs/alerting.md names what is in it).
struct Template: Sendable {
    /// What is shown is escaped for HTML, or left as it is.
    enum Kind: Sendable { case text, html }

    private let nodes: [TemplateNode]
    private let definitions: [String: [TemplateNode]]
    private let kind: Kind

    /// Reads a template and tries it on a made-up notice.
    ///
    /// - Parameter library: what `template` may name, beside what the text defines itself.
    /// - Throws: `TemplateFault` with the line in the text, when it uses what is not supported.
    init(_ text: String, library: TemplateLibrary = .none, kind: Kind = .text) throws(TemplateFault) {
        let parsed = try TemplateParser.parse(text)
        nodes = parsed.nodes
        definitions = library.definitions.merging(parsed.definitions) { $1 }
        self.kind = kind
        do throws(TemplateFault) {
            _ = try render(.sample)
        } catch {
            // What only this notice lacks may be there in a real one.
            if !error.problem.hasSuffix("out of range") { throw error }
        }
    }

    /// The text for a notice.
    ///
    /// - Throws: `TemplateFault` when it takes too long, is too large, or does not fit this notice.
    func render(_ data: TemplateData) throws(TemplateFault) -> String {
        var run = TemplateRun(definitions: definitions, kind: kind, root: .data(data))
        try run.show(nodes)
        return run.output
    }
}

/// Named templates from the files under `templates`.
struct TemplateLibrary: Sendable {
    fileprivate(set) var definitions: [String: [TemplateNode]]

    static let none = TemplateLibrary(definitions: [:])

    /// Takes in the definitions of a file; a later one of the same name wins.
    ///
    /// - Throws: `TemplateFault` with the line in the file.
    mutating func add(_ text: String) throws(TemplateFault) {
        definitions.merge(try TemplateParser.parse(text).definitions) { $1 }
    }
}

/// One rendering: bounded in steps, depth and size.
struct TemplateRun {
    private static let stepsMax = 100_000
    private static let depthMax = 50
    private static let bytesMax = 256 << 10

    private let definitions: [String: [TemplateNode]]
    private let kind: Template.Kind
    private var root: TemplateValue
    private var point: TemplateValue
    private var variables: [(name: String, value: TemplateValue)] = []
    private var steps = 0
    private var depth = 0
    private(set) var output = ""

    init(definitions: [String: [TemplateNode]], kind: Template.Kind, root: TemplateValue) {
        self.definitions = definitions
        self.kind = kind
        self.root = root
        point = root
    }

    mutating func show(_ nodes: [TemplateNode]) throws(TemplateFault) { _ = try showAll(nodes) }

    /// - Returns: a `break` or `continue` on its way to the loop.
    private mutating func showAll(_ nodes: [TemplateNode]) throws(TemplateFault) -> TemplateNode.Leave? {
        let declared = variables.count
        defer { variables.removeLast(variables.count - declared) }
        for node in nodes {
            if let leave = try show(node) { return leave }
        }
        return nil
    }

    private mutating func show(_ node: TemplateNode) throws(TemplateFault) -> TemplateNode.Leave? {
        switch node {
        case .text(let text): output += text
        case .show(let pipeline, let line):
            try step(line)
            write(try value(pipeline, line))
        case .set(let name, let pipeline, let declares, let line):
            let value = try value(pipeline, line)
            if declares {
                variables.append((name, value))
            } else if let index = variables.lastIndex(where: { $0.name == name }) {
                variables[index].value = value
            } else {
                throw TemplateFault(line: line, "the variable $\(name) is not declared")
            }
        case .choice(let parts, let line):
            for part in parts {
                if let condition = part.condition, !(try value(condition, line)).isTrue { continue }
                return try showAll(part.body)
            }
        case .with(let pipeline, let variable, let body, let otherwise, let line):
            let value = try value(pipeline, line)
            guard value.isTrue else { return try showAll(otherwise) }
            return try inner(value, [(variable, value)], body)
        case .range(let pipeline, let names, let body, let otherwise, let line):
            return try range(try value(pipeline, line), names, body, otherwise, line)
        case .template(let name, let pipeline, let line): try call(name, pipeline, line)
        case .leave(let leave): return leave
        }
        return nil
    }

    private mutating func step(_ line: Int) throws(TemplateFault) {
        steps += 1
        guard steps <= Self.stepsMax, output.utf8.count <= Self.bytesMax else {
            throw TemplateFault(line: line, "the template takes too long, or its text is too large")
        }
    }

    private mutating func write(_ value: TemplateValue) {
        if case .markup(let text) = value {
            output += text
        } else {
            output += kind == .html ? TemplateFunction.escaped(value.shown) : value.shown
        }
    }

    private mutating func inner(
        _ value: TemplateValue, _ named: [(String?, TemplateValue)], _ body: [TemplateNode]
    ) throws(TemplateFault) -> TemplateNode.Leave? {
        let (outer, declared) = (point, variables.count)
        defer {
            point = outer
            variables.removeLast(variables.count - declared)
        }
        point = value
        for (name, value) in named { if let name { variables.append((name, value)) } }
        return try showAll(body)
    }

    private mutating func range(
        _ value: TemplateValue, _ names: [String], _ body: [TemplateNode], _ otherwise: [TemplateNode], _ line: Int
    ) throws(TemplateFault) -> TemplateNode.Leave? {
        guard let items = value.items else { throw TemplateFault(line: line, "range cannot go through this value") }
        guard !items.isEmpty else { return try showAll(otherwise) }
        for item in items {
            try step(line)
            let named: [(String?, TemplateValue)] =
                names.count == 2 ? [(names[0], item.key), (names[1], item.value)] : [(names.first, item.value)]
            if case .breaks? = try inner(item.value, named, body) { break }
        }
        return nil
    }

    private mutating func call(
        _ name: String, _ pipeline: TemplateNode.Pipeline?, _ line: Int
    ) throws(TemplateFault) {
        try step(line)
        guard let body = definitions[name] else { throw TemplateFault(line: line, "no template is named \"\(name)\"") }
        guard depth < Self.depthMax else { throw TemplateFault(line: line, "templates call each other too deep") }
        let outer = (root, point, variables)
        let value = if let pipeline { try value(pipeline, line) } else { TemplateValue.nothing }
        defer { (root, point, variables) = outer }
        (root, point, variables) = (value, value, [])
        depth += 1
        defer { depth -= 1 }
        _ = try showAll(body)
    }

    // MARK: - Values

    private mutating func value(_ pipeline: TemplateNode.Pipeline, _ line: Int) throws(TemplateFault) -> TemplateValue {
        var last: TemplateValue?
        for command in pipeline.commands { last = try value(command, last, line) }
        return last ?? .nothing
    }

    private mutating func value(
        _ command: TemplateNode.Command, _ piped: TemplateValue?, _ line: Int
    ) throws(TemplateFault) -> TemplateValue {
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() { arguments.append(try value(operand, line)) }
        if let piped { arguments.append(piped) }
        switch command.operands[0] {
        case .function(let name):
            guard let function = TemplateFunction(rawValue: name) else {
                throw TemplateFault(line: line, "the function \(name) is not supported")
            }
            try step(line)
            return try function.call(arguments, line: line)
        case .fields(let base, let names) where !arguments.isEmpty:
            let owner = try member(try value(base, line), Array(names.dropLast()), line)
            guard let value = owner.member(names[names.count - 1], arguments) else {
                throw TemplateFault(line: line, "there is no .\(names[names.count - 1]) with these arguments")
            }
            return value
        default: return try value(command.operands[0], line)
        }
    }

    private mutating func value(_ operand: TemplateNode.Operand, _ line: Int) throws(TemplateFault) -> TemplateValue {
        switch operand {
        case .point: return point
        case .text(let text): return .text(text)
        case .number(let number): return .number(number)
        case .boolean(let value): return .boolean(value)
        case .nothing: return .nothing
        case .variable(""): return root
        case .variable(let name):
            guard let found = variables.last(where: { $0.name == name }) else {
                throw TemplateFault(line: line, "the variable $\(name) is not declared")
            }
            return found.value
        case .function: return try value(TemplateNode.Command(operands: [operand]), nil, line)
        case .pipeline(let pipeline): return try value(pipeline, line)
        case .fields(let base, let names): return try member(try value(base, line), names, line)
        }
    }

    private func member(_ value: TemplateValue, _ names: [String], _ line: Int) throws(TemplateFault) -> TemplateValue {
        var value = value
        for name in names {
            guard let next = value.member(name) else { throw TemplateFault(line: line, "there is no .\(name) here") }
            value = next
        }
        return value
    }
}
