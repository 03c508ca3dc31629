package import Domain
import FoundationEssentials
import Synchronization

/// Binance spot's REST interface: one request a call, typed answers, typed failures. Nothing is repeated behind the
/// caller's back, except for a request that was refused for its timestamp: our idea of the exchange's clock is then
/// asked for anew and the request sent once more (a refused request has had no effect).
package final class BinanceREST: Sendable {
    /// How to reach the exchange.
    package struct Configuration: Sendable {
        /// Such as `https://api.binance.com`, without a slash at the end.
        package var baseURL: String
        /// How long after its timestamp the exchange may still execute a signed request; at most 60 s.
        package var receiveWindow: Duration
        /// How long to wait for an answer.
        package var timeout: Duration

        package init(baseURL: String, receiveWindow: Duration = .seconds(5), timeout: Duration = .seconds(5)) {
            self.baseURL = baseURL
            self.receiveWindow = receiveWindow
            self.timeout = timeout
        }
    }

    package let configuration: Configuration
    private let transport: any BinanceTransport
    private let signer: BinanceSigner?
    private let wallClock: @Sendable () -> Timestamp
    private let state: Mutex<State>

    private struct State {
        var weight: RequestWeight
        /// Exchange time minus our wall clock; nil until first asked for.
        var clockOffset: Timestamp.Span?
    }

    /// - Parameters:
    ///   - signer: nil for market data only.
    ///   - wallClock: the machine's clock.
    package init(
        _ configuration: Configuration, transport: some BinanceTransport, signer: BinanceSigner? = nil,
        weight: RequestWeight = RequestWeight(), wallClock: @escaping @Sendable () -> Timestamp
    ) {
        self.configuration = configuration
        self.transport = transport
        self.signer = signer
        self.wallClock = wallClock
        self.state = Mutex(State(weight: weight))
    }

    /// How much request weight is used in this minute, as far as known.
    package var usedWeight: Int { state.withLock { $0.weight.used } }

    /// The exchange's clock, asked for now; signed requests use the difference to ours from then on.
    package func time() async throws(BinanceError) -> Timestamp {
        struct Reply: Decodable { let serverTime: Int64 }
        let before = wallClock()
        let reply: Reply = try await decoded(BinanceRequest(.get, "/api/v3/time"))
        let after = wallClock()
        let exchange = Timestamp(milliseconds: reply.serverTime)
        let middle = Timestamp(nanoseconds: before.nanoseconds / 2 + after.nanoseconds / 2)
        state.withLock { $0.clockOffset = exchange - middle }
        return exchange
    }

    /// Sends a request and decodes the answer.
    ///
    /// - Throws: `BinanceError`; `undecodable` when the answer is a success that is not what is documented.
    func decoded<Reply: Decodable>(_ request: BinanceRequest) async throws(BinanceError) -> Reply {
        let body = try await send(request)
        do {
            return try JSONDecoder().decode(Reply.self, from: Data(body))
        } catch {
            throw .undecodable(reason: "\(request.method.rawValue) \(request.path): \(Self.words(error))")
        }
    }

    /// Sends a request, once more after a refusal for its timestamp. One whose window counts from a moment of its own is not
    /// given another.
    @discardableResult
    func send(_ request: BinanceRequest) async throws(BinanceError) -> [UInt8] {
        do throws(BinanceError) {
            return try await attempt(request)
        } catch {
            guard request.access == .signed, case .rejected(let no) = error, no.code == Self.badTimestamp else {
                throw error
            }
        }
        guard request.decidedAt == nil else {
            state.withLock { $0.clockOffset = nil }
            throw .notSent(reason: "the exchange had it too late, or by another clock")
        }
        _ = try await time()
        return try await attempt(request)
    }

    private static let badTimestamp = -1021

    private func attempt(_ request: BinanceRequest) async throws(BinanceError) -> [UInt8] {
        if request.access == .signed, state.withLock({ $0.clockOffset == nil }) { _ = try await time() }
        let now = wallClock()
        let wait = state.withLock { $0.weight.take(request.weight, for: request.urgency, now: now, at: .now) }
        if let wait { throw .rateLimited(retryAfter: wait) }
        let reply = try await transport.send(try prepared(request))
        note(reply)
        guard (200..<300).contains(reply.status) else {
            let error = BinanceError(status: reply.status, retryAfter: reply.retryAfter, body: reply.body)
            note(error)
            throw error
        }
        return reply.body
    }

    private func prepared(_ request: BinanceRequest) throws(BinanceError) -> BinanceHTTPRequest {
        var headers: [(name: String, value: String)] = []
        var query = request.query
        if request.access != .open {
            guard let signer else { throw .notSent(reason: "no API key is configured") }
            headers.append(("X-MBX-APIKEY", signer.apiKey))
            if request.access == .signed {
                let window = configuration.receiveWindow.components
                query = request.signedQuery(
                    signer: signer, timestamp: exchangeTime(at: request.decidedAt ?? wallClock()).milliseconds,
                    receiveWindow: window.seconds * 1000 + window.attoseconds / 1_000_000_000_000_000)
            }
        }
        let isForm = request.method == .post || request.method == .put
        if isForm { headers.append(("Content-Type", "application/x-www-form-urlencoded")) }
        let address = configuration.baseURL + request.path
        return BinanceHTTPRequest(
            method: request.method, url: isForm || query.isEmpty ? address : "\(address)?\(query)", headers: headers,
            body: isForm ? query : nil, timeout: configuration.timeout)
    }

    /// The exchange's clock at a time of ours, as far as the difference is known.
    private func exchangeTime(at time: Timestamp) -> Timestamp {
        time + (state.withLock { $0.clockOffset } ?? Timestamp.Span(nanoseconds: 0))
    }

    private func note(_ reply: BinanceHTTPReply) {
        guard let used = reply.usedWeight else { return }
        let now = wallClock()
        state.withLock { $0.weight.observe(used: used, now: now) }
    }

    private func note(_ error: BinanceError) {
        let delay: Duration
        switch error {
        case .rateLimited(let time), .banned(let time): delay = time
        default: return
        }
        state.withLock { $0.weight.block(for: delay, at: .now) }
    }

    /// What is wrong with an answer, without quoting it.
    private static func words(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "not readable" }
        let context: DecodingError.Context
        switch error {
        case .keyNotFound(let key, let where_): return "\(key.stringValue) is missing at \(place(where_))"
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
        @unknown default: return "not readable"
        }
        return "not as documented at \(place(context))"
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? "the top" : path
    }
}
