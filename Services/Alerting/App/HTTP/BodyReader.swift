/// Takes values out of a body's JSON as Alertmanager's decoder does: null is nothing, unknown keys are passed over, and of
/// two members with one name the later counts.
struct BodyReader {
    /// A value is of another type than the field it stands in.
    struct Mismatch: Error, Equatable, CustomStringConvertible {
        let found: String
        let place: String
        let wanted: String

        var description: String {
            let field = place.isEmpty ? "value" : "struct field \(place)"
            return "json: cannot unmarshal \(found) into Go \(field) of type \(wanted)"
        }
    }

    private let members: [JSONValue.Member]
    private let type: String

    /// - Parameters:
    ///   - value: null has no members.
    ///   - type: what the reference calls this, for messages.
    init(_ value: JSONValue, _ type: String) throws(Mismatch) {
        switch value {
        case .object(let members): self.members = members
        case .null: members = []
        default: throw Mismatch(found: value.kind, place: "", wanted: type)
        }
        self.type = type
    }

    /// All members of a name that are there, in order, null among them.
    private func all(_ name: String) -> [JSONValue] {
        members.filter { $0.name == name || $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    func text(_ name: String) throws(Mismatch) -> String? {
        var result: String?
        for value in all(name) {
            switch value {
            case .string(let text): result = text
            case .null: result = nil
            default: throw Mismatch(found: value.kind, place: "\(type).\(name)", wanted: "string")
            }
        }
        return result
    }

    func flag(_ name: String) throws(Mismatch) -> Bool? {
        var result: Bool?
        for value in all(name) {
            switch value {
            case .boolean(let flag): result = flag
            case .null: result = nil
            default: throw Mismatch(found: value.kind, place: "\(type).\(name)", wanted: "bool")
            }
        }
        return result
    }

    /// The items of a list; nil when there is none.
    func list(_ name: String) throws(Mismatch) -> [JSONValue]? {
        var result: [JSONValue]?
        for value in all(name) {
            switch value {
            case .array(let items): result = items
            case .null: result = nil
            default: throw Mismatch(found: value.kind, place: "\(type).\(name)", wanted: "list")
            }
        }
        return result
    }

    /// A map of texts, where null is an empty text; several maps of one name are put together.
    func texts(_ name: String) throws(Mismatch) -> [String: String]? {
        var result: [String: String]?
        for value in all(name) {
            switch value {
            case .object(let entries):
                // Filled in place: a body may hold very many.
                var texts = result ?? [:]
                result = nil
                for entry in entries {
                    switch entry.value {
                    case .string(let text): texts[entry.name] = text
                    case .null: texts[entry.name] = ""
                    default: throw Mismatch(found: entry.value.kind, place: "\(type).\(name)", wanted: "string")
                    }
                }
                result = texts
            case .null: result = nil
            default: throw Mismatch(found: value.kind, place: "\(type).\(name)", wanted: "models.LabelSet")
            }
        }
        return result
    }
}
