package import Domain

/// Who is told of which alerts, how they are put together, and how often.
package struct Route: Sendable, Equatable {
    /// All must hold; none means every alert. Sorted.
    package var matchers: [Matcher] { didSet { matchers.sort() } }
    package var receiver: String
    /// Nil: by all labels.
    package var groupBy: [String]?
    /// How long a new group waits for more of its kind.
    package var groupWait: Timestamp.Span
    /// How long after a notice news of the group waits.
    package var groupInterval: Timestamp.Span
    /// How long until what has not changed is told again; looked at when the group's interval has passed.
    package var repeatInterval: Timestamp.Span
    /// Names of time intervals in which nothing is told. Not inherited.
    package var muteIntervals: [String]
    /// Names of time intervals outside of which nothing is told; none: always. Not inherited.
    package var activeIntervals: [String]
    /// Names and values of the route itself, handed on with its notices.
    package var labels: Labels
    /// Later routes beside this one are looked at too.
    package var goesOn: Bool
    package var routes: [Route]

    package init(
        receiver: String, matchers: [Matcher] = [], groupBy: [String]? = [], groupWait: Timestamp.Span = .seconds(30),
        groupInterval: Timestamp.Span = .minutes(5), repeatInterval: Timestamp.Span = .minutes(240),
        muteIntervals: [String] = [], activeIntervals: [String] = [], labels: Labels = .none, goesOn: Bool = false,
        routes: [Route] = []
    ) {
        self.receiver = receiver
        self.matchers = matchers.sorted()
        self.groupBy = groupBy
        self.groupWait = groupWait
        self.groupInterval = groupInterval
        self.repeatInterval = repeatInterval
        self.muteIntervals = muteIntervals
        self.activeIntervals = activeIntervals
        self.labels = labels
        self.goesOn = goesOn
        self.routes = routes
    }
}

/// The tree of routes laid out flat, so that an alert finds its routes without copies.
struct RouteTable: Sendable {
    struct Entry: Sendable {
        /// Without its children.
        let route: Route
        /// Its matchers after those of all above: `{}/{severity="critical"}`. Two routes may have the same.
        let key: String
        /// The same with the places among the children, so that no two are equal: `{}/{severity="critical"}/0`.
        let id: String
        let children: [Int]
    }

    private(set) var entries: [Entry] = []
    private(set) var indexByID: [String: Int] = [:]

    init(_ root: Route) { _ = add(root, key: root.matchers.text, id: root.matchers.text) }

    /// Children come before their parent.
    private mutating func add(_ route: Route, key: String, id: String) -> Int {
        let children = route.routes.enumerated().map { place, child in
            let text = child.matchers.text
            return add(child, key: "\(key)/\(text)", id: "\(id)/\(text)/\(place)")
        }
        var bare = route
        bare.routes = []
        entries.append(Entry(route: bare, key: key, id: id, children: children))
        indexByID[id] = entries.count - 1
        return entries.count - 1
    }

    subscript(index: Int) -> Entry { entries[index] }

    /// Depth first: the first child that matches, more when it goes on, the route itself when no child does.
    func matches(_ labels: Labels) -> [Int] {
        var found: [Int] = []
        _ = collect(entries.count - 1, labels, &found)
        return found
    }

    private func collect(_ index: Int, _ labels: Labels, _ found: inout [Int]) -> Bool {
        guard entries[index].route.matchers.match(labels) else { return false }
        let before = found.count
        for child in entries[index].children {
            if collect(child, labels, &found), !entries[child].route.goesOn { break }
        }
        if found.count == before { found.append(index) }
        return true
    }
}
