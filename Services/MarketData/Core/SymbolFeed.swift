package import Domain

/// When something happens, by both clocks that a feed needs.
package struct FeedMoment: Equatable, Sendable {
    /// What time it is at the exchange, as well as it is known.
    package let exchangeTime: Timestamp
    /// Monotonic time since some start.
    package let uptime: Timestamp.Span
    package init(exchangeTime: Timestamp, uptime: Timestamp.Span) {
        self.exchangeTime = exchangeTime
        self.uptime = uptime
    }
}

/// What a feed has to ask the exchange over REST. At most one question is open at a time.
package enum FeedRequest: Equatable, Sendable {
    /// Everything: history, the minute to start at and the id of its first print.
    case start
    /// The prints from this id on.
    case prints(from: Int64)
    /// The exchange's own minutes of a stretch in which no print fell.
    case minutes(Range<Timestamp>)
}

/// What came of an input.
package struct FeedChanges: Equatable, Sendable {
    /// Validated prints to publish, in order.
    package var prints: [Print] = []
    package var candles = CandleChanges()
    package var refused: [PrintGate.Refused] = []
    /// Set when the source's state is another than last told.
    package var state: SourceState?
    package init() {}
}

/// Everything that is decided about one symbol of one exchange: order, plausibility, candles and health.
package struct SymbolFeed: Sendable {
    /// What a feed believes and how patient it is.
    package struct Limits: Sendable {
        package var sequence = PrintSequence.Limits()
        package var gate = PrintGate.Limits()
        package var staleAfter = Timestamp.Span.seconds(10)
        /// A minute that is over by this much without a later print is asked about.
        package var quietGrace = Timestamp.Span.seconds(2)
        /// The exchange's list of prints may be so much behind its clock.
        package var listingLag = Timestamp.Span.seconds(1)
        /// How often the exchange is asked while no connection stands, or while nothing trades.
        package var pollInterval = Timestamp.Span.seconds(2)
        /// How long to wait when the exchange does not list yet what its stream has sent already.
        package var retryPause = Timestamp.Span.milliseconds(250)
        /// After a hole has been open for this long, prints behind it are published before it is filled.
        package var publishPatience = Timestamp.Span.seconds(2)
        package init() {}
    }

    package let symbol: Symbol
    package internal(set) var health: SourceHealth
    package internal(set) var candles: CandleBuilder
    var sequence: PrintSequence
    var gate: PrintGate
    var isAsking = false
    var askAgainAt = Timestamp.Span(nanoseconds: .min)
    var pollAgainAt = Timestamp.Span(nanoseconds: .min)
    var failures = 0
    let limits: Limits
    private var holeSince: Timestamp.Span?
    private var publishedThrough = Int64.min
    private var toldState: SourceState?
    private var delivered: [Print] = []
    private var accepted: [Print] = []

    package init(symbol: Symbol, limits: Limits = Limits()) {
        self.symbol = symbol
        self.limits = limits
        self.health = SourceHealth(staleAfter: limits.staleAfter)
        self.candles = CandleBuilder(symbol: symbol)
        self.sequence = PrintSequence(limits: limits.sequence)
        self.gate = PrintGate(limits: limits.gate)
    }

    /// Prints are missing, or it is not known whether they are.
    package var isGapOpen: Bool {
        switch sequence.state {
        case .unanchored, .refilling: true
        case .flowing, .reordering: false
        }
    }

    /// Takes a print from the connection.
    package mutating func receive(_ print: Print, at moment: FeedMoment, into changes: inout FeedChanges) {
        health.received(at: moment.uptime, lag: moment.exchangeTime - print.time)
        guard print.time <= moment.exchangeTime + limits.gate.future else {
            return doubtClock(print, at: moment, into: &changes)
        }
        switch sequence.receive(print, at: moment.uptime, into: &delivered) {
        case .taken: break
        case .duplicate: changes.refused.append(PrintGate.Refused(print: print, reason: .duplicate))
        case .overflowed: changes.refused.append(PrintGate.Refused(print: print, reason: .overflow))
        case .restarted: health.foundGap()
        }
        if delivered.isEmpty { publishEarly(print, at: moment, into: &changes) }
        digest(at: moment, into: &changes)
    }

    /// A print from the future: it is not true, or our clock is behind. Its place stays open, and the exchange is asked what
    /// time it is and what is there; not more often than it is polled, for the print may be one of many.
    private mutating func doubtClock(_ print: Print, at moment: FeedMoment, into changes: inout FeedChanges) {
        changes.refused.append(PrintGate.Refused(print: print, reason: .future))
        guard moment.uptime >= pollAgainAt else { return }
        sequence.suspect()
        pollAgainAt = moment.uptime + limits.pollInterval
    }

    /// Takes a message that is no print, such as a quote.
    package mutating func received(at moment: FeedMoment) { health.received(at: moment.uptime) }

    /// The connection stands.
    package mutating func connected(at moment: FeedMoment, into changes: inout FeedChanges) {
        health.connected(at: moment.uptime)
        sequence.suspect()
        tellState(at: moment, into: &changes)
    }

    /// The connection is gone.
    package mutating func disconnected(_ reason: String, at moment: FeedMoment, into changes: inout FeedChanges) {
        health.disconnected(reason)
        sequence.suspect()
        tellState(at: moment, into: &changes)
    }

    /// Time passed: silence and holes are noticed.
    package mutating func tick(at moment: FeedMoment, into changes: inout FeedChanges) {
        tellState(at: moment, into: &changes)
    }

    /// Judges what came into order, builds candles of it and publishes it.
    mutating func digest(at moment: FeedMoment, into changes: inout FeedChanges) {
        for print in delivered {
            gate.judge(print, now: moment.exchangeTime, accepted: &accepted, refused: &changes.refused)
        }
        for print in accepted {
            candles.add(print, into: &changes.candles)
            if print.id > publishedThrough { changes.prints.append(print) }
        }
        if let last = accepted.last { publishedThrough = max(publishedThrough, last.id) }
        delivered.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        trackHole(at: moment)
    }

    /// Runs `step` on the order of ids with the place where what it gives out is collected.
    mutating func resolve<Result>(_ step: (inout PrintSequence, inout [Print]) -> Result) -> Result {
        step(&sequence, &delivered)
    }

    /// Forgets what was published, because ids count anew.
    mutating func forgetPublished() { publishedThrough = .min }

    mutating func tellState(at moment: FeedMoment, into changes: inout FeedChanges) {
        let state = health.state(gapOpen: isGapOpen, at: moment.uptime)
        guard state != toldState else { return }
        toldState = state
        changes.state = state
    }

    private mutating func trackHole(at moment: FeedMoment) {
        if sequence.isContinuous {
            holeSince = nil
        } else if holeSince == nil {
            holeSince = moment.uptime
        }
    }

    /// A price is worth nothing late: behind an old hole it is published at once, and joins the candles when it is filled.
    private mutating func publishEarly(_ print: Print, at moment: FeedMoment, into changes: inout FeedChanges) {
        guard let since = holeSince, print.id > publishedThrough, gate.believes(print, now: moment.exchangeTime),
            moment.uptime.nanoseconds - since.nanoseconds > limits.publishPatience.nanoseconds
        else { return }
        changes.prints.append(print)
        publishedThrough = print.id
    }
}
