import Domain

extension RiskPolicy {
    /// Decides what becomes of a signal for an account. The same input gives the same decision.
    package func decide(_ input: DecisionInput) -> Decision {
        let performance = Performance(input.atClose, prices: input.market.prices, at: input.time)
        var inputs = DecisionInputs(input, performance)
        let outcome: Decision.Outcome
        switch input.signal.action {
        case .enter: outcome = enter(input, performance, &inputs)
        case .exit: outcome = exit(input)
        }
        return Decision(
            id: Decision.id(signal: input.signal.id, account: input.account.id), account: input.account.id,
            signalID: input.signal.id, outcome: outcome, inputs: inputs, decidedAt: input.time)
    }
}

// MARK: - Entries

extension RiskPolicy {
    private func enter(
        _ input: DecisionInput, _ performance: Performance, _ inputs: inout DecisionInputs
    ) -> Decision.Outcome {
        inputs.add(self, goals: input.goals)
        do throws(NoEntry) {
            let entry = try admit(input)
            try checkPositions(input)
            try checkLosses(input, performance)
            let approved = try size(entry, input, performance, &inputs)
            return .approved(approved)
        } catch {
            return error.outcome
        }
    }

    /// The prices of an entry, checked.
    private struct Entry {
        let instrument: Instrument
        /// The dearer of the signal's price and the last one.
        let price: Price
        let stop: Price
        let target: Price?
    }

    /// Whether this signal may become an order at all.
    private func admit(_ input: DecisionInput) throws(NoEntry) -> Entry {
        switch input.atClose.state {
        case .running: break
        case .paused: throw NoEntry(.tradingPaused)
        case .stopped: throw NoEntry(.tradingStopped)
        }
        let signal = input.signal
        guard let instrument = input.instrument else { throw NoEntry(.unknownInstrument(signal.symbol)) }
        let age = input.market.time - signal.candleClose
        guard age <= entryExpiry else { throw NoEntry(.expired(age: age, limit: entryExpiry)) }
        let last = try freshPrice(of: signal.symbol, input)
        for position in input.atClose.positions where position.isOpen {
            _ = try freshPrice(of: position.symbol, input)
        }
        return try prices(of: signal, instrument, last: last)
    }

    private func freshPrice(of symbol: Symbol, _ input: DecisionInput) throws(NoEntry) -> Price {
        guard let point = input.market.prices[symbol], point.price.isPositive else {
            throw withoutPrice(.priceMissing(symbol), of: symbol, input)
        }
        let age = input.time - point.time
        guard age <= stalePriceAfter else {
            throw withoutPrice(.priceStale(symbol, age: age, limit: stalePriceAfter), of: symbol, input)
        }
        return point.price
    }

    /// Who has not listened for as long as a price lasts cannot say that there is none.
    private func withoutPrice(_ refusal: Refusal, of symbol: Symbol, _ input: DecisionInput) -> NoEntry {
        input.market.mayHaveMissed(symbol, after: input.time - stalePriceAfter)
            ? NoEntry(outcome: .awaitingPrice(symbol)) : NoEntry(refusal)
    }

    /// Stop and target on the venue's tick, on the right sides of both the signal's price and the last one.
    private func prices(of signal: Signal, _ instrument: Instrument, last: Price) throws(NoEntry) -> Entry {
        guard let wantedStop = signal.stop else { throw NoEntry(.stopMissing) }
        let stop = wantedStop.rounded(to: instrument.tickSize, .towardZero)
        let (lower, higher) = (min(signal.price, last), max(signal.price, last))
        guard stop.isPositive, stop < lower else { throw NoEntry(.stopInvalid(stop: wantedStop, price: lower)) }
        let target = signal.target?.rounded(to: instrument.tickSize, .towardZero)
        if let target, target <= higher { throw NoEntry(.targetInvalid(target: target, price: higher)) }
        return Entry(instrument: instrument, price: higher, stop: stop, target: target)
    }

    private func checkPositions(_ input: DecisionInput) throws(NoEntry) {
        let account = input.atClose
        let symbol = input.signal.symbol
        if let held = account.openPositions.first(where: { $0.symbol == symbol }) {
            throw NoEntry(.alreadyInPosition(symbol, held: held.quantity))
        }
        if let entry = account.liveEntries.first(where: { $0.symbol == symbol }) {
            throw NoEntry(.entryInProgress(symbol, order: entry.id))
        }
        let taken = Set(account.openPositions.map(\.symbol)).union(account.liveEntries.map(\.symbol)).count
        guard taken < limits.openPositions else {
            throw NoEntry(.openPositionsLimit(open: taken, limit: limits.openPositions))
        }
    }

    private func checkLosses(_ input: DecisionInput, _ performance: Performance) throws(NoEntry) {
        guard performance.equity.isPositive else { throw NoEntry(.noEquity(performance.equity)) }
        if let breach = input.atClose.breaches.first(where: { $0.holds(at: input.time) }) {
            throw NoEntry(.breached(breach))
        }
        guard performance.drawdown < limits.drawdown else {
            throw NoEntry(.drawdownLimit(drawdown: performance.drawdown, limit: limits.drawdown))
        }
        let monthly = limits.monthlyDrawdown(with: input.goals)
        guard performance.monthlyDrawdown < monthly else {
            throw NoEntry(.monthlyDrawdownLimit(drawdown: performance.monthlyDrawdown, limit: monthly))
        }
        guard performance.dailyLoss < limits.dailyLoss else {
            throw NoEntry(.dailyLossLimit(loss: performance.dailyLoss, limit: limits.dailyLoss))
        }
    }

    private func size(
        _ entry: Entry, _ input: DecisionInput, _ performance: Performance, _ inputs: inout DecisionInputs
    ) throws(NoEntry) -> ApprovedOrder {
        let goal = goalFactors.outcome(for: input.goals)
        inputs.add(goal)
        let reservePrice = entry.price.times(.one + reserveMargin, .awayFromZero)
        let sizing = Sizing(
            riskMoney: performance.equity.times(riskPerTrade, .towardZero).times(goal.factor, .towardZero),
            distance: entry.price - entry.stop, price: entry.price, reservePrice: reservePrice,
            room: room(input, performance), instrument: entry.instrument)
        inputs.add(sizing, at: entry.price)
        do throws(Instrument.Violation) {
            let quantity = try entry.instrument.admissible(sizing.quantity, at: entry.price)
            return approve(entry, quantity, reservePrice.times(quantity, .awayFromZero), sizing, goal, input)
        } catch {
            throw NoEntry(refusal(error, sizing, entry))
        }
    }

    private func room(_ input: DecisionInput, _ performance: Performance) -> Sizing.Room {
        let equity = performance.equity
        // Dust of an earlier position counts towards the position's cap.
        let symbol = input.signal.symbol
        let held = input.atClose.positions.first { $0.symbol == symbol }.map { position in
            input.market.prices[symbol]?.price.times(position.quantity) ?? position.cost
        }
        return Sizing.Room(
            position: max(equity.times(limits.position, .towardZero) - (held ?? .zero), .zero),
            grossExposure: max(equity.times(limits.grossExposure, .towardZero) - performance.exposure, .zero),
            cash: max(input.atClose.cash - input.atClose.reserved, .zero), orderNotional: limits.orderNotional)
    }

    /// The cap that made the order too small for the venue, or the venue's rule when no cap did.
    private func refusal(_ violation: Instrument.Violation, _ sizing: Sizing, _ entry: Entry) -> Refusal {
        guard let bound = sizing.boundBy else { return .venueFilter(violation) }
        let instrument = entry.instrument
        // Asked only whether the venue would have taken it uncut; why not is known.
        guard (try? instrument.admissible(min(sizing.wanted, instrument.maximumQuantity), at: entry.price)) != nil
        else { return .venueFilter(violation) }
        let lot = max(instrument.minimumQuantity, instrument.lotSize)
        return .capReached(
            bound.kind, left: bound.left, smallest: max(instrument.minimumNotional, entry.price.times(lot)))
    }

    private func approve(
        _ entry: Entry, _ quantity: Quantity, _ reserved: Money, _ sizing: Sizing, _ goal: GoalFactors.Outcome,
        _ input: DecisionInput
    ) -> ApprovedOrder {
        let signal = input.signal
        let decisionID = Decision.id(signal: signal.id, account: input.atClose.id)
        let cut = sizing.boundBy.map { ", cut from \(sizing.wanted) by the \($0.kind.words)" } ?? ""
        let goalWords = goal.goal.map { " (goal at \($0.progress.percent): × \(goal.factor))" } ?? ""
        let why = signal.reasons.joined(separator: "; ")
        let order = Order(
            id: DerivedID.make("ord", decisionID), account: input.atClose.id, symbol: signal.symbol, side: .buy,
            type: .market, purpose: .entry, quantity: quantity, protectiveStop: entry.stop,
            protectiveTarget: entry.target, strategy: signal.strategy,
            reason: "\(why): \(sizing.riskMoney) at risk\(goalWords) over \(sizing.distance) to the stop\(cut)",
            correlation: signal.id, decidedAt: input.time, expiresAt: signal.candleClose + entryExpiry)
        return ApprovedOrder(order: order, decisionID: decisionID, reserved: reserved)
    }
}

/// Carries out of the checks why there is no order.
private struct NoEntry: Error {
    let outcome: Decision.Outcome

    init(outcome: Decision.Outcome) { self.outcome = outcome }

    init(_ refusal: Refusal) { outcome = .refused(refusal) }
}

// MARK: - Exits

extension RiskPolicy {
    /// Exits are open: neither a pause nor a stop nor an old price keeps anybody from leaving.
    private func exit(_ input: DecisionInput) -> Decision.Outcome {
        let (signal, account) = (input.signal, input.account)
        if let entry = account.liveEntries.first(where: { $0.symbol == signal.symbol && $0.strategy == signal.strategy }
        ) {
            return .deferred(entry: entry.id)
        }
        guard
            let position = account.openPositions.first(where: {
                $0.symbol == signal.symbol && $0.strategy == signal.strategy
            })
        else { return .refused(.nothingToExit(signal.symbol, strategy: signal.strategy)) }
        let leaving = account.leaving(signal.symbol)
        let free = leaving.reduce(position.quantity) { $0 - $1.remaining }
        if let order = leaving.first, !free.isPositive {
            return .refused(.exitInProgress(signal.symbol, order: order.id))
        }
        let quantity = input.instrument.map { free.roundedDown(to: $0.lotSize) } ?? free
        guard quantity.isPositive else { return .refused(.dust(signal.symbol, held: free)) }
        let decisionID = Decision.id(signal: signal.id, account: account.id)
        let order = Order(
            id: DerivedID.make("ord", decisionID), account: account.id, symbol: signal.symbol, side: .sell,
            type: .market, purpose: .exit, quantity: quantity, strategy: signal.strategy,
            reason: signal.reasons.joined(separator: "; "), correlation: signal.id, decidedAt: input.time,
            expiresAt: nil)
        return .approved(ApprovedOrder(order: order, decisionID: decisionID, reserved: .zero))
    }
}
