import AlertingCore
import Domain

/// What a query for alerts or groups asks for.
struct AlertQuery {
    private let matchers: [Matcher]
    private let receiver: Matcher?
    private let active: Bool
    private let silenced: Bool
    private let inhibited: Bool
    /// Groups that a time interval mutes are wanted.
    let muted: Bool

    /// - Throws: `APIAnswer.Fault` when a matcher or the receiver cannot be read.
    init(_ query: QueryParameters) throws(APIAnswer.Fault) {
        matchers = try Self.filter(query)
        receiver = try Self.receiver(query)
        active = query.flag("active")
        silenced = query.flag("silenced")
        inhibited = query.flag("inhibited")
        muted = query.flag("muted")
        // Receivers have no labels here, so a condition on one holds only when it holds for nothing.
        receiverMatchers = try Self.receiverMatchers(query)
    }

    private let receiverMatchers: [Matcher]

    /// The matchers under `filter`, all of which must hold.
    static func filter(_ query: QueryParameters) throws(APIAnswer.Fault) -> [Matcher] {
        var matchers: [Matcher] = []
        for text in query.all("filter") {
            do throws(Matcher.Failure) { matchers.append(try Matcher(text)) } catch { throw .badRequest("\(error)") }
        }
        return matchers
    }

    static func receiverMatchers(_ query: QueryParameters) throws(APIAnswer.Fault) -> [Matcher] {
        var matchers: [Matcher] = []
        for text in query.all("receiver_matchers") {
            do throws(Matcher.Failure) { matchers.append(try Matcher(text)) } catch {
                throw .badRequest("failed to parse receiver_matchers param: \(error)")
            }
        }
        return matchers
    }

    private static func receiver(_ query: QueryParameters) throws(APIAnswer.Fault) -> Matcher? {
        guard let text = query.last("receiver") else { return nil }
        do throws(Matcher.Failure) { return try Matcher("receiver", .matches, text) } catch {
            throw .badRequest("failed to parse receiver param: \(error)")
        }
    }

    func wantsReceiver(_ name: String) -> Bool {
        receiver?.matches(value: name) != false && receiverMatchers.match(.none)
    }

    func wants(_ alert: Alert) -> Bool { matchers.match(alert.labels) }

    func wants(_ status: AlertStatus) -> Bool {
        (active || status.state != .active) && (silenced || status.silencedBy.isEmpty)
            && (inhibited || status.inhibitedBy.isEmpty)
    }
}

/// An alert as the API shows it.
struct ListedAlert: Encodable {
    struct Name: Encodable { let name: String }
    struct Status: Encodable {
        let state: String
        let silencedBy: [String]
        let inhibitedBy: [String]
        let mutedBy: [String]
    }

    let labels: [String: String]
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let updatedAt: String
    let fingerprint: String
    /// Nil when nobody said where it comes from: then the key is left out.
    let generatorURL: String?
    let receivers: [Name]
    let status: Status

    /// - Parameter mutedBy: names of the time intervals that mute its group.
    init(_ view: AlertView, mutedBy: [String] = []) {
        let alert = view.alert
        labels = alert.labels.dictionary
        annotations = alert.annotations.dictionary
        startsAt = alert.startsAt.description
        endsAt = alert.endsAt.description
        updatedAt = alert.updatedAt.description
        fingerprint = "\(alert.fingerprint)"
        generatorURL = alert.generatorURL.isEmpty ? nil : alert.generatorURL
        receivers = view.receivers.map(Name.init)
        status = Status(
            state: mutedBy.isEmpty ? view.status.state.rawValue : AlertStatus.State.suppressed.rawValue,
            silencedBy: view.status.silencedBy, inhibitedBy: view.status.inhibitedBy.map { "\($0)" }, mutedBy: mutedBy)
    }
}

/// A group as the API shows it.
struct ListedGroup: Encodable {
    let labels: [String: String]
    let routeLabels: [String: String]
    let receiver: ListedAlert.Name
    let alerts: [ListedAlert]

    /// - Returns: nil when the query wants none of it.
    init?(_ view: GroupView, _ query: AlertQuery) {
        guard query.muted || view.mutedBy.isEmpty else { return nil }
        let alerts = view.alerts.filter { query.wants($0.status) }
        guard !alerts.isEmpty else { return nil }
        labels = view.name.labels.dictionary
        routeLabels = view.routeLabels.dictionary
        receiver = ListedAlert.Name(name: view.receiver)
        self.alerts = alerts.map { ListedAlert($0, mutedBy: view.mutedBy) }
    }
}

/// A silence as the API shows it.
struct ListedSilence: Encodable {
    struct Status: Encodable { let state: String }

    let id: String
    let matchers: [Matcher]
    let startsAt: String
    let endsAt: String
    let updatedAt: String
    let createdBy: String
    let comment: String
    let annotations: [String: String]?
    let status: Status

    init(_ silence: Silence, at now: Timestamp) {
        id = silence.id
        matchers = silence.matchers
        startsAt = silence.startsAt.description
        endsAt = silence.endsAt.description
        updatedAt = silence.updatedAt.description
        createdBy = silence.createdBy
        comment = silence.comment
        annotations = silence.annotations.isEmpty ? nil : silence.annotations.dictionary
        status = Status(state: silence.state(at: now).rawValue)
    }
}
