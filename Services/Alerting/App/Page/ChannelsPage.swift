import Domain
import ServiceKit
import Store

/// The ways by which people are told: how each fares, and a test of it.
struct ChannelsPage: Sendable {
    /// Most ids of tests in an address.
    private static let testsMax = 20
    /// A test that takes longer is looked at again by loading the page again.
    private static let patience = Duration.seconds(4)

    let desk: AlertDesk
    let store: AlertStore
    let delivery: Delivery
    let clock: any WallClock
    /// The routing in force.
    let configuration: @Sendable () -> AlertingConfiguration

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/channels", "Channels", on: api) { _, query in await page(query) }
        router.post("/ui/channels/test", "Send a test", on: api) { visitor, form in
            do {
                let tests = try await desk.sendTest(receiver: form["receiver"], by: visitor.name, through: "page")
                let ids = tests.map { "test=\(PageText.query($0.id))" }.joined(separator: "&")
                return .go(to: "/ui/channels?\(ids)", message: "A test was sent to \(form["receiver"]).")
            } catch let error as AlertDesk.UnknownReceiver {
                throw Problem.notFound("\(error)")
            }
        }
    }

    private func page(_ query: PageForm) async -> PageAnswer {
        let configuration = configuration()
        let now = clock.now()
        var isAway = false
        var states: [String: ChannelState] = [:]
        var tests: [AskedMessage] = []
        do {
            tests = try await settled(Array(query.all("test").prefix(Self.testsMax)))
            states = try await store.channelStates(configuration.destinations.map(\.name))
        } catch {
            isAway = true
        }
        let receivers = configuration.receivers.map { receiver in
            let destinations = configuration.destinations.filter { $0.name.hasPrefix("\(receiver)/") }
            return [
                "name": receiver, "tellsNobody": destinations.isEmpty,
                "destinations": destinations.map { row($0, states[$0.name], now) },
            ] as [String: any Sendable]
        }
        let model: [String: any Sendable] = [
            "receivers": receivers, "follows": await !desk.isLeading, "away": isAway, "hasTests": !tests.isEmpty,
            "tests": tests.map(Self.row), "at": PageText.moment(now),
        ]
        return .content(template: "channels", model: model)
    }

    /// Waits for a while until nothing more becomes of messages.
    private func settled(_ ids: [String]) async throws -> [AskedMessage] {
        guard !ids.isEmpty else { return [] }
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let messages = try await store.askedMessages(ids)
            if messages.allSatisfy(\.isSettled) || ContinuousClock.now >= deadline { return messages }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: - Rows

    private static func row(_ test: AskedMessage) -> [String: any Sendable] {
        [
            "destination": test.destination, "state": test.isSettled ? test.state : "under way",
            "tint": test.isSettled ? test.state : "pending", "answer": test.answer,
            "took": test.took.map { "\($0.nanoseconds / 1_000_000) ms" } ?? "",
        ]
    }

    private func row(
        _ destination: AlertingConfiguration.Destination, _ state: ChannelState?, _ now: Timestamp
    ) -> [String: any Sendable] {
        let lane = delivery.lane(destination.name)
        let waiting = state?.waiting ?? lane?.waiting ?? 0
        let oldest = state.map(\.oldest) ?? lane?.oldest
        let policy = lane?.policy ?? .standard(destination.channel.kind)
        return [
            "name": destination.name, "channel": destination.channel.kind,
            "waiting": waiting == 0 ? "nothing" : PageText.count(waiting, "message"),
            "oldest": oldest.map { "the oldest since \(PageText.span(now - $0))" } ?? "",
            "success": state?.lastSuccess.map { Self.words($0, now) } ?? "",
            "trouble": state?.lastTrouble.map { Self.words($0, now) } ?? "",
            "isTroubled": state.map(Self.isTroubled) ?? false,
            "brakes": (lane?.brakes(at: now)).map { Self.words($0, now) } ?? [],
            "rate": "\(policy.perMinute) a minute, \(policy.burst) at once",
        ]
    }

    /// The last answer was no success.
    private static func isTroubled(_ state: ChannelState) -> Bool {
        guard let trouble = state.lastTrouble else { return false }
        return state.lastSuccess.map { $0.at < trouble.at } ?? true
    }

    private static func words(_ answer: ChannelState.Answer, _ now: Timestamp) -> String {
        let result = answer.result == "delivered" ? "" : "\(answer.result): "
        return "\(PageText.ago(answer.at, now: now)), \(result)\(answer.text)"
    }

    private static func words(_ brakes: DestinationQueue.Brakes, _ now: Timestamp) -> [String] {
        var words: [String] = []
        if let until = brakes.askedUntil { words.append("it asked for a pause of \(PageText.span(until - now))") }
        if let until = brakes.fullUntil { words.append("its rate is used up for \(PageText.span(until - now))") }
        if let at = brakes.summaryAt { words.append("a storm: a summary in \(PageText.span(at - now))") }
        return words
    }
}
