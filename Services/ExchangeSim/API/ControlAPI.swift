import Domain
import Exchanges

/// Makes the exchange misbehave, moves its time, and shows what it holds. Parameters come as a query or a form.
struct ControlAPI {
    let exchange: Exchange

    func answer(_ request: WebRequest) -> WebAnswer {
        do throws(Refused) {
            guard let values = request.parameters() else { throw Refused(-1100, "A broken escape.") }
            let parameters = Parameters(values: values)
            let name = request.path.dropFirst("/control/".count)
            if request.method == "GET" { return .now(WebResponse(body: try shown(name, parameters))) }
            try apply(name, parameters)
            return .now(WebResponse(body: "{}"))
        } catch {
            return .now(error.response)
        }
    }

    private func apply(_ name: Substring, _ parameters: Parameters) throws(Refused) {
        switch name {
        case "reset": exchange.faults = Faults(seed: exchange.settings.seed)
        case "silence": try silence(parameters)
        case "disconnect": exchange.streams.closeAll(abruptly: parameters["abruptly"] == "true")
        case "lag":
            exchange.faults.lagMilliseconds = try number("milliseconds", parameters)
            exchange.faults.lagUntil = try until(parameters)
        case "duplicate": exchange.faults.duplicateShare = try share(parameters)
        case "reorder": exchange.faults.reorderShare = try share(parameters)
        case "drop": exchange.faults.dropShare = try share(parameters)
        case "malformed": exchange.faults.garbledFrames = Int(try number("count", parameters, default: 1))
        case "malformed-bodies": exchange.faults.garbledBodies = Int(try number("count", parameters, default: 1))
        case "limit": try limit(parameters)
        case "spike": try spike(parameters)
        case "outage":
            exchange.faults.outageUntil = try until(parameters)
            exchange.streams.closeAll(abruptly: true)
        case "lose-fills": exchange.faults.fillsToLose = Int(try number("count", parameters, default: 1))
        case "reject", "lose-request", "hold-request", "lose-answer", "delay-answer", "answer-unknown":
            try fate(name, parameters)
        case "speed": try speed(parameters)
        default: throw Refused(-1000, "Not found.", status: 404)
        }
    }

    private func number(_ name: String, _ parameters: Parameters, default standard: Int64? = nil) throws(Refused)
        -> Int64
    {
        guard let value = try parameters.integer(name) ?? standard, (0...1_000_000_000).contains(value) else {
            throw Refused(-1102, "Mandatory parameter '\(name)' was not sent, or is out of range.")
        }
        return value
    }

    private func until(_ parameters: Parameters) throws(Refused) -> Timestamp {
        exchange.wallNow + .seconds(try number("seconds", parameters))
    }

    private func share(_ parameters: Parameters) throws(Refused) -> Double {
        guard let share = Double(try parameters.required("share")), (0...1).contains(share) else {
            throw Refused(-1102, "A share is 0 to 1.")
        }
        return share
    }

    private func silence(_ parameters: Parameters) throws(Refused) {
        let end = try until(parameters)
        if parameters["symbol"] == nil {
            exchange.faults.allSilentUntil = end
        } else {
            exchange.faults.silentUntil[try parameters.symbol()] = end
        }
    }

    private func limit(_ parameters: Parameters) throws(Refused) {
        exchange.faults.limit = Faults.Limit(
            status: try number("status", parameters, default: 429) == 418 ? 418 : 429,
            retryAfter: Int(try number("retry_after", parameters, default: 1)),
            count: Int(try number("count", parameters, default: 1)))
    }

    private func spike(_ parameters: Parameters) throws(Refused) {
        guard let factor = Ratio(try parameters.required("factor")), factor.isPositive else {
            throw Refused(-1102, "A factor is a positive number.")
        }
        exchange.faults.spikes[try parameters.symbol()] = Faults.Spike(
            factor: factor, prints: Int(try number("prints", parameters, default: 1)))
    }

    private func fate(_ name: Substring, _ parameters: Parameters) throws(Refused) {
        let fate: Faults.OrderFate
        switch name {
        case "reject":
            fate = .refuse(
                BinanceRejection(
                    code: Int(try parameters.integer("code") ?? -2010),
                    message: parameters["message"] ?? "Account has insufficient balance for requested action."))
        case "lose-request": fate = .loseRequest
        case "hold-request": fate = .holdRequest(milliseconds: try number("milliseconds", parameters))
        case "lose-answer": fate = .loseAnswer
        case "delay-answer": fate = .delayAnswer(milliseconds: try number("milliseconds", parameters))
        default: fate = .answerUnknown
        }
        let count = Int(try number("count", parameters, default: 1))
        exchange.faults.orderFates = Array(repeating: fate, count: min(count, 10_000))
    }

    private func speed(_ parameters: Parameters) throws(Refused) {
        guard let speed = Double(try parameters.required("speed")), (0...10_000).contains(speed) else {
            throw Refused(-1102, "A speed is 0 (standing) to 10000.")
        }
        exchange.clock.change(pace: speed == 0 ? .stepped : .running(speed), Exchange.monotonic)
    }
}

// What the exchange holds.
extension ControlAPI {
    private func shown(_ name: Substring, _ parameters: Parameters) throws(Refused) -> String {
        let venue = exchange.venue
        switch name {
        case "status": return status()
        case "held": return String(exchange.faults.held)
        case "orders":
            return Messages.list(venue.orders.values.sorted { $0.id < $1.id }.map(Messages.state))
        case "fills":
            return Messages.list(
                venue.fills.map {
                    Messages.myTrade($0, more: ",\"clientOrderId\":\"\($0.clientOrderID)\",\"account\":\($0.account)")
                })
        case "balances":
            return Messages.list(
                venue.accounts.map { Messages.account($0, exchange.settings.rules, at: exchange.now) })
        default: throw Refused(-1000, "Not found.", status: 404)
        }
    }

    private func status() -> String {
        let next = exchange.nextTime.map { String($0.milliseconds) } ?? "null"
        return """
            {"exchangeTime":\(exchange.now.milliseconds),"nextTime":\(next),"sockets":\(exchange.streams.count),\
            "orders":\(exchange.venue.orders.count),"fills":\(exchange.venue.fills.count),\
            "openOrders":\(exchange.venue.orders.values.count { $0.isOpen })}
            """
    }
}
