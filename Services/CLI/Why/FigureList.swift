import Backtest
import Domain
import Foundation

/// The figures of a decision, as they are kept in JSON, as lines with names for people.
enum FigureList {
    /// Nested names are joined, `camelCase` and `snake_case` become words; null is left out, times are shown in UTC.
    static func read(_ json: String) -> [Story.Figure] {
        // The story is told without figures rather than not at all.
        guard let value = try? JSONSerialization.jsonObject(with: Data(json.utf8), options: [.fragmentsAllowed]) else {
            return []
        }
        var figures: [Story.Figure] = []
        collect(value, "", &figures)
        return figures
    }

    private static func collect(_ value: Any, _ name: String, _ figures: inout [Story.Figure]) {
        switch value {
        case let map as [String: Any]:
            for key in map.keys.sorted() {
                guard let inner = map[key] else { continue }
                collect(inner, name.isEmpty ? words(key) : "\(name), \(words(key))", &figures)
            }
        case let list as [Any]:
            for (index, inner) in list.enumerated() { collect(inner, "\(name) \(index + 1)", &figures) }
        case is NSNull: break
        case let number as NSNumber:
            let value = name.hasSuffix("time") ? Figures.time(Timestamp(nanoseconds: number.int64Value)) : text(number)
            figures.append(.init(name: name, value: value))
        default: figures.append(.init(name: name, value: "\(value)"))
        }
    }

    private static func text(_ number: NSNumber) -> String {
        CFGetTypeIDIsBoolean(number) ? (number.boolValue ? "yes" : "no") : number.stringValue
    }

    /// Foundation keeps a JSON boolean as a number of the C type for characters.
    private static func CFGetTypeIDIsBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

    static func words(_ key: String) -> String {
        var text = ""
        for character in key {
            if character == "_" {
                text.append(" ")
            } else if character.isUppercase {
                text += (text.isEmpty ? "" : " ") + character.lowercased()
            } else {
                text.append(character)
            }
        }
        return text
    }
}
