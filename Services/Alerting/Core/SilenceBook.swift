package import Domain

/// All silences, with Alertmanager's rules for changing them. What has ended stays for a while to be looked up.
package struct SilenceBook: Sendable {
    /// How long a silence is kept after its end.
    package static let retention = Timestamp.Span.days(5)

    /// What a change did.
    package struct Change: Hashable, Sendable {
        /// The silence that was made or changed.
        package let id: String
        /// Every silence that is different now, for the books.
        package let changed: [Silence]
    }

    private var silences: [String: Silence] = [:]
    private var index = SilenceIndex()

    package init() {}

    package subscript(id: String) -> Silence? { silences[id] }
    package var count: Int { silences.count }

    /// Active ones first (the next to end leads), then pending (the next to start leads), then expired (the last to
    /// end leads), as Alertmanager lists them.
    package func all(at now: Timestamp) -> [Silence] {
        let byState = Dictionary(grouping: silences.values) { $0.state(at: now) }
        func sorted(_ state: Silence.State, _ isBefore: (Silence, Silence) -> Bool?) -> [Silence] {
            (byState[state] ?? []).sorted { isBefore($0, $1) ?? ($0.id < $1.id) }
        }
        return sorted(.active) { $0.endsAt == $1.endsAt ? nil : $0.endsAt < $1.endsAt }
            + sorted(.pending) { $0.startsAt == $1.startsAt ? nil : $0.startsAt < $1.startsAt }
            + sorted(.expired) { $0.endsAt == $1.endsAt ? nil : $0.endsAt > $1.endsAt }
    }

    /// The ids of the silences that mute an alert, sorted.
    package func muting(_ labels: Labels, at now: Timestamp) -> [String] {
        index.candidates(labels).filter { id in
            guard let silence = silences[id], silence.state(at: now) == .active else { return false }
            return silence.matchers.match(labels)
        }.sorted()
    }

    /// Makes a silence, or changes one: in place when its past stays as it was, else the old one ends and a new one is
    /// made.
    ///
    /// - Parameter newID: the id that a new one gets.
    /// - Throws: `SilenceError`; nothing is changed then.
    package mutating func set(_ draft: SilenceDraft, newID: String, at now: Timestamp) throws(SilenceError) -> Change {
        var silence = Silence(
            id: draft.id, matchers: draft.matchers, startsAt: draft.startsAt ?? now, endsAt: draft.endsAt,
            updatedAt: now, createdBy: draft.createdBy, comment: draft.comment, annotations: draft.annotations)
        try Self.check(silence)
        let previous = silences[draft.id]
        // A clock that was set back makes no change older than those before it.
        silence.updatedAt = max(now, previous?.updatedAt ?? now)
        if !draft.id.isEmpty, previous == nil { throw .unknown(draft.id) }
        if let previous, Self.canUpdate(previous, silence, at: now) {
            put(silence)
            return Change(id: silence.id, changed: [silence])
        }
        silence.id = newID
        silence.startsAt = max(silence.startsAt, now)
        var changed: [Silence] = []
        if let previous, let ended = Self.ended(previous, at: now) {
            put(ended)
            changed.append(ended)
        }
        put(silence)
        return Change(id: newID, changed: changed + [silence])
    }

    /// Ends a silence now. Ending it again changes nothing.
    ///
    /// - Throws: `SilenceError.unknown`.
    package mutating func expire(_ id: String, at now: Timestamp) throws(SilenceError) -> Change {
        guard let silence = silences[id] else { throw .unknown(id) }
        guard let ended = Self.ended(silence, at: now) else { return Change(id: id, changed: []) }
        put(ended)
        return Change(id: id, changed: [ended])
    }

    /// Takes in what the books say, or another instance did; the newer version of a silence wins.
    package mutating func restore(_ stored: [Silence]) {
        for silence in stored where (silences[silence.id]?.updatedAt ?? .zero) <= silence.updatedAt { put(silence) }
    }

    /// Forgets what ended long ago.
    ///
    /// - Returns: their ids, sorted.
    package mutating func collect(at now: Timestamp) -> [String] {
        // Each is looked at by itself: the order does not matter.
        let old = silences.values.filter { $0.endsAt + Self.retention < now }.map(\.id).sorted()
        for id in old {
            if let silence = silences.removeValue(forKey: id) { index.remove(silence) }
        }
        return old
    }

    private mutating func put(_ silence: Silence) {
        if let old = silences[silence.id] { index.remove(old) }
        silences[silence.id] = silence
        index.add(silence)
    }

    private static func check(_ silence: Silence) throws(SilenceError) {
        if silence.matchers.isEmpty { throw .invalid("at least one matcher required") }
        // One that excludes a value is enough, as in the reference, though it holds for the empty text.
        if silence.matchers.allSatisfy({ $0.comparison.isEqual && $0.matches(value: "") }) {
            throw .invalid("at least one matcher must not match the empty string")
        }
        if silence.startsAt == .zero { throw .invalid("invalid zero start timestamp") }
        if silence.endsAt == .zero { throw .invalid("invalid zero end timestamp") }
        if silence.endsAt < silence.startsAt { throw .invalid("end time must not be before start time") }
    }

    private static func canUpdate(_ old: Silence, _ new: Silence, at now: Timestamp) -> Bool {
        guard old.matchers == new.matchers else { return false }
        switch old.state(at: now) {
        // A client may have cut the start to whole seconds.
        case .active: return old.startsAt.milliseconds / 1000 == new.startsAt.milliseconds / 1000 && new.endsAt >= now
        case .pending: return new.startsAt >= now
        case .expired: return false
        }
    }

    /// The silence as it is when it ends now; nil when it has ended already.
    private static func ended(_ silence: Silence, at now: Timestamp) -> Silence? {
        var silence = silence
        switch silence.state(at: now) {
        case .expired: return nil
        case .active: silence.endsAt = now
        case .pending:
            silence.startsAt = now
            silence.endsAt = now
        }
        silence.updatedAt = max(now, silence.updatedAt)
        return silence
    }
}

/// Finds the silences that may mute an alert without trying all: most have a matcher that asks for one exact value.
private struct SilenceIndex: Sendable {
    private var byPair: [Labels.Pair: Set<String>] = [:]
    private var others: Set<String> = []

    /// In no order.
    func candidates(_ labels: Labels) -> [String] {
        var found = Array(others)
        guard !byPair.isEmpty else { return found }
        for pair in labels.pairs { if let ids = byPair[pair] { found += ids } }
        return found
    }

    mutating func add(_ silence: Silence) {
        if let pair = Self.pair(silence) {
            byPair[pair, default: []].insert(silence.id)
        } else {
            others.insert(silence.id)
        }
    }

    mutating func remove(_ silence: Silence) {
        guard let pair = Self.pair(silence) else {
            others.remove(silence.id)
            return
        }
        byPair[pair]?.remove(silence.id)
        if byPair[pair]?.isEmpty == true { byPair[pair] = nil }
    }

    private static func pair(_ silence: Silence) -> Labels.Pair? {
        silence.matchers.first { $0.comparison == .equal && !$0.value.isEmpty }
            .map { Labels.Pair(name: $0.name, value: $0.value) }
    }
}
