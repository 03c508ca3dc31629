package import Domain

/// Who is told of which alerts, how they are put together, and how often.
package struct Route: Sendable, Equatable {
    /// All must hold; none means every alert.
    package var matchers: [Matcher]
    package var receiver: String
    /// Nil: by all labels.
    package var groupBy: [String]?
    /// How long a new group waits for more of its kind.
    package var groupWait: Timestamp.Span
    /// How long after a notice news of the group waits.
    package var groupInterval: Timestamp.Span
    /// How long until what has not changed is told again.
    package var repeatInterval: Timestamp.Span
    /// Later routes beside this one are looked at too.
    package var goesOn: Bool
    package var routes: [Route]

    package init(
        receiver: String, matchers: [Matcher] = [], groupBy: [String]? = [], groupWait: Timestamp.Span = .seconds(30),
        groupInterval: Timestamp.Span = .minutes(5), repeatInterval: Timestamp.Span = .minutes(240),
        goesOn: Bool = false, routes: [Route] = []
    ) {
        self.receiver = receiver
        self.matchers = matchers
        self.groupBy = groupBy
        self.groupWait = groupWait
        self.groupInterval = groupInterval
        self.repeatInterval = repeatInterval
        self.goesOn = goesOn
        self.routes = routes
    }

    /// A route that handles an alert, and the path of matchers to it.
    struct Match: Sendable {
        let route: Route
        let path: String
    }

    /// Depth first: the first child that matches, more when it goes on, this one when no child does.
    func matches(_ labels: Labels, under path: String = "") -> [Match] {
        guard matchers.allSatisfy({ $0.matches(labels) }) else { return [] }
        let here = "{" + matchers.map(\.description).joined(separator: ",") + "}"
        let path = path.isEmpty ? here : path + "/" + here
        var found: [Match] = []
        for (index, route) in routes.enumerated() {
            let deeper = route.matches(labels, under: path)
            // Two children with the same matchers are still two routes.
            found += deeper.map { Match(route: $0.route, path: $0.path + (goesTwice(index) ? "/\(index)" : "")) }
            if !deeper.isEmpty, !route.goesOn { break }
        }
        return found.isEmpty ? [Match(route: self, path: path)] : found
    }

    private func goesTwice(_ index: Int) -> Bool {
        routes.indices.contains { $0 != index && routes[$0].matchers == routes[index].matchers }
    }
}
