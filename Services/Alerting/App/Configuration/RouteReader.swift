import AlertingCore
import Domain
import ServiceKit

/// Reads the tree of routes, and which alerts inhibit which.
struct RouteReader {
    let receivers: Set<String>
    /// Names of time intervals.
    let intervals: Set<String>

    private static let longest = Duration.seconds(3650 * 86_400)

    func read(_ item: SettingsReader) -> Route { route(item, under: nil) }

    private func route(_ item: SettingsReader, under parent: Route?) -> Route {
        let receiver = item.string("receiver", default: parent?.receiver)
        if !receiver.isEmpty, !receivers.contains(receiver) { item.fault("receiver", "no receiver has this name") }
        var route = Route(receiver: receiver)
        route.groupBy = groupBy(item, parent.map(\.groupBy) ?? [])
        let limits = Duration.milliseconds(1)...Self.longest
        let wait = parent?.groupWait.duration ?? .seconds(30)
        route.groupWait = item.duration("group_wait", in: .zero...Self.longest, default: wait).span
        let interval = parent?.groupInterval.duration ?? .seconds(300)
        route.groupInterval = item.duration("group_interval", in: limits, default: interval).span
        let again = parent?.repeatInterval.duration ?? .seconds(14_400)
        route.repeatInterval = item.duration("repeat_interval", in: limits, default: again).span
        if parent == nil {
            refuseAtRoot(item)
        } else {
            route.matchers = matchers(item, "matchers", equal: "match", regex: "match_re")
            route.goesOn = item.boolean("continue", default: false)
            route.muteIntervals = names(item, "mute_time_intervals")
            route.activeIntervals = names(item, "active_time_intervals")
        }
        route.routes = item.items("routes").map { self.route($0, under: route) }
        return route
    }

    /// - Returns: nil for every label, which a route below inherits like any other.
    private func groupBy(_ item: SettingsReader, _ inherited: [String]?) -> [String]? {
        guard item.has("group_by") else { return inherited }
        let names = item.strings("group_by")
        if names == ["..."] { return nil }
        if Set(names).count != names.count { item.fault("group_by", "a label is named twice") }
        for name in names where !LabelName.isValid(name) {
            item.fault("group_by", name == "..." ? "`...` stands alone" : "\(name) is no name of a label")
        }
        return names
    }

    private func refuseAtRoot(_ item: SettingsReader) {
        for key in ["matchers", "match", "match_re"] where item.has(key) && !isEmpty(item, key) {
            item.fault(key, "the first route takes every alert")
        }
        for key in ["mute_time_intervals", "active_time_intervals"] where item.has(key) && !item.strings(key).isEmpty {
            item.fault(key, "the first route takes every alert, at any time")
        }
        if item.boolean("continue", default: false) { item.fault("continue", "nothing follows the first route") }
    }

    private func isEmpty(_ item: SettingsReader, _ key: String) -> Bool {
        key == "matchers" ? item.strings(key).isEmpty : item.keys(of: key).isEmpty
    }

    private func names(_ item: SettingsReader, _ key: String) -> [String] {
        let names = item.strings(key, default: [])
        for name in names where !intervals.contains(name) { item.fault(key, "no time interval is named \(name)") }
        return names
    }

    /// Matchers in the new form and in the two old ones.
    private func matchers(_ item: SettingsReader, _ key: String, equal: String, regex: String) -> [Matcher] {
        var found: [Matcher] = []
        for text in item.strings(key, default: []) {
            do throws(Matcher.Failure) {
                found += try Matcher.list(text)
            } catch {
                item.fault(key, "\(text): \(error)")
            }
        }
        for (key, comparison) in [(equal, Matcher.Comparison.equal), (regex, .matches)] {
            for name in item.keys(of: key) {
                let text = item.string("\(key).\(name)")
                do throws(Matcher.Failure) {
                    // The old form shows its anchors in the key of a group.
                    found.append(try Matcher(name, comparison, comparison == .equal ? text : "^(?:\(text))$"))
                } catch {
                    item.fault("\(key).\(name)", "\(error)")
                }
            }
        }
        return found
    }

    func inhibitRules(_ reader: SettingsReader) -> [InhibitRule] {
        reader.items("inhibit_rules").map { item in
            let equal = item.strings("equal", default: [])
            for name in equal where !LabelName.isValid(name) { item.fault("equal", "\(name) is no name of a label") }
            return InhibitRule(
                name: item.optionalString("name") ?? "",
                source: matchers(item, "source_matchers", equal: "source_match", regex: "source_match_re"),
                target: matchers(item, "target_matchers", equal: "target_match", regex: "target_match_re"),
                equal: equal)
        }
    }
}
