/// A template as a tree.
indirect enum TemplateNode: Sendable {
    case text(String)
    case show(Pipeline, line: Int)
    case set(String, Pipeline, declares: Bool, line: Int)
    /// Each condition with what is shown when it is the first that holds; nil is `else`.
    case choice([(condition: Pipeline?, body: [TemplateNode])], line: Int)
    /// As `choice` with one condition, and the point is its value.
    case with(Pipeline, variable: String?, body: [TemplateNode], otherwise: [TemplateNode], line: Int)
    case range(Pipeline, variables: [String], body: [TemplateNode], otherwise: [TemplateNode], line: Int)
    case template(String, Pipeline?, line: Int)
    case leave(Leave)

    enum Leave: Sendable { case breaks, continues }

    /// Commands, the value of each given on as the last argument of the next.
    struct Pipeline: Sendable { let commands: [Command] }

    /// One value, or a function or method with its arguments.
    struct Command: Sendable { let operands: [Operand] }

    indirect enum Operand: Sendable {
        case point
        case text(String)
        case number(Int)
        case boolean(Bool)
        case nothing
        case variable(String)
        case function(String)
        case pipeline(Pipeline)
        /// `.a.b` of something.
        case fields(of: Operand, [String])
    }
}
