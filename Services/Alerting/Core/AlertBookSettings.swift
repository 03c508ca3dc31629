package import Domain

extension AlertBook {
    /// Counts of steps, so that a test can show that none depends on how many alerts or groups there are.
    package struct Work: Hashable, Sendable {
        /// Alerts taken in.
        package var entered = 0
        /// Of these, those that had to find their groups.
        package var routed = 0
        /// Entries taken from the heap of due groups.
        package var taken = 0
        /// Members looked at in rounds.
        package var looked = 0
        /// Members that left their group.
        package var left = 0
        /// Alerts and entries looked at to forget old ones.
        package var swept = 0
    }

    /// One destination of a receiver: `team/slack/0`.
    package struct Destination: Hashable, Sendable {
        package let name: String
        package let sendResolved: Bool
        package init(name: String, sendResolved: Bool) {
            self.name = name
            self.sendResolved = sendResolved
        }
    }

    /// What is told to whom, and when not; one file's worth.
    package struct Settings: Sendable {
        package var route: Route
        /// By the receiver's name.
        package var destinations: [String: [Destination]]
        /// How long an alert without an end is waited for to be heard of again.
        package var resolveTimeout: Timestamp.Span
        package var inhibitRules: [InhibitRule]
        /// By name; routes refer to them. One name may stand for several intervals.
        package var intervals: [String: [TimeInterval]]
        /// For occurrences; the first that matches counts.
        package var eventRules: [EventRule]
        /// For what comes and goes; the first that matches counts.
        package var flapRules: [FlapRule]

        package init(
            route: Route, destinations: [String: [Destination]], resolveTimeout: Timestamp.Span = .minutes(5),
            inhibitRules: [InhibitRule] = [], intervals: [String: [TimeInterval]] = [:],
            eventRules: [EventRule] = [], flapRules: [FlapRule] = []
        ) {
            self.route = route
            self.destinations = destinations
            self.resolveTimeout = resolveTimeout
            self.inhibitRules = inhibitRules
            self.intervals = intervals
            self.eventRules = eventRules
            self.flapRules = flapRules
        }

        /// Names that routes use and nobody has defined, sorted.
        package var unknownIntervals: [String] {
            func names(_ route: Route) -> Set<String> {
                route.routes.reduce(Set(route.muteIntervals + route.activeIntervals)) { $0.union(names($1)) }
            }
            return names(route).filter { intervals[$0] == nil }.sorted()
        }

        /// The names of the intervals that mute a route now; empty when it may be told.
        func muting(_ route: Route, at now: Timestamp) -> [String] {
            func holds(_ name: String) -> Bool { intervals[name]?.contains { $0.contains(now) } == true }
            if !route.activeIntervals.isEmpty, !route.activeIntervals.contains(where: holds) {
                return route.activeIntervals
            }
            return route.muteIntervals.filter(holds)
        }
    }
}
