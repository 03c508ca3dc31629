import AlertingCore
import Domain
import ServiceKit

/// What waits for one destination, in what order, and what is told instead of what. No IO: notices, answers and times in,
/// the next step out.
///
/// Of one group nothing overtakes. A newer state takes the place of one that was not told, but an end never comes before
/// its beginning. What is critical goes before other groups.
struct DestinationQueue: Sendable {
    /// A decision about a notice that ends its way, or the try that just ended.
    struct Settlement: Sendable, Equatable {
        let queued: QueuedNotice
        let result: Attempt.Result
        let answer: String
    }

    enum Step: Sendable, Equatable {
        /// Write down that a try begins, then make it, then call `finished`.
        case send(QueuedNotice)
        /// Write these down.
        case settle([Settlement])
        /// Keep the summary and settle what it tells, together; then call `release` for it.
        case summarise(QueuedNotice, [Settlement])
        /// Nothing to do until then; nil: until something is added.
        case idle(until: Timestamp?)
    }

    /// What may be sent.
    enum Mandate: Sendable, Equatable {
        case everything
        case criticalOnly
        case nothing
    }

    private struct Entry {
        var queued: QueuedNotice
        /// The place in line.
        let place: Int
        /// It survives a crash; before that it is not sent.
        var isKept: Bool

        /// It may be told by a summary.
        var canWait: Bool {
            isKept && !queued.isCritical && queued.attempts == 0 && !queued.isOnDemand && !isSummary
        }

        var isSummary: Bool { queued.notice.key.group == Notice.stormGroup }
    }

    /// Most notices that wait. At more, the oldest one that is not critical is given up, and the log says so.
    static let waitingMax = 5000

    let destination: String
    private let policy: ChannelPolicy
    private var entries: [Entry] = []
    /// The ids of `entries`, and how many of them each group has.
    private var ids: Set<String> = []
    private var perGroup: [ToldKey: Int] = [:]
    private var inFlight: Entry?
    /// What was settled a while ago, so that older books do not bring it back.
    private var recent = RecentIDs(capacity: 20_000)
    private var bucket: TokenBucket
    private var storm: StormGate
    /// The receiver asked to be left alone until then.
    private var quietUntil = Timestamp.zero
    private var places = 0
    /// The group whose try has failed just now.
    private var returned: ToldKey?

    init(destination: String, policy: ChannelPolicy) {
        self.destination = destination
        self.policy = policy
        bucket = TokenBucket(perMinute: policy.perMinute, burst: policy.burst)
        storm = StormGate(limit: policy.stormLimit)
    }

    /// Notices that wait or are on their way.
    var count: Int { entries.count + (inFlight == nil ? 0 : 1) }
    /// When the oldest of them was made.
    var oldest: Timestamp? {
        (entries.map(\.queued.notice.at) + [inFlight?.queued.notice.at].compactMap(\.self)).min()
    }

    /// What holds messages back for a while.
    struct Brakes: Sendable, Equatable {
        /// The receiver asked to be left alone until then; nil: it did not.
        var askedUntil: Timestamp?
        /// When the rate allows the next message; nil: now.
        var fullUntil: Timestamp?
        /// When what is held back in a storm is told as one; nil: there is no storm.
        var summaryAt: Timestamp?
    }

    func brakes(at now: Timestamp) -> Brakes {
        Brakes(
            askedUntil: quietUntil > now ? quietUntil : nil, fullUntil: bucket.next(at: now),
            summaryAt: storm.summaryAt)
    }

    // MARK: - In

    /// Puts a notice in line.
    ///
    /// - Parameter isKept: it survives a crash already; else call `release` when it does.
    /// - Returns: the notice as it will be told (nil: it is known already), and what it takes the place of.
    mutating func add(_ queued: QueuedNotice, isKept: Bool, at now: Timestamp) -> (QueuedNotice?, [Settlement]) {
        guard !isKnown(queued.id) else { return (nil, []) }
        var queued = queued
        var settled: [Settlement] = []
        if !queued.isOnDemand {
            if !queued.isCritical { storm.note(queued.notice.at, now: now) }
            for index in outdated(by: queued).reversed() {
                let old = remove(at: index)
                queued.notice = queued.notice.absorbing(old.queued.notice)
                settled.append(settle(old.queued, .superseded, "something newer is told instead"))
            }
        }
        places += 1
        insert(Entry(queued: queued, place: places, isKept: isKept), at: entries.count)
        if entries.count > Self.waitingMax { settled.append(dropOne()) }
        return (queued, settled)
    }

    /// A notice that was added survives a crash now.
    mutating func release(_ id: String) {
        guard ids.contains(id) else { return }
        if let index = entries.firstIndex(where: { $0.queued.id == id }) { entries[index].isKept = true }
    }

    /// A notice that was added could not be kept, or is somebody else's now.
    mutating func withdraw(_ id: String) {
        if let index = entries.firstIndex(where: { $0.queued.id == id }) { _ = remove(at: index) }
    }

    /// Takes out the steps of an escalation that wait.
    mutating func retract(stepsOf group: String) -> [Settlement] {
        let key = ToldKey(group: Incident.stepGroup(group), destination: destination)
        guard perGroup[key] != nil else { return [] }
        return removeAll { $0.isKept && $0.queued.notice.key == key && $0.queued.notice.reason == .escalated }
            .map { settle($0.queued, .superseded, "somebody has acknowledged it") }
    }

    /// A group has ended, and the destination does not hear of ends: that it fires is news no more.
    ///
    /// - Returns: what is told no more.
    mutating func forget(_ key: ToldKey, before end: Timestamp) -> [Settlement] {
        removeAll { entry in
            entry.queued.notice.key == key && !entry.queued.isOnDemand && entry.queued.notice.at <= end
                && !entry.queued.notice.tellsOccurrences
        }.map { settle($0.queued, .superseded, "it ended before it could be told") }
    }

    /// Forgets what waits: the books know it, and somebody else leads. What is on its way stays.
    mutating func clear() {
        entries = []
        ids = []
        perGroup = [:]
    }

    private func isKnown(_ id: String) -> Bool { recent.contains(id) || inFlight?.queued.id == id || ids.contains(id) }

    private mutating func insert(_ entry: Entry, at index: Int) {
        entries.insert(entry, at: index)
        ids.insert(entry.queued.id)
        perGroup[entry.queued.notice.key, default: 0] += 1
    }

    private mutating func remove(at index: Int) -> Entry {
        let entry = entries.remove(at: index)
        ids.remove(entry.queued.id)
        let left = perGroup[entry.queued.notice.key, default: 1] - 1
        perGroup[entry.queued.notice.key] = left == 0 ? nil : left
        return entry
    }

    private mutating func removeAll(where isGone: (Entry) -> Bool) -> [Entry] {
        entries.indices.reversed().filter { isGone(entries[$0]) }.map { remove(at: $0) }.reversed()
    }

    private mutating func dropOne() -> Settlement {
        let index = entries.firstIndex { !$0.queued.isCritical } ?? 0
        return settle(remove(at: index).queued, .dropped, "more than \(Self.waitingMax) wait")
    }

    private mutating func settle(_ queued: QueuedNotice, _ result: Attempt.Result, _ answer: String) -> Settlement {
        recent.insert(queued.id)
        return Settlement(queued: queued, result: result, answer: answer)
    }

    // MARK: - Out

    /// What is to be done now. After `send` the queue waits for `finished`.
    mutating func next(at now: Timestamp, mandate: Mandate) -> Step {
        guard inFlight == nil, mandate != .nothing else { return .idle(until: nil) }
        if let late = expire(at: now) { return late }
        if let old = supersede() { return old }
        if mandate == .everything, let summary = summarise(at: now) { return summary }
        guard now >= quietUntil else { return .idle(until: quietUntil) }
        guard let index = candidate(at: now, mandate) else { return .idle(until: nextMoment(after: now)) }
        if let free = bucket.take(at: now) { return .idle(until: free) }
        var entry = remove(at: index)
        entry.queued.attempts += 1
        inFlight = entry
        return .send(entry.queued)
    }

    /// The try that `next` asked for has ended.
    ///
    /// - Parameter jitter: 0 to 1, for the pause before the next try.
    mutating func finished(_ answer: DeliveryAnswer, at now: Timestamp, jitter: Double) -> Settlement? {
        guard var entry = inFlight else { return nil }
        inFlight = nil
        switch answer {
        case .delivered(let text, _): return settle(entry.queued, .delivered, text)
        case .refused(let text): return settle(entry.queued, .failed, text)
        case .retry(let text, let after):
            if let after { quietUntil = max(quietUntil, now + after.span) }
            entry.queued.nextAt = RetryPolicy.next(
                attempts: entry.queued.attempts, after: after, now: now, jitter: jitter)
            entry.queued.isUnfinished = false
            put(back: entry)
            returned = entry.queued.notice.key
            return Settlement(queued: entry.queued, result: .retry, answer: text)
        }
    }

    /// The try that `next` asked for was not made.
    mutating func abandoned() {
        guard var entry = inFlight else { return }
        inFlight = nil
        entry.queued.attempts -= 1
        put(back: entry)
    }

    private mutating func put(back entry: Entry) {
        let index = entries.firstIndex { $0.place > entry.place } ?? entries.count
        insert(entry, at: index)
    }

    /// The first that is due, of critical ones before others; of each group only the oldest, and none before a summary
    /// that tells of its alerts.
    private func candidate(at now: Timestamp, _ mandate: Mandate) -> Int? {
        var seen: Set<String> = []
        var summarised: Set<Fingerprint> = []
        var other: Int?
        for (index, entry) in entries.enumerated() {
            let alerts = entry.queued.notice.alerts
            if entry.isSummary {
                summarised.formUnion(alerts.map(\.fingerprint))
            } else {
                guard seen.insert(entry.queued.notice.key.group).inserted else { continue }
                if !summarised.isEmpty, !entry.queued.isCritical,
                    alerts.contains(where: { summarised.contains($0.fingerprint) })
                {
                    continue
                }
            }
            guard entry.isKept, entry.queued.nextAt <= now else { continue }
            if entry.queued.isCritical { return index }
            if other == nil, mandate == .everything, !(storm.isOn(at: now) && entry.canWait) { other = index }
        }
        return other
    }

    private func nextMoment(after now: Timestamp) -> Timestamp? {
        var moments = entries.flatMap { [$0.queued.nextAt, $0.queued.expiresAt] }
        if let summaryAt = storm.summaryAt { moments.append(summaryAt) }
        return moments.filter { $0 > now }.min()
    }

    /// Where those stand that a newer notice is told instead of: from the first that says the same of the group on all is
    /// old, so that what is left tells firing and resolved in turn.
    private func outdated(by newer: QueuedNotice) -> [Int] {
        guard perGroup[newer.notice.key] != nil else { return [] }
        let older = entries.indices.filter {
            let queued = entries[$0].queued
            return queued.notice.key == newer.notice.key && !queued.isOnDemand && queued.id != newer.id
                && queued.notice.at <= newer.notice.at && !queued.notice.tellsOccurrences
                // Each summary tells of other groups.
                && !entries[$0].isSummary
        }
        return Array(older.drop { entries[$0].queued.notice.isFiring != newer.notice.isFiring })
    }

    /// What came back from a failed try while something newer waits. Where the newer one does not say all that the old
    /// ones do, all are told.
    private mutating func supersede() -> Step? {
        guard let key = returned else { return nil }
        returned = nil
        let newest = entries.last { $0.isKept && $0.queued.notice.key == key && !$0.queued.isOnDemand }
        guard let newest, newest.queued.attempts == 0 else { return nil }
        let old = outdated(by: newest.queued)
        let newer = newest.queued.notice
        guard !old.isEmpty, old.allSatisfy({ newer.absorbing(entries[$0].queued.notice) == newer }) else { return nil }
        let removed = old.map { entries[$0].queued }
        for index in old.reversed() { _ = remove(at: index) }
        return .settle(removed.map { settle($0, .superseded, "something newer is told instead") })
    }

    private mutating func expire(at now: Timestamp) -> Step? {
        guard entries.contains(where: { $0.isKept && $0.queued.expiresAt <= now }) else { return nil }
        let late = removeAll { $0.isKept && $0.queued.expiresAt <= now }
        return .settle(late.map { settle($0.queued, .expired, "it could not be delivered in time") })
    }

    // MARK: - Storm

    /// In a storm what is not critical is held back and told in one message, so that nothing goes untold.
    private mutating func summarise(at now: Timestamp) -> Step? {
        guard storm.takeSummary(at: now) else { return nil }
        guard entries.count(where: \.canWait) > 1 else { return nil }
        let held = removeAll(where: \.canWait)
        let notice = Notice.summary(of: held.map(\.queued.notice), at: now)
        let summary = QueuedNotice(
            id: notice.id, notice: notice, channel: held[0].queued.channel,
            expiresAt: held.map(\.queued.expiresAt).max() ?? now, nextAt: now)
        places += 1
        insert(Entry(queued: summary, place: places, isKept: false), at: entries.count)
        return .summarise(
            summary, held.map { settle($0.queued, .summarised, "told with \(held.count) in \(summary.id)") })
    }
}

/// The last so many ids.
private struct RecentIDs: Sendable {
    private let capacity: Int
    private var ids: Set<String> = []
    private var order: [String] = []

    init(capacity: Int) { self.capacity = capacity }

    func contains(_ id: String) -> Bool { ids.contains(id) }

    mutating func insert(_ id: String) {
        guard ids.insert(id).inserted else { return }
        order.append(id)
        if order.count > capacity {
            // In one go, so that the front of the array is not moved for each.
            let old = order.prefix(capacity / 2)
            ids.subtract(old)
            order.removeFirst(old.count)
        }
    }
}
