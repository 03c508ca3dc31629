import Domain
import ExecutionCore
import TestKit
import Testing

@Suite("The life of an order")
struct OrderLifeTests {
    private func life(_ state: OrderState, filled: Int64 = 0) -> Held<OrderLife> {
        Held(OrderLife(quantity: Make.quantity(1000), state: state, filled: Make.quantity(filled)))
    }

    @Test("sent, accepted, filled in two parts")
    func straight() {
        let order = life(.approved)
        #expect(order.handle(.claimed) == .send)
        #expect(order.state == .submitting)
        #expect(order.handle(.sending) == .none)
        #expect(order.handle(.accepted) == .none)
        #expect(order.state == .open)
        #expect(order.handle(.filled(Make.quantity(400))) == .none)
        #expect(order.state == .partiallyFilled)
        #expect(order.handle(.filled(Make.quantity(600))) == .none)
        #expect(order.state == .filled)
    }

    @Test("a timeout is no rejection: asked for, and sent again only after the window and two denials")
    func timeout() {
        let order = life(.approved)
        _ = order.handle(.claimed)
        _ = order.handle(.sending)
        #expect(order.handle(.unanswered) == .query)
        #expect(order.value.isInDoubt)
        for _ in 0..<5 { #expect(order.handle(.unknown(windowIsOver: false)) == .query) }
        #expect(order.handle(.unknown(windowIsOver: true)) == .query)
        #expect(order.state == .submitting)
        #expect(order.handle(.unknown(windowIsOver: true)) == .send)
        #expect(order.handle(.sending) == .none)
        #expect(order.handle(.unknown(windowIsOver: true)) == .none)
        #expect(order.handle(.reported(.resting, executed: .zero)) == .none)
        #expect(order.state == .open)
    }

    @Test("a rejection that arrives while in doubt settles nothing")
    func lateRejection() {
        let order = life(.submitting)
        #expect(order.handle(.refused) == .query)
        #expect(order.state == .submitting)
    }

    @Test("found after a crash, the missing fills are fetched before it is called filled")
    func foundFilled() {
        let order = life(.submitting)
        #expect(order.handle(.reported(.filled, executed: Make.quantity(1000))) == .fetchFills)
        #expect(order.state == .open)
        #expect(order.handle(.filled(Make.quantity(1000))) == .none)
        #expect(order.state == .filled)
    }

    @Test("cancelled with a part executed ends only when the part is booked")
    func cancelledInPart() {
        let order = life(.open)
        #expect(order.handle(.reported(.cancelled, executed: Make.quantity(300))) == .fetchFills)
        #expect(order.handle(.filled(Make.quantity(300))) == .none)
        #expect(order.handle(.reported(.cancelled, executed: Make.quantity(300))) == .none)
        #expect(order.state == .cancelled)
        #expect(order.handle(.filled(Make.quantity(100))) == .none)
        #expect(order.value.filled == Make.quantity(400))
        #expect(order.state == .cancelled)
    }

    @Test("an open order that the venue denies is given up only after its fills were asked for twice")
    func vanished() {
        let order = life(.open)
        #expect(order.handle(.unknown(windowIsOver: true)) == .fetchFills)
        #expect(order.handle(.unknown(windowIsOver: true)) == .fetchFills)
        #expect(order.handle(.unknown(windowIsOver: true)) == .alarm(.vanished))
        #expect(order.state == .cancelled)
    }

    @Test("one denial between sightings does not count")
    func flickering() {
        let order = life(.open)
        for _ in 0..<10 {
            #expect(order.handle(.unknown(windowIsOver: true)) == .fetchFills)
            #expect(order.handle(.reported(.resting, executed: .zero)) == .none)
        }
        #expect(order.state == .open)
    }

    static let inputs: [OrderInput] =
        [
            .claimed, .lapsed, .withdrawn, .sending, .accepted, .refused, .unanswered, .notSent,
            .unknown(windowIsOver: false), .unknown(windowIsOver: true), .filled(Make.quantity(400)),
        ]
        + VenueStatus.allCases.flatMap {
            [.reported($0, executed: .zero), .reported($0, executed: Make.quantity(400))]
        }

    /// One line a state, one word an input, in the order of `inputs`: the state it leads to.
    static let table: [(OrderState, String)] = [
        (
            .approved,
            "submitting expired cancelled approved open approved approved approved approved approved partially_filled"
                + " open open cancelled open cancelled open rejected open"
        ),
        (
            .submitting,
            "submitting submitting submitting submitting open submitting submitting submitting submitting submitting"
                + " partially_filled open open cancelled open cancelled open rejected open"
        ),
        (
            .open,
            "open open open open open open open open open open partially_filled open open cancelled open cancelled"
                + " open rejected open"
        ),
        (.filled, String(repeating: "filled ", count: 19)),
        (.cancelled, String(repeating: "cancelled ", count: 19)),
        (.rejected, String(repeating: "rejected ", count: 19)),
        (.expired, String(repeating: "expired ", count: 19)),
    ]

    @Test("every pair of state and input is defined", arguments: table)
    func everyPair(_ start: OrderState, _ expected: String) {
        let words = expected.split(separator: " ")
        #expect(words.count == Self.inputs.count)
        for (input, word) in zip(Self.inputs, words) {
            let order = life(start, filled: start == .filled ? 1000 : 0)
            _ = order.handle(input)
            #expect(order.state.rawValue == word, "\(start) on \(input)")
        }
    }

    @Test("any sequence of inputs: what is over stays over, fills add up, nothing is sent while it may be at the venue")
    func anySequence() {
        for seed in UInt64(1)...400 {
            var random = SeededRandom(seed: seed)
            let order = life(.approved)
            var booked = Quantity.zero
            var mayBeThere = false
            for _ in 0..<60 {
                guard let input = Self.inputs.randomElement(using: &random) else { continue }
                let before = order.value
                let action = order.handle(input)
                if case .filled(let part) = input { booked += part }
                if before.state.isTerminal {
                    #expect(
                        order.state == before.state || order.state == .filled, "seed \(seed): \(before) on \(input)")
                }
                switch input {
                case .sending where before.state == .submitting: mayBeThere = true
                case .notSent, .unknown(windowIsOver: true): mayBeThere = false
                default: break
                }
                if action == .send { #expect(!mayBeThere, "seed \(seed): sent on \(input) from \(before)") }
            }
            #expect(order.value.filled == booked, "seed \(seed)")
        }
    }
}
