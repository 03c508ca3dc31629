package import Domain

/// What becomes of open positions when a limit on losses is reached. No entry is approved in either case.
package enum BreachAction: String, Codable, Sendable, Hashable, CaseIterable {
    /// They stay, with their exits.
    case refuse
    /// Half of each is sold.
    case halve
    /// All are sold.
    case close
}

/// A limit on losses that was reached. It lasts, whatever the prices do afterwards.
package struct Breach: Hashable, Sendable {
    /// The limits that can be reached.
    package enum Limit: String, Codable, Sendable, Hashable, CaseIterable {
        case dailyLoss = "daily_loss"
        case drawdown
        case monthlyDrawdown = "monthly_drawdown"
    }

    package let limit: Limit
    /// The loss when it was reached.
    package let loss: Ratio
    /// The limit then.
    package let allowed: Ratio
    /// Exchange time.
    package let since: Timestamp
    package let action: BreachAction

    package init(limit: Limit, loss: Ratio, allowed: Ratio, since: Timestamp, action: BreachAction) {
        self.limit = limit
        self.loss = loss
        self.allowed = allowed
        self.since = since
        self.action = action
    }

    /// The same breach of an account always has the same id; it is the correlation of what follows from it.
    package func id(account: String) -> String {
        DerivedID.make("brc", account, limit.rawValue, String(since.nanoseconds))
    }

    /// When it ends by itself: a daily loss with its UTC day, a monthly drawdown with its month. Nil: only the owner ends it.
    package var end: Timestamp? {
        switch limit {
        case .dailyLoss: CivilDay(containing: since).start + .days(1)
        case .monthlyDrawdown: GoalPeriod.nextMonthStart(after: since)
        case .drawdown: nil
        }
    }

    /// Whether it still refuses entries.
    package func holds(at time: Timestamp) -> Bool { end.map { time < $0 } ?? true }
}

extension Breach: CustomStringConvertible {
    /// In words, for the owner.
    package var description: String {
        let until = end.map { "until \($0.minuteWords)" } ?? "until the owner resumes with --accept-loss"
        return "the \(limit.words) reached \(loss.percent) at \(since.minuteWords), the limit is \(allowed.percent): "
            + "no entry \(until)"
    }
}

extension Breach.Limit {
    /// As it is called in a sentence.
    package var words: String {
        switch self {
        case .dailyLoss: "daily loss"
        case .drawdown: "drawdown"
        case .monthlyDrawdown: "drawdown of the month"
        }
    }

    /// The code of the refusals that it causes.
    package var refusalCode: String {
        switch self {
        case .dailyLoss: "daily_loss_limit"
        case .drawdown: "drawdown_limit"
        case .monthlyDrawdown: "monthly_drawdown_limit"
        }
    }
}

extension RiskLimits {
    /// What of each limit on losses is used up.
    package func losses(
        _ performance: Performance, goals: [GoalStanding]
    ) -> [(limit: Breach.Limit, loss: Ratio, allowed: Ratio)] {
        [
            (.drawdown, performance.drawdown, drawdown),
            (.monthlyDrawdown, performance.monthlyDrawdown, monthlyDrawdown(with: goals)),
            (.dailyLoss, performance.dailyLoss, dailyLoss),
        ]
    }
}

extension RiskPolicy {
    /// The limits on losses that are reached at a look which are not breached already.
    ///
    /// - Parameter known: breaches that hold at `time`.
    package func breaches(
        _ performance: Performance, goals: [GoalStanding], known: [Breach], at time: Timestamp
    ) -> [Breach] {
        limits.losses(performance, goals: goals).compactMap { limit, loss, allowed in
            guard loss >= allowed, !known.contains(where: { $0.limit == limit && $0.holds(at: time) }) else {
                return nil
            }
            return Breach(limit: limit, loss: loss, allowed: allowed, since: time, action: onBreach)
        }
    }
}
