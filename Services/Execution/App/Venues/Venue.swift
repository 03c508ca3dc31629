import Domain
import ExecutionCore

/// Where orders go: an exchange, or the paper venue. What it promises is in the conformance suite that runs over each.
protocol Venue: Sendable {
    /// For metrics and logs.
    var name: String { get }
    /// For so long after a request has left it may still be accepted.
    var validity: Duration { get }

    /// Keeps what it needs running, such as a stream of reports, until its task is cancelled.
    func run(reporting: @escaping @Sendable (VenueNews) -> Void) async throws

    /// It keeps orders over a restart of ours.
    var remembers: Bool { get }

    /// Takes up a market's orders that rest there by our books, pair by pair, and the prints since, oldest first; only a
    /// venue without a memory of its own has to.
    func adopt(_ symbol: Symbol, _ groups: [[Order]], since: [Print]) async

    /// Takes in prints that were missed when they happened, oldest first; only a venue that lives on our prints has to.
    func makeUp(for prints: [Print], _ symbol: Symbol) async

    /// Sends an order, a protective one perhaps as a plain market order.
    ///
    /// - Parameter claimed: our clock before it was claimed. `validity` counts from there: whoever was held up for longer must
    ///   not send what another may have claimed since.
    func place(_ order: Order, as type: OrderType, claimed: Timestamp) async throws(VenueError) -> VenueOrder

    /// Sends a stop and a target of which one cancels the other.
    func place(stop: Order, target: Order, list: String, claimed: Timestamp) async throws(VenueError) -> [VenueOrder]

    /// Takes an order back, and its partner; `.unknown` when it is not open.
    func cancel(_ id: String, _ symbol: Symbol) async throws(VenueError)

    /// Where an order is; nil when the venue knows no such id.
    func find(_ id: String, _ symbol: Symbol) async throws(VenueError) -> VenueOrder?

    /// All fills of an order that `find` has found.
    func fills(of order: VenueOrder) async throws(VenueError) -> [Fill]

    /// All orders that are open there, ours or not.
    func openOrders() async throws(VenueError) -> [VenueOrder]

    /// What is held there by asset, free or locked; nil where nobody but us holds anything.
    func holdings() async throws(VenueError) -> [String: Quantity]?
}

/// An order as the venue tells of it.
struct VenueOrder: Hashable, Sendable {
    /// The client order id: ours.
    let id: String
    let symbol: Symbol
    /// The venue's own number.
    let venueID: String
    /// Nil when nothing can be concluded from what the venue said.
    let status: VenueStatus?
    let executed: Quantity
    /// The fills it came with; not necessarily all.
    var fills: [Fill] = []
}

/// What a venue tells by itself.
enum VenueNews: Sendable {
    case order(VenueOrder)
    /// Reports arrive from now on; some may have been lost before.
    case connected
    case disconnected(reason: String)
}

/// How a request to a venue failed, by what may be done about it.
struct VenueError: Error, Sendable, CustomStringConvertible {
    enum Kind: String, Sendable, CaseIterable {
        /// The venue refused it: nothing has happened.
        case refused
        /// The venue knows no such open order.
        case unknown
        /// It certainly did not leave.
        case notSent = "not_sent"
        /// Nothing may be sent for a while; this was not.
        case limited
        /// It may have had its effect.
        case inDoubt = "in_doubt"
    }

    let kind: Kind
    /// In words, without secrets.
    let message: String
    /// For `limited`.
    var retryAfter: Duration = .zero

    var description: String { "\(kind.rawValue): \(message)" }
}
