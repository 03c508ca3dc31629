package import Domain

/// Puts the prints of one symbol into the order of their ids, and knows when some are missing.
///
/// Prints that arrive early wait for the ones before them; when those do not come within a bounded window, they are to
/// be fetched from the exchange, and nothing behind the hole is given out before it is filled.
package struct PrintSequence: Sendable {
    /// How much disorder is taken for disorder, and how much is kept.
    package struct Limits: Sendable {
        /// This many prints may wait behind a hole before it is taken for a loss.
        package var reorderWindow = 32
        /// This long may a hole stay before it is taken for a loss.
        package var reorderPatience = Timestamp.Span.milliseconds(250)
        /// At most this many prints wait; further ones are dropped and fetched later.
        package var capacity = 20_000
        /// So many prints in a row with old ids but newer times mean that the exchange counts anew.
        package var restartEvidence = 8
        /// So many answers in a row that lack a print which others follow mean that those others are not true.
        package var contradictions = 40
        package init() {}
    }

    /// What is known about the stretch between the last print given out and the newest seen.
    package enum State: Equatable, Sendable {
        /// No print's place is known yet: all wait.
        case unanchored
        /// Nothing is missing.
        case flowing
        /// There is a hole since this moment of monotonic time, perhaps only for a moment.
        case reordering(since: Timestamp.Span)
        /// Prints are missing, or may be: the exchange is asked.
        case refilling
    }

    /// What became of a print.
    package enum Outcome: Equatable, Sendable {
        case taken
        case duplicate
        /// Dropped because too many wait; it will be fetched.
        case overflowed
        /// The exchange counts its prints anew: all that is known about ids is void.
        case restarted
    }

    package private(set) var state = State.unanchored
    /// The id that comes next in order; meaningless while unanchored.
    package private(set) var next: Int64 = 0
    private var highestSeen: Int64 = .min
    private var lastTime = Timestamp(nanoseconds: .min)
    private var restartSigns = 0
    private var unknownAnswers = 0
    /// Behind a hole, by id.
    private var waiting: [Print] = []
    private let limits: Limits

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// How many prints wait behind a hole.
    package var waitingCount: Int { waiting.count }

    /// Everything up to the newest print seen was given out.
    package var isContinuous: Bool { state == .flowing }

    /// Takes a print from the feed; what is now in order is appended to `delivered`.
    package mutating func receive(
        _ print: Print, at uptime: Timestamp.Span, into delivered: inout [Print]
    ) -> Outcome {
        if print.id == next, state == .flowing {
            deliver(print, into: &delivered)
            return .taken
        }
        guard state != .unanchored else { return wait(print) }
        guard print.id >= next else { return old(print) }
        if print.id > highestSeen { highestSeen = print.id }
        guard print.id != next else {
            deliver(print, into: &delivered)
            drain(into: &delivered)
            noticeHole(at: uptime)
            return .taken
        }
        let outcome = wait(print)
        noticeHole(at: uptime)
        return outcome
    }

    /// Says that the order starts at `id`; prints that waited and follow it are given out.
    package mutating func anchor(at id: Int64, into delivered: inout [Print]) {
        next = id
        lastTime = Timestamp(nanoseconds: .min)
        waiting.removeAll { $0.id < id }
        highestSeen = max(waiting.last?.id ?? id - 1, id - 1)
        drain(into: &delivered)
        state = .refilling
    }

    /// The connection was lost or renewed: prints may be missing although none shows it.
    package mutating func suspect() {
        if state != .unanchored { state = .refilling }
    }

    /// Whether the exchange must be asked for the prints from `next`.
    package mutating func needsRefill(at uptime: Timestamp.Span) -> Bool {
        if case .reordering(let since) = state, waiting.count > limits.reorderWindow || hasWaited(since, uptime) {
            state = .refilling
        }
        return state == .refilling
    }

    /// Takes what the exchange answered when it was asked for the prints from `next`, oldest first.
    ///
    /// An id that the exchange leaves out does not exist. `reachedHead`: there was nothing newer when it answered.
    /// - Returns: the waiting prints that were given up, because the exchange repeatedly does not know what is before them.
    package mutating func refill(
        _ prints: [Print], reachedHead: Bool, at uptime: Timestamp.Span, into delivered: inout [Print]
    ) -> [Print] {
        guard state != .unanchored else { return [] }
        var progressed = false
        for print in prints where print.id >= next {
            next = print.id
            deliver(print, into: &delivered)
            progressed = true
        }
        waiting.removeAll { $0.id < next }
        drain(into: &delivered)
        guard !waiting.isEmpty || highestSeen >= next else {
            unknownAnswers = 0
            if reachedHead { state = .flowing }
            return []
        }
        state = .refilling
        unknownAnswers = reachedHead && !progressed ? unknownAnswers + 1 : 0
        return unknownAnswers >= limits.contradictions ? giveUp() : []
    }

    private mutating func giveUp() -> [Print] {
        let dropped = waiting
        waiting = []
        highestSeen = next - 1
        unknownAnswers = 0
        state = .flowing
        return dropped
    }

    private mutating func deliver(_ print: Print, into delivered: inout [Print]) {
        delivered.append(print)
        next = print.id == .max ? .max : print.id + 1
        if print.id > highestSeen { highestSeen = print.id }
        lastTime = print.time
        restartSigns = 0
    }

    private mutating func drain(into delivered: inout [Print]) {
        var count = 0
        while count < waiting.count, waiting[count].id == next {
            deliver(waiting[count], into: &delivered)
            count += 1
        }
        waiting.removeFirst(count)
    }

    private mutating func noticeHole(at uptime: Timestamp.Span) {
        if waiting.isEmpty, highestSeen < next {
            state = .flowing
            return
        }
        if state == .flowing { state = .reordering(since: uptime) }
    }

    private mutating func wait(_ print: Print) -> Outcome {
        guard waiting.count < limits.capacity else { return .overflowed }
        var index = waiting.count
        while index > 0, waiting[index - 1].id > print.id { index -= 1 }
        if index > 0, waiting[index - 1].id == print.id { return .duplicate }
        waiting.insert(print, at: index)
        return .taken
    }

    private mutating func old(_ print: Print) -> Outcome {
        guard print.time > lastTime else { return .duplicate }
        restartSigns += 1
        guard restartSigns >= limits.restartEvidence else { return .duplicate }
        self = PrintSequence(limits: limits)
        _ = wait(print)
        return .restarted
    }

    private func hasWaited(_ since: Timestamp.Span, _ uptime: Timestamp.Span) -> Bool {
        uptime.nanoseconds - since.nanoseconds >= limits.reorderPatience.nanoseconds
    }
}
