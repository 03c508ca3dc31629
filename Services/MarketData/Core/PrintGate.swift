package import Domain

/// Why a print is not used. The names are labels of metrics and do not change.
package enum PrintRefusal: String, CaseIterable, Sendable {
    case duplicate
    /// Price or quantity is zero or below.
    case nonPositive = "non_positive"
    /// Too far from the last accepted price, and no further print confirmed it.
    case priceJump = "price_jump"
    /// Older than the newest accepted print by more than the tolerance, and no further print confirmed that time.
    case outOfOrder = "out_of_order"
    /// Later than the clock allows.
    case future
    /// The exchange itself does not know what should be before it.
    case unknownID = "unknown_id"
    /// Too many prints waited for a missing one.
    case overflow
}

/// Refuses prints that cannot be true. A price far from the last one waits until further prints confirm it, and so does
/// a time before that of the newest print: one print from the future must not make all that follow it old.
package struct PrintGate: Sendable {
    /// What is believed without asking.
    package struct Limits: Sendable {
        /// A price may be so far from the last accepted one, as a share of it.
        package var jump = Ratio(1, over: 2)
        /// So many prints close to each other make a new price true, or an earlier time.
        package var confirmations = 3
        /// A print may be so much older than the one before it.
        package var disorder = Timestamp.Span.seconds(1)
        /// A print may be so far ahead of the clock.
        package var future = Timestamp.Span.seconds(5)
        package init() {}
    }

    /// A print and why it is not used.
    package struct Refused: Equatable, Sendable {
        package let print: Print
        package let reason: PrintRefusal
    }

    private enum State: Sendable {
        case untried
        case trusting(Price)
        /// The last accepted price, and the prints that contradict it and agree among each other.
        case doubting(Price, held: [Print])
    }

    private var state = State.untried
    private var newest = Timestamp(nanoseconds: .min)
    /// Prints that are too old after the newest one and agree among each other.
    private var older: [Print] = []
    private let limits: Limits

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// A print waits for confirmation since this exchange time; nil when none does.
    package var holdsSince: Timestamp? {
        if let first = older.first { return first.time }
        if case .doubting(_, let held) = state { return held.first?.time }
        return nil
    }

    /// Starts from a price that is known to be true.
    package mutating func trust(_ price: Price) { state = .trusting(price) }

    /// Whether a print would be accepted on its own, without any other to confirm it.
    package func believes(_ print: Print, now: Timestamp) -> Bool {
        guard implausible(print, now: now) == nil, !isOld(print), case .trusting(let last) = state else { return false }
        return isNear(print.price, last)
    }

    /// Judges the next print in order of ids; `now` is the clock's time at its arrival.
    package mutating func judge(
        _ print: Print, now: Timestamp, accepted: inout [Print], refused: inout [Refused]
    ) {
        if let reason = implausible(print, now: now) {
            refused.append(Refused(print: print, reason: reason))
            return
        }
        guard isOld(print) else {
            refuseOlder(&refused)
            return judgePrice(print, &accepted, &refused)
        }
        if let last = older.last, print.time < last.time - limits.disorder { refuseOlder(&refused) }
        older.append(print)
        guard older.count >= limits.confirmations else { return }
        let confirmed = older
        older = []
        newest = print.time
        for print in confirmed { judgePrice(print, &accepted, &refused) }
    }

    private mutating func refuseOlder(_ refused: inout [Refused]) {
        for print in older { refused.append(Refused(print: print, reason: .outOfOrder)) }
        older = []
    }

    private mutating func judgePrice(_ print: Print, _ accepted: inout [Print], _ refused: inout [Refused]) {
        switch state {
        case .untried:
            accept(print, &accepted)
        case .trusting(let last) where isNear(print.price, last):
            accept(print, &accepted)
        case .trusting(let last):
            doubt(last, [print], &accepted)
        case .doubting(let last, let held):
            resolve(print, last: last, held: held, &accepted, &refused)
        }
    }

    private mutating func resolve(
        _ print: Print, last: Price, held: [Print], _ accepted: inout [Print], _ refused: inout [Refused]
    ) {
        if let first = held.first, isNear(print.price, first.price), !isNear(print.price, last) {
            doubt(last, held + [print], &accepted)
            return
        }
        for old in held { refused.append(Refused(print: old, reason: .priceJump)) }
        if isNear(print.price, last) { accept(print, &accepted) } else { doubt(last, [print], &accepted) }
    }

    private mutating func doubt(_ last: Price, _ held: [Print], _ accepted: inout [Print]) {
        guard held.count >= limits.confirmations else {
            state = .doubting(last, held: held)
            return
        }
        for print in held { accept(print, &accepted) }
    }

    private mutating func accept(_ print: Print, _ accepted: inout [Print]) {
        accepted.append(print)
        state = .trusting(print.price)
        if print.time > newest { newest = print.time }
    }

    private func implausible(_ print: Print, now: Timestamp) -> PrintRefusal? {
        guard print.price.isPositive, print.quantity.isPositive else { return .nonPositive }
        return print.time > now + limits.future ? .future : nil
    }

    private func isOld(_ print: Print) -> Bool {
        newest.nanoseconds != .min && print.time < newest - limits.disorder
    }

    /// |price − last| ≤ jump × last, without dividing.
    private func isNear(_ price: Price, _ last: Price) -> Bool {
        let difference = Int128(price.raw) - Int128(last.raw)
        return Int128(difference.magnitude) * Int128(Ratio.one.raw) <= Int128(limits.jump.raw) * Int128(last.raw)
    }
}
