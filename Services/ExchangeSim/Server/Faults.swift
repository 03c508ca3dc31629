import Domain
import Exchanges

/// What the exchange does wrong on request. Times are wall clock.
struct Faults: Sendable {
    /// What becomes of one market frame.
    enum Delivery: Sendable, Equatable {
        case drop
        /// Sent so many times, `hold`: after the next one, `garbled`: cut off in the middle.
        case send(times: Int, hold: Bool, garbled: Bool)
    }

    /// What becomes of one order request.
    enum OrderFate: Sendable, Equatable {
        case normal
        /// Refused with this.
        case refuse(BinanceRejection)
        /// Never reaches the venue; the connection breaks.
        case loseRequest
        /// Reaches the venue so much later, whether the client waits for it or not.
        case holdRequest(milliseconds: Int64)
        /// Reaches the venue; the connection breaks without an answer.
        case loseAnswer
        /// Reaches the venue; the answer comes so much later.
        case delayAnswer(milliseconds: Int64)
        /// The venue says 503 "unknown error" though it took the order.
        case answerUnknown
    }

    /// A refusal of any request.
    struct Limit: Sendable, Equatable {
        var status: Int
        var retryAfter: Int
        var count: Int
    }

    /// A price that jumps for some prints.
    struct Spike: Sendable, Equatable {
        var factor: Ratio
        var prints: Int
    }

    private var random: MarketRandom
    var silentUntil: [Symbol: Timestamp] = [:]
    var allSilentUntil = Timestamp.zero
    var outageUntil = Timestamp.zero
    var lagMilliseconds: Int64 = 0
    var lagUntil = Timestamp.zero
    var duplicateShare = 0.0
    var reorderShare = 0.0
    var dropShare = 0.0
    var garbledFrames = 0
    /// Answers of the REST interface that are cut off on their way.
    var garbledBodies = 0
    var limit: Limit?
    var orderFates: [OrderFate] = []
    /// Order requests that have come and are held.
    var held = 0
    /// Fill reports that are not sent on the user data stream.
    var fillsToLose = 0
    var spikes: [Symbol: Spike] = [:]

    init(seed: UInt64) { random = MarketRandom(seed, 77) }

    /// Decides on one frame of market data.
    mutating func delivery(_ symbol: Symbol, now: Timestamp) -> Delivery {
        if now < allSilentUntil || now < silentUntil[symbol] ?? .zero { return .drop }
        if dropShare > 0, random.unit() < dropShare { return .drop }
        var garbled = false
        if garbledFrames > 0 {
            garbledFrames -= 1
            garbled = true
        }
        let times = duplicateShare > 0 && random.unit() < duplicateShare ? 2 : 1
        let hold = reorderShare > 0 && random.unit() < reorderShare
        return .send(times: times, hold: hold, garbled: garbled)
    }

    /// The body as it is sent: a part of it only, while bodies are to be cut off.
    mutating func damage(_ body: String) -> String {
        guard garbledBodies > 0, !body.isEmpty else { return body }
        garbledBodies -= 1
        return String(body.prefix(min(Int(random.unit() * Double(body.count)), body.count - 1)))
    }

    /// How long frames are held up.
    func lag(now: Timestamp) -> Int64 { now < lagUntil ? lagMilliseconds : 0 }

    /// Takes the next fate in line.
    mutating func orderFate() -> OrderFate { orderFates.isEmpty ? .normal : orderFates.removeFirst() }

    /// Is this fill report to be lost?
    mutating func losesFill() -> Bool {
        guard fillsToLose > 0 else { return false }
        fillsToLose -= 1
        return true
    }

    /// The refusal of the next request, when one is due.
    mutating func refusal() -> Limit? {
        guard var due = limit else { return nil }
        let answer = due
        due.count -= 1
        limit = due.count > 0 ? due : nil
        return answer
    }

    /// The item as the market shows it: prices multiplied while a spike lasts.
    mutating func distort(_ item: FeedItem, _ ticks: [Symbol: Price]) -> FeedItem {
        guard case .trade(let print, let quote) = item.body, let spike = spikes[print.symbol] else { return item }
        spikes[print.symbol] = spike.prints > 1 ? Spike(factor: spike.factor, prints: spike.prints - 1) : nil
        let step = ticks[print.symbol] ?? Price(raw: 1)
        func moved(_ price: Price) -> Price { max(price.times(spike.factor).rounded(to: step, .halfEven), step) }
        return FeedItem(
            time: item.time,
            body: .trade(
                Print(
                    id: print.id, symbol: print.symbol, price: moved(print.price), quantity: print.quantity,
                    aggressor: print.aggressor, time: print.time),
                quote.map { quote in
                    Quote(
                        symbol: quote.symbol, bid: moved(quote.bid), bidQuantity: quote.bidQuantity,
                        ask: max(moved(quote.ask), moved(quote.bid) + step), askQuantity: quote.askQuantity,
                        time: quote.time)
                }))
    }
}
