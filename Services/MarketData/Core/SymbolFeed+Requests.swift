package import Domain

extension SymbolFeed {
    /// The next question for the exchange; nil when nothing is open or one is being answered already.
    package mutating func nextRequest(at moment: FeedMoment) -> FeedRequest? {
        guard !isAsking, moment.uptime >= askAgainAt, let request = need(at: moment) else { return nil }
        isAsking = true
        return request
    }

    /// The question could not be answered; it is asked again later, each time after a longer pause (0.5 s … 30 s).
    package mutating func failed(at moment: FeedMoment) {
        isAsking = false
        failures = min(failures + 1, 7)
        let pause = min(Int64(250) << Int64(failures), 30_000)
        askAgainAt = moment.uptime + .milliseconds(pause)
    }

    /// Answers `.start`: the first minute that is built from prints, the id of its first print, what was before it
    /// (finer candles inside each forming coarser one), the end of the last candle and the last price known.
    package mutating func started(
        at minute: Timestamp, after end: Timestamp? = nil, firstID: Int64, seeds: [Timeframe: [Candle]],
        lastPrice: Price?, at moment: FeedMoment, into changes: inout FeedChanges
    ) {
        answered(at: moment)
        candles.start(at: minute, after: end, seeds: seeds)
        gate = PrintGate(limits: limits.gate)
        if let lastPrice { gate.trust(lastPrice) }
        forgetPublished()
        resolve { sequence, delivered in sequence.anchor(at: firstID, into: &delivered) }
        digest(at: moment, into: &changes)
        tellState(at: moment, into: &changes)
    }

    /// Answers `.prints`: what the exchange lists from the asked id on, oldest first. `reachedHead`: there was nothing
    /// newer at exchange time `asOf`.
    package mutating func refilled(
        _ prints: [Print], reachedHead: Bool, asOf: Timestamp, at moment: FeedMoment, into changes: inout FeedChanges
    ) {
        answered(at: moment)
        let givenUp = resolve { sequence, delivered in
            sequence.refill(prints, reachedHead: reachedHead, at: moment.uptime, into: &delivered)
        }
        digest(at: moment, into: &changes)
        if reachedHead, sequence.isContinuous, gate.holdsSince == nil {
            candles.completed(through: asOf - limits.listingLag, into: &changes.candles)
        }
        let stuck = reachedHead && !sequence.isContinuous
        if stuck { askAgainAt = moment.uptime + limits.retryPause }
        if reachedHead { pollAgainAt = moment.uptime + limits.pollInterval }
        if !givenUp.isEmpty { health.foundGap() }
        changes.refused += givenUp.map { PrintGate.Refused(print: $0, reason: .unknownID) }
        tellState(at: moment, into: &changes)
    }

    /// Answers `.minutes`: the exchange's own candles of the stretch. `decided`: before this it will never have others.
    package mutating func toldMinutes(
        _ minutes: [Candle], decided: Timestamp, at moment: FeedMoment, into changes: inout FeedChanges
    ) {
        answered(at: moment)
        let before = candles.next
        candles.answer(minutes, decided: decided, into: &changes.candles)
        if candles.next == before { askAgainAt = moment.uptime + limits.pollInterval }
    }

    private mutating func need(at moment: FeedMoment) -> FeedRequest? {
        if sequence.state == .unanchored { return .start }
        let wasOpen = isGapOpen
        if sequence.needsRefill(at: moment.uptime) {
            if !wasOpen { health.foundGap() }
            return .prints(from: sequence.next)
        }
        if let stretch = candles.unanswered { return .minutes(stretch) }
        return isQuiet(at: moment) ? .prints(from: sequence.next) : nil
    }

    /// Nothing says that a minute is over, although it should be; or no connection would.
    private func isQuiet(at moment: FeedMoment) -> Bool {
        guard moment.uptime >= pollAgainAt else { return false }
        if !health.isConnected { return true }
        guard let open = candles.formingSince ?? candles.next else { return false }
        return open + Timeframe.minute1.span + limits.quietGrace + limits.listingLag <= moment.exchangeTime
    }

    private mutating func answered(at moment: FeedMoment) {
        isAsking = false
        failures = 0
        askAgainAt = moment.uptime
    }
}

extension Timestamp.Span {
    static func + (left: Timestamp.Span, right: Timestamp.Span) -> Timestamp.Span {
        Timestamp.Span(nanoseconds: left.nanoseconds &+ right.nanoseconds)
    }
}
