import Domain
import ExecutionCore
import Synchronization

@testable import ExecutionApp

/// An exchange in memory that misbehaves as told. Like the real one it accepts a client order id again once its order is over,
/// so that an order sent twice is filled twice.
final class ScriptedVenue: Venue {
    /// What goes wrong with the next request that would place something.
    enum Fault: Sendable {
        /// It happens, and the answer is lost.
        case answerLost
        /// The request is lost, and it looks the same.
        case requestLost
        case notSent
        case refused
        case limited
        /// Half of it is filled, and the rest is over.
        case halfFilled
    }

    struct Entry: Sendable {
        var order: Order
        var type: OrderType
        var number: Int
        var status: VenueStatus
        var fills: [Fill]
        var partner: Int?
    }

    struct State: Sendable {
        var entries: [Entry] = []
        var price = Make.price(100)
        var faults: [Fault] = []
        var trades = 0
        var parts: Int64 = 1
        var reports = true
        var report: (@Sendable (VenueNews) -> Void)?
        var placed: [String: Int] = [:]
        var refusesPairs = false
        var pairFaults: [Fault] = []
        var forgets = false
        var unfindable = ""
        var whilePlacing: (@Sendable () async -> Void)?
    }

    let name = "scripted"
    let validity: Duration
    let state = Mutex(State())

    init(validity: Duration = .milliseconds(150)) { self.validity = validity }

    func next(_ faults: Fault...) { state.withLock { $0.faults = faults } }
    func nextPair(_ faults: Fault...) { state.withLock { $0.pairFaults = faults } }
    func refusesPairs(_ on: Bool = true) { state.withLock { $0.refusesPairs = on } }
    /// What is over is not found by its id any more; its fills are still there.
    func forgetsWhatIsOver() { state.withLock { $0.forgets = true } }
    /// Questions for ids with this beginning are not answered; none when empty.
    func answersNothing(about prefix: String) { state.withLock { $0.unfindable = prefix } }
    /// Happens once, after the next request was taken and before it is answered.
    func whilePlacing(_ body: @escaping @Sendable () async -> Void) { state.withLock { $0.whilePlacing = body } }
    func reporting(_ on: Bool) { state.withLock { $0.reports = on } }
    func filling(inParts parts: Int64) { state.withLock { $0.parts = parts } }

    /// Every fill that happened here, whoever was told of it.
    var fills: [Fill] { state.withLock { $0.entries.flatMap(\.fills) } }
    var resting: [Order] { state.withLock { $0.entries.filter { $0.status == .resting }.map(\.order) } }
    /// How often each id was accepted.
    var accepted: [String: Int] { state.withLock { $0.placed } }

    /// The market moves: what rests may trade.
    func trade(at price: Price) {
        tell { state in
            state.price = price
            var touched: [Int] = []
            for index in state.entries.indices where state.entries[index].status == .resting {
                guard state.entries[index].status == .resting, ExitWatch.fires(state.entries[index].order, at: price)
                else { continue }
                Self.fill(index, in: &state)
                touched.append(index)
                if let partner = state.entries[index].partner {
                    state.entries[partner].status = .cancelled
                    touched.append(partner)
                }
            }
            return touched
        }
    }

    /// Part of an order that rests is filled.
    func fill(_ id: String, _ quantity: Quantity) {
        tell { state in
            guard let index = state.entries.lastIndex(where: { $0.order.id == id && $0.status == .resting }) else {
                return []
            }
            state.trades += 1
            let order = state.entries[index].order
            state.entries[index].fills.append(
                Make.fill(
                    "v\(state.trades)", of: order, quantity, at: state.price, time: Make.time(Int64(state.trades))))
            let executed = state.entries[index].fills.reduce(Quantity.zero) { $0 + $1.quantity }
            if executed >= order.quantity { state.entries[index].status = .filled }
            return [index]
        }
    }

    /// The venue tells of a fill that makes no sense to us.
    func invent(_ fill: Fill, of id: String) {
        tell { state in
            guard let index = state.entries.lastIndex(where: { $0.order.id == id }) else { return [] }
            state.entries[index].fills.append(fill)
            return [index]
        }
    }

    func run(reporting: @escaping @Sendable (VenueNews) -> Void) async throws {
        state.withLock { $0.report = reporting }
        reporting(.connected)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    var remembers: Bool { true }

    func adopt(_ symbol: Symbol, _ groups: [[Order]], since: [Print]) async {}

    func makeUp(for prints: [Print], _ symbol: Symbol) async {}

    func place(_ order: Order, as type: OrderType, claimed: Timestamp) async throws(VenueError) -> VenueOrder {
        let fault = try before()
        let index = accept([(order, type)], half: fault == .halfFilled)
        await interlude()
        if fault == .answerLost { throw VenueError(kind: .inDoubt, message: "no answer") }
        return state.withLock { Self.view($0.entries[index]) }
    }

    func place(
        stop: Order, target: Order, list: String, claimed: Timestamp
    ) async throws(VenueError) -> [VenueOrder] {
        await interlude()
        if state.withLock({ $0.refusesPairs }) { throw VenueError(kind: .refused, message: "no pairs") }
        let fault = try before(\.pairFaults)
        let index = accept([(stop, stop.type), (target, target.type)])
        if fault == .answerLost { throw VenueError(kind: .inDoubt, message: "no answer") }
        return state.withLock { state in [index, index + 1].map { Self.view(state.entries[$0]) } }
    }

    func cancel(_ id: String, _ symbol: Symbol) async throws(VenueError) {
        let found = state.withLock { state -> Bool in
            guard let index = state.entries.lastIndex(where: { $0.order.id == id && $0.status == .resting }) else {
                return false
            }
            state.entries[index].status = .cancelled
            if let partner = state.entries[index].partner { state.entries[partner].status = .cancelled }
            return true
        }
        if !found { throw VenueError(kind: .unknown, message: "no such open order") }
    }

    func find(_ id: String, _ symbol: Symbol) async throws(VenueError) -> VenueOrder? {
        let unfindable = state.withLock { $0.unfindable }
        if !unfindable.isEmpty, id.hasPrefix(unfindable) { throw VenueError(kind: .inDoubt, message: "no answer") }
        return state.withLock { state in
            state.entries.last { $0.order.id == id && !(state.forgets && $0.status != .resting) }.map { entry in
                var view = Self.view(entry)
                view.fills = []
                return view
            }
        }
    }

    func fills(of order: VenueOrder) async throws(VenueError) -> [Fill] {
        state.withLock { $0.entries.first { String($0.number) == order.venueID }?.fills ?? [] }
    }

    func openOrders() async throws(VenueError) -> [VenueOrder] {
        state.withLock { $0.entries.filter { $0.status == .resting }.map(Self.view) }
    }

    func holdings() async throws(VenueError) -> [String: Quantity]? { nil }

    private func before(_ queue: WritableKeyPath<State, [Fault]> = \.faults) throws(VenueError) -> Fault? {
        let fault = state.withLock { $0[keyPath: queue].isEmpty ? nil : $0[keyPath: queue].removeFirst() }
        switch fault {
        case .requestLost: throw VenueError(kind: .inDoubt, message: "no answer")
        case .notSent: throw VenueError(kind: .notSent, message: "cannot connect")
        case .refused: throw VenueError(kind: .refused, message: "no")
        case .limited: throw VenueError(kind: .limited, message: "wait", retryAfter: .milliseconds(100))
        case .answerLost, .halfFilled, nil: return fault
        }
    }

    private func interlude() async {
        let body = state.withLock { state in
            defer { state.whilePlacing = nil }
            return state.whilePlacing
        }
        await body?()
    }

    private func accept(_ orders: [(Order, OrderType)], half: Bool = false) -> Int {
        var first = 0
        tell { state in
            first = state.entries.count
            for (offset, (order, type)) in orders.enumerated() {
                state.placed[order.id, default: 0] += 1
                state.entries.append(
                    Entry(
                        order: order, type: type, number: first + offset, status: .resting, fills: [],
                        partner: orders.count == 2 ? first + 1 - offset : nil))
                if type == .market { Self.fill(first + offset, in: &state, half: half) }
            }
            return Array(first..<state.entries.count)
        }
        return first
    }

    private func tell(_ body: (inout State) -> [Int]) {
        let (views, report) = state.withLock { state -> ([VenueOrder], (@Sendable (VenueNews) -> Void)?) in
            let touched = body(&state)
            return (touched.map { Self.view(state.entries[$0]) }, state.reports ? state.report : nil)
        }
        for view in views { report?(.order(view)) }
    }

    private static func fill(_ index: Int, in state: inout State, half: Bool = false) {
        let order = state.entries[index].order
        var left = half ? Quantity(raw: order.quantity.raw / 2) : order.quantity
        for part in 0..<state.parts {
            let quantity =
                part == state.parts - 1 ? left : Quantity(raw: order.quantity.raw / state.parts / 1000 * 1000)
            left -= quantity
            state.trades += 1
            state.entries[index].fills.append(
                Make.fill(
                    "v\(state.trades)", of: order, quantity, at: state.price, time: Make.time(Int64(state.trades))))
        }
        state.entries[index].status = half ? .cancelled : .filled
    }

    private static func view(_ entry: Entry) -> VenueOrder {
        VenueOrder(
            id: entry.order.id, symbol: entry.order.symbol, venueID: String(entry.number), status: entry.status,
            executed: entry.fills.reduce(.zero) { $0 + $1.quantity }, fills: entry.fills)
    }
}
