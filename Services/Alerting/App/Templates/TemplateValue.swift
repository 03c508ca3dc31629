import AlertingCore
import Domain

/// What a template computes with.
enum TemplateValue: Sendable {
    case nothing
    case boolean(Bool)
    case number(Int)
    case text(String)
    /// Text that is HTML already.
    case markup(String)
    case texts([String])
    case labels(Labels)
    case pairs([Labels.Pair])
    case pair(Labels.Pair)
    case alerts([TemplateData.Entry])
    case alert(TemplateData.Entry)
    case time(Timestamp)
    case data(TemplateData)

    /// As Go has it: empty is false.
    var isTrue: Bool {
        switch self {
        case .nothing: false
        case .boolean(let value): value
        case .number(let value): value != 0
        case .text(let text), .markup(let text): !text.isEmpty
        case .texts(let texts): !texts.isEmpty
        case .labels(let labels): !labels.isEmpty
        case .pairs(let pairs): !pairs.isEmpty
        case .alerts(let alerts): !alerts.isEmpty
        case .pair, .alert, .time, .data: true
        }
    }

    /// As it is shown.
    var shown: String {
        switch self {
        case .nothing: ""
        case .boolean(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text), .markup(let text): text
        case .texts(let texts): "[" + texts.joined(separator: " ") + "]"
        case .labels(let labels): Self.shown(labels.pairs)
        case .pairs(let pairs): Self.shown(pairs)
        case .pair(let pair): "\(pair.name)=\(pair.value)"
        case .alerts(let alerts): "\(alerts.count) alerts"
        case .alert(let alert): Self.shown(alert.labels.pairs)
        case .time(let time): time.description
        case .data(let data): data.groupLabels.description
        }
    }

    private static func shown(_ pairs: [Labels.Pair]) -> String {
        pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    }

    /// The number of parts; nil when it has none.
    var count: Int? {
        switch self {
        case .text(let text), .markup(let text): text.utf8.count
        case .texts(let texts): texts.count
        case .labels(let labels): labels.pairs.count
        case .pairs(let pairs): pairs.count
        case .alerts(let alerts): alerts.count
        default: nil
        }
    }

    /// What `range` goes through; nil when it cannot.
    var items: [(key: TemplateValue, value: TemplateValue)]? {
        func numbered(_ values: [TemplateValue]) -> [(key: TemplateValue, value: TemplateValue)] {
            values.enumerated().map { (.number($0.offset), $0.element) }
        }
        switch self {
        case .nothing: return []
        case .texts(let texts): return numbered(texts.map(TemplateValue.text))
        case .labels(let labels): return labels.pairs.map { (.text($0.name), .text($0.value)) }
        case .pairs(let pairs): return numbered(pairs.map(TemplateValue.pair))
        case .alerts(let alerts): return numbered(alerts.map(TemplateValue.alert))
        default: return nil
        }
    }

    /// A field, or a method with its arguments; nil when this has none of the name.
    func member(_ name: String, _ arguments: [TemplateValue] = []) -> TemplateValue? {
        switch self {
        case .labels(let labels): labels.member(name, arguments)
        case .pairs(let pairs):
            switch name {
            case "Names": .texts(pairs.map(\.name))
            case "Values": .texts(pairs.map(\.value))
            default: nil
            }
        case .pair(let pair): name == "Name" ? .text(pair.name) : name == "Value" ? .text(pair.value) : nil
        case .alerts(let alerts):
            switch name {
            case "Firing": .alerts(alerts.filter { $0.status == "firing" })
            case "Resolved": .alerts(alerts.filter { $0.status == "resolved" })
            default: nil
            }
        case .alert(let alert): alert.member(name)
        case .data(let data): data.member(name)
        case .time(let time): time.member(name, arguments)
        default: nil
        }
    }
}

extension Labels {
    /// Its methods, else the value of that name.
    fileprivate func member(_ name: String, _ arguments: [TemplateValue]) -> TemplateValue? {
        switch name {
        case "SortedPairs": return .pairs(sortedForPeople)
        case "Names": return .texts(sortedForPeople.map(\.name))
        case "Values": return .texts(sortedForPeople.map(\.value))
        case "Remove":
            guard case .texts(let names)? = arguments.first else { return nil }
            return .labels(only(pairs.map(\.name).filter { !names.contains($0) }))
        default: return .text(self[name])
        }
    }

    /// `alertname` leads.
    private var sortedForPeople: [Labels.Pair] {
        pairs.filter { $0.name == "alertname" } + pairs.filter { $0.name != "alertname" }
    }
}

extension Timestamp {
    fileprivate func member(_ name: String, _ arguments: [TemplateValue]) -> TemplateValue? {
        switch name {
        case "Unix": .number(Int(milliseconds / 1000))
        case "UTC", "Local": .time(self)
        case "Format":
            if case .text(let layout)? = arguments.first { .text(TimeLayout(layout).format(self)) } else { nil }
        default: nil
        }
    }
}
