package import Domain

/// One order's way from its approval to its end, as decided by what is done with it and what the venue says.
///
/// Every pair of stage and input is defined: reports may come late, twice and out of order. Three rules carry it:
/// a missing answer is never a rejection; only booked fills make an order filled; what is over stays over.
package struct OrderLife: Hashable, Sendable {
    /// Where the order is, with what is only known there.
    package enum Stage: Hashable, Sendable {
        case approved
        case submitting(Sending)
        /// At the venue. Counts how often in a row the venue denied knowing it.
        case open(unknownAnswers: Int)
        case filled
        case cancelled
        case rejected
        case expired
    }

    /// How far the sending of a claimed order is.
    package enum Sending: Hashable, Sendable {
        /// Nothing that could still reach the venue has left.
        case ready
        /// A request is on its way.
        case sent
        /// A request was sent and not answered, or a crash hid the answer. Counts the venue's denials after the request's window.
        case inDoubt(unknownAnswers: Int)
    }

    /// How many times the venue has to say that it does not know an order before it is believed.
    package static let unknownAnswersNeeded = 2

    package let quantity: Quantity
    /// The sum of the booked fills.
    package private(set) var filled: Quantity
    /// What the venue executed besides, in fills that could not be booked and were set aside.
    package let aside: Quantity
    package private(set) var stage: Stage

    /// Takes an order up as it is booked; one found in `submitting` counts as sent.
    package init(
        quantity: Quantity, state: OrderState = .approved, filled: Quantity = .zero, aside: Quantity = .zero
    ) {
        self.quantity = quantity
        self.filled = filled
        self.aside = aside
        self.stage =
            switch state {
            case .approved: .approved
            case .submitting: .submitting(.inDoubt(unknownAnswers: 0))
            case .open, .partiallyFilled: .open(unknownAnswers: 0)
            case .filled: .filled
            case .cancelled: .cancelled
            case .rejected: .rejected
            case .expired: .expired
            }
    }

    /// The state as it is booked.
    package var state: OrderState {
        switch stage {
        case .approved: .approved
        case .submitting: filled.isPositive ? .partiallyFilled : .submitting
        case .open: filled.isPositive ? .partiallyFilled : .open
        case .filled: .filled
        case .cancelled: .cancelled
        case .rejected: .rejected
        case .expired: .expired
        }
    }

    /// What is not filled yet.
    package var remaining: Quantity { max(quantity - filled, .zero) }

    /// Whether it may or may not be at the venue.
    package var isInDoubt: Bool {
        if case .submitting(.inDoubt) = stage { return true }
        return false
    }

    /// Takes `input` in and says what has to be done besides storing the new state.
    package mutating func handle(_ input: OrderInput) -> OrderAction {
        if case .filled(let quantity) = input { return book(quantity) }
        switch stage {
        case .approved: return handleApproved(input)
        case .submitting(let sending): return handleSubmitting(sending, input)
        case .open(let unknownAnswers): return handleOpen(unknownAnswers, input)
        case .filled: return .none
        case .cancelled, .rejected, .expired: return handleOver(input)
        }
    }

    private mutating func handleApproved(_ input: OrderInput) -> OrderAction {
        switch input {
        case .claimed:
            stage = .submitting(.ready)
            return .send
        case .lapsed:
            stage = .expired
            return .none
        case .withdrawn:
            stage = .cancelled
            return .none
        case .accepted, .reported: return follow(input)
        case .sending, .refused, .unanswered, .notSent, .unknown, .filled: return .none
        }
    }

    private mutating func handleSubmitting(_ sending: Sending, _ input: OrderInput) -> OrderAction {
        switch input {
        case .sending:
            stage = .submitting(.sent)
            return .none
        case .accepted, .reported: return follow(input)
        case .refused:
            // Only the answer to the request that is on its way can be meant; of an older one nothing is known.
            guard sending == .sent else { return .query }
            stage = filled.isPositive ? .cancelled : .rejected
            return .none
        case .unanswered:
            stage = .submitting(.inDoubt(unknownAnswers: 0))
            return .query
        case .notSent:
            guard sending == .sent || sending == .ready else { return .query }
            stage = .submitting(.ready)
            return .send
        case .unknown(let windowIsOver):
            guard case .inDoubt(let answers) = sending else { return .none }
            guard windowIsOver else { return .query }
            guard answers + 1 >= Self.unknownAnswersNeeded else {
                stage = .submitting(.inDoubt(unknownAnswers: answers + 1))
                return .query
            }
            stage = .submitting(.ready)
            return .send
        case .lapsed, .withdrawn:
            // Only while nothing of it can be at the venue; else it is settled by what the venue says.
            if sending == .ready { stage = input == .lapsed ? .expired : .cancelled }
            return .none
        case .claimed, .filled: return .none
        }
    }

    private mutating func handleOpen(_ unknownAnswers: Int, _ input: OrderInput) -> OrderAction {
        switch input {
        case .accepted, .reported: return follow(input)
        case .withdrawn: return .cancel
        case .unanswered: return .query
        case .unknown:
            // Its fills are fetched before it is given up: a venue may forget what is filled.
            guard unknownAnswers >= Self.unknownAnswersNeeded else {
                stage = .open(unknownAnswers: unknownAnswers + 1)
                return .fetchFills
            }
            stage = .cancelled
            return .alarm(.vanished)
        case .claimed, .lapsed, .sending, .refused, .notSent, .filled: return .none
        }
    }

    private func handleOver(_ input: OrderInput) -> OrderAction {
        // A late report costs one needless cancellation; an order that lives on unseen would cost more.
        if case .reported(.resting, _) = input { return .cancel }
        return .none
    }
}

extension OrderLife {
    /// Goes where the venue's word leads, but to an end only once all it says it executed is booked or set aside.
    private mutating func follow(_ input: OrderInput) -> OrderAction {
        guard case .reported(let status, let executed) = input else {
            stage = .open(unknownAnswers: 0)
            return .none
        }
        guard executed <= known else {
            stage = .open(unknownAnswers: 0)
            return .fetchFills
        }
        switch status {
        case .resting: stage = .open(unknownAnswers: 0)
        case .filled: stage = .cancelled
        case .cancelled: stage = .cancelled
        case .rejected: stage = filled.isPositive ? .cancelled : .rejected
        }
        return .none
    }

    /// What of its execution is accounted for.
    private var known: Quantity {
        let (sum, overflowed) = filled.raw.addingReportingOverflow(aside.raw)
        return Quantity(raw: overflowed ? .max : sum)
    }

    /// Adds a fill that is new to the books. Money moved, so it counts in every stage.
    private mutating func book(_ part: Quantity) -> OrderAction {
        // What a venue claims beyond the range stays at its end, and is an alarm below.
        let (sum, overflowed) = filled.raw.addingReportingOverflow(part.raw)
        filled = Quantity(raw: overflowed ? .max : sum)
        let before = stage
        if filled >= quantity {
            stage = .filled
        } else if !state.isTerminal {
            stage = .open(unknownAnswers: 0)
        }
        if filled > quantity { return .alarm(.overfilled) }
        switch before {
        case .approved, .rejected, .expired: return .alarm(.filledUnsent)
        case .submitting, .open, .filled, .cancelled: return .none
        }
    }
}
