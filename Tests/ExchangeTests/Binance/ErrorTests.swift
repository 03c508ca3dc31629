import Domain
import Exchanges
import Foundation
import TestKit
import Testing

@Suite("Binance failures")
struct ErrorTests {
    private func error(_ status: Int, _ body: String, retryAfter: Int? = nil) -> BinanceError {
        BinanceError(status: status, retryAfter: retryAfter, body: Array(body.utf8))
    }

    @Test("Refusals keep the exchange's code and words")
    func refusals() {
        #expect(
            error(400, #"{"code":-1013,"msg":"Filter failure: LOT_SIZE"}"#)
                == .rejected(BinanceRejection(code: -1013, message: "Filter failure: LOT_SIZE")))
        #expect(
            error(400, #"{"code":-2011,"msg":"Unknown order sent."}"#)
                == .unknownOrder(BinanceRejection(code: -2011, message: "Unknown order sent.")))
        #expect(
            error(400, #"{"code":-2013,"msg":"Order does not exist."}"#)
                == .unknownOrder(BinanceRejection(code: -2013, message: "Order does not exist.")))
        #expect(
            error(400, #"{"code":-2010,"msg":"Duplicate order sent."}"#)
                == .duplicateOrder(BinanceRejection(code: -2010, message: "Duplicate order sent.")))
        #expect(
            error(400, #"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#)
                == .rejected(
                    BinanceRejection(
                        code: -2010, message: "Account has insufficient balance for requested action.")))
        #expect(error(403, "<html>").kind == "rejected")
    }

    @Test("Limits say how long to wait")
    func limits() {
        #expect(error(429, "{}", retryAfter: 7) == .rateLimited(retryAfter: .seconds(7)))
        #expect(error(418, "", retryAfter: 120) == .banned(retryAfter: .seconds(120)))
        #expect(error(418, "", retryAfter: -5) == .banned(retryAfter: .seconds(1)))
        #expect(error(400, #"{"code":-1003,"msg":"Too many requests"}"#).kind == "rate_limited")
    }

    @Test("What may have happened is never called a refusal")
    func doubt() {
        for (status, body) in [
            (500, ""), (502, "<html>"), (504, "{}"),
            (503, #"{"code":-1000,"msg":"Unknown error, please check your request or try again later."}"#),
            (400, #"{"code":-1007,"msg":"Timeout waiting for response from backend server."}"#),
            (400, #"{"code":-1006,"msg":"An unexpected response was received from the message bus."}"#),
        ] {
            #expect(error(status, body).mayHaveHappened, "\(status) \(body)")
        }
        #expect(!error(503, #"{"code":-1003,"msg":"Service Unavailable."}"#).mayHaveHappened)
    }

    @Test(
        "Every recorded error body is a refusal with its code and words",
        .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
    func recordedBodies() throws {
        struct Line: Decodable {
            struct Body: Decodable {
                let code: Int
                let msg: String
            }
            let body: Body
        }
        let folder = try #require(Repository.recordings)
        let text = try String(
            contentsOf: folder.appending(path: "messages/binance/rest/error-bodies.jsonl"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count > 10)
        for line in lines {
            let body = try JSONDecoder().decode(Line.self, from: Data(line.utf8)).body
            let whole = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let raw = try JSONSerialization.data(withJSONObject: try #require(whole?["body"]))
            switch BinanceError(status: 400, retryAfter: nil, body: Array(raw)) {
            case .rejected(let no), .unknownOrder(let no), .duplicateOrder(let no):
                #expect(no == BinanceRejection(code: body.code, message: body.msg))
            case .rateLimited: #expect(body.code == -1003 || body.code == -1015)
            case .inDoubt: #expect(body.code == -1006 || body.code == -1007)
            case .banned, .notSent, .undecodable: Issue.record("\(line)")
            }
        }
    }
}

@Suite("Request weight")
struct RequestWeightTests {
    private let start = Timestamp(seconds: 1_700_000_000)
    private let moment = ContinuousClock.now

    @Test("The last part of the minute's weight is for orders only")
    func reserve() {
        var weight = RequestWeight(limit: 100, reserve: 20)
        #expect(weight.take(80, for: .data, now: start, at: moment) == nil)
        #expect(weight.take(1, for: .data, now: start, at: moment) == .seconds(40))
        #expect(weight.take(20, for: .order, now: start, at: moment) == nil)
        #expect(weight.take(1, for: .order, now: start, at: moment) != nil)
        #expect(weight.take(1, for: .data, now: start + .seconds(40), at: moment) == nil)
    }

    @Test("The exchange's count wins, and a block holds everything")
    func observed() {
        var weight = RequestWeight(limit: 100, reserve: 20)
        weight.observe(used: 99, now: start)
        #expect(weight.used == 99)
        #expect(weight.take(2, for: .order, now: start, at: moment) != nil)
        weight.block(for: .seconds(90), at: moment)
        #expect(weight.take(1, for: .order, now: start + .seconds(89), at: moment + .seconds(89)) == .seconds(1))
        #expect(weight.take(1, for: .order, now: start + .seconds(90), at: moment + .seconds(90)) == nil)
    }

    @Test("A clock that is set back or ahead changes nothing of how long the exchange wants silence")
    func clockSet() {
        var weight = RequestWeight(limit: 100, reserve: 20)
        weight.block(for: .seconds(2), at: moment)
        for hours in [-1, 1] as [Int64] {
            let wall = start + .minutes(60 * hours)
            #expect(weight.take(1, for: .order, now: wall, at: moment + .seconds(1)) == .seconds(1))
        }
        #expect(weight.take(1, for: .order, now: start - .minutes(60), at: moment + .seconds(2)) == nil)
    }
}
