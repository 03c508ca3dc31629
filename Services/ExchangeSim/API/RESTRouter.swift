import Domain
import Exchanges
import ServiceKit

/// Leads a request past limits, faults and signatures to where it is answered.
struct RESTRouter {
    let exchange: Exchange

    /// What is to be done with a request that was held until now.
    func answerHeld(_ request: WebRequest) -> WebAnswer {
        exchange.faults.held = max(0, exchange.faults.held - 1)
        return answer(request)
    }

    /// What is to be done with a request.
    func answer(_ request: WebRequest) -> WebAnswer {
        if request.path.hasPrefix("/control/") { return ControlAPI(exchange: exchange).answer(request) }
        exchange.meters.requests.increment()
        if exchange.wallNow < exchange.faults.outageUntil { return .hangUp }
        if let limit = exchange.faults.refusal() { return limited(status: limit.status, retryAfter: limit.retryAfter) }
        if let refusal = exchange.weight.count(MarketAPI.weight(request.path), now: exchange.wallNow) {
            return limited(status: refusal.status, retryAfter: refusal.retryAfter)
        }
        let answer = routed(request)
        exchange.tellClients()
        guard case .now(var response) = answer else { return answer }
        response.body = exchange.faults.damage(response.body)
        return .now(response)
    }

    private func limited(status: Int, retryAfter: Int) -> WebAnswer {
        let words =
            status == 418
            ? "Way too much request weight used; IP banned. Please use WebSocket Streams for live updates."
            : "Too much request weight used; please use WebSocket Streams for live updates."
        var response = WebResponse.refusal(BinanceRejection(code: -1003, message: words), status: status)
        response.headers.append(("Retry-After", String(retryAfter)))
        exchange.meters.refusals.increment()
        return .now(response)
    }

    private func routed(_ request: WebRequest) -> WebAnswer {
        do throws(Refused) {
            guard let values = request.parameters() else {
                throw Refused(-1100, "Illegal characters found in a parameter.")
            }
            let parameters = Parameters(values: values)
            if let response = try MarketAPI(exchange: exchange).answer(request, parameters) {
                return .now(weighed(response))
            }
            if request.path == "/api/v3/userDataStream" {
                let account = try KeyCheck(exchange: exchange).account(request)
                return .now(
                    weighed(try UserStreamAPI(exchange: exchange, account: account).answer(request, parameters)))
            }
            return try trading(request, parameters)
        } catch {
            exchange.meters.refusals.increment()
            return .now(weighed(error.response))
        }
    }

    private func trading(_ request: WebRequest, _ parameters: Parameters) throws(Refused) -> WebAnswer {
        let account = try KeyCheck(exchange: exchange).signedAccount(request, parameters)
        let api = TradingAPI(exchange: exchange, account: account)
        let places = request.method == "POST" && request.path != "/api/v3/order/test"
        let fate = places ? exchange.faults.orderFate() : .normal
        switch fate {
        case .refuse(let no): throw Refused(no.code, no.message)
        case .loseRequest: return .hangUp
        case .holdRequest(let milliseconds):
            exchange.faults.held += 1
            return .held(milliseconds: milliseconds)
        case .normal, .loseAnswer, .delayAnswer, .answerUnknown: break
        }
        guard let response = try api.answer(request, parameters) else {
            throw Refused(-1000, "Not found.", status: 404)
        }
        switch fate {
        case .loseAnswer: return .hangUp
        case .delayAnswer(let milliseconds): return .later(weighed(response), milliseconds: milliseconds)
        case .answerUnknown:
            return .now(
                .refusal(
                    BinanceRejection(
                        code: -1000, message: "Unknown error, please check your request or try again later."),
                    status: 503))
        case .normal, .refuse, .loseRequest, .holdRequest: return .now(weighed(response))
        }
    }

    private func weighed(_ response: WebResponse) -> WebResponse {
        var response = response
        response.headers.append(("X-MBX-USED-WEIGHT-1M", String(exchange.weight.used)))
        return response
    }
}

/// Whose request it is, and whether it is really theirs.
struct KeyCheck {
    let exchange: Exchange

    /// The account of the API key.
    func account(_ request: WebRequest) throws(Refused) -> Int {
        guard let key = request.apiKey, !key.isEmpty else {
            throw Refused(-2014, "API-key format invalid.", status: 401)
        }
        guard let index = exchange.settings.accounts.firstIndex(where: { $0.signer.apiKey == key }) else {
            throw Refused(-2015, "Invalid API-key, IP, or permissions for action.", status: 401)
        }
        return index
    }

    /// The account of a signed request whose time is right.
    func signedAccount(_ request: WebRequest, _ parameters: Parameters) throws(Refused) -> Int {
        let account = try account(request)
        let signature = try parameters.required("signature")
        guard exchange.settings.accounts[account].signer.isValid(signature, of: request.signedText) else {
            throw Refused(-1022, "Signature for this request is not valid.")
        }
        guard let stamp = try parameters.time("timestamp") else {
            throw Refused(-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
        }
        let window = try parameters.integer("recvWindow") ?? 5000
        guard (0...60_000).contains(window) else { throw Refused(-1131, "recvWindow must be less than 60000") }
        let now = exchange.now
        guard stamp < now + .seconds(1) else {
            throw Refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        }
        guard now - stamp <= .milliseconds(window) else {
            throw Refused(-1021, "Timestamp for this request is outside of the recvWindow.")
        }
        return account
    }
}

/// The keys of user data streams.
struct UserStreamAPI {
    let exchange: Exchange
    let account: Int

    private static let validity = Timestamp.Span.minutes(60)

    func answer(_ request: WebRequest, _ parameters: Parameters) throws(Refused) -> WebResponse {
        let until = exchange.wallNow + Self.validity
        exchange.listenKeys = exchange.listenKeys.filter { $0.value.until > exchange.wallNow }
        switch request.method {
        case "POST":
            let existing = exchange.listenKeys.first { $0.value.account == account }?.key
            let key = existing ?? made(exchange.wallNow)
            exchange.listenKeys[key] = (account, until)
            return WebResponse(body: "{\"listenKey\":\"\(key)\"}")
        case "PUT":
            exchange.listenKeys[try known(parameters)] = (account, until)
        case "DELETE":
            exchange.listenKeys[try known(parameters)] = nil
        default: throw Refused(-1000, "Not found.", status: 404)
        }
        return WebResponse(body: "{}")
    }

    private func known(_ parameters: Parameters) throws(Refused) -> String {
        let key = try parameters.required("listenKey")
        guard exchange.listenKeys[key]?.account == account else {
            throw Refused(-1125, "This listenKey does not exist.")
        }
        return key
    }

    private func made(_ now: Timestamp) -> String {
        exchange.settings.accounts[account].signer.signature(of: "listen key of \(now.nanoseconds)")
    }
}
