import Domain
import Foundation
import HTTPTypes
import Hummingbird
import RiskManagerCore
import ServiceKit
import Store
import TradingSettings

/// What the routes share: reading parameters, and saying what went wrong in the caller's words.
enum Requests {
    /// A word such as a name or a reason, without blanks at the ends and control characters.
    ///
    /// - Throws: `Problem` 400 when it is empty or too long.
    static func text(_ value: String, _ name: String, limit: Int = 200) throws(Problem) -> String {
        let trimmed = value.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty, trimmed.utf8.count <= limit, !trimmed.unicodeScalars.contains(where: { $0.value < 32 })
        else { throw .badRequest("\(name): must be text of 1 to \(limit) bytes on one line") }
        return trimmed
    }

    /// An amount that the books can hold.
    static func amount(_ value: Money, _ name: String) throws(Problem) -> Money {
        guard value.isPositive, value <= RiskLimits.amountMax else {
            throw .badRequest("\(name): must be more than 0 and at most \(RiskLimits.amountMax)")
        }
        return value
    }

    /// A moment as `2026-12-31` or `2026-12-31T00:00:00Z`, or in nanoseconds.
    static func moment(_ text: String, _ name: String) throws(Problem) -> Timestamp {
        if let nanoseconds = Int64(text) { return Timestamp(nanoseconds: nanoseconds) }
        let full = text.count == 10 ? "\(text)T00:00:00Z" : text
        guard let date = try? Date(full, strategy: .iso8601) else {
            throw .badRequest("\(name): must be a date such as 2026-12-31 or 2026-12-31T00:00:00Z")
        }
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
    }

    /// Runs `body` and turns what it throws into what the caller can use.
    static func answer(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let error as RiskBooks.UnknownAccount {
            throw Problem.notFound("there is no account \(error.account)", code: "unknown_account")
        } catch is RiskBooks.OperationReused {
            throw Problem.conflict("this operation key was used for another command", code: "operation_reused")
        } catch let error as RiskBooks.TransferRefused {
            throw problem(error)
        } catch let error as RiskBooks.GoalRefused {
            throw problem(error)
        } catch let error as StoreError where error.isRetryable {
            throw Problem.unavailable("the database does not answer: nothing is known to be done", code: "no_database")
        } catch let error as StoreError where error.code == .invalidValue {
            throw Problem.badRequest("a value is not one the books can hold")
        }
    }

    private static func problem(_ error: RiskBooks.TransferRefused) -> Problem {
        switch error {
        case .moreThanFreeCash(let free):
            .conflict("only \(free) are free to be withdrawn", code: "insufficient_cash")
        case .otherTransferWithThisOperation:
            .conflict("this operation key was used for another transfer", code: "operation_reused")
        }
    }

    private static func problem(_ error: RiskBooks.GoalRefused) -> Problem {
        switch error {
        case .deadlinePast: .badRequest("deadline: is past", code: "deadline_past")
        case .noRate(let from, let to):
            .badRequest("currency: the settings state no rate from \(from) to \(to), see rates", code: "no_rate")
        case .percentHasNoCurrency: .badRequest("currency: a monthly return is in per cent", code: "no_currency")
        case .targetBelowEquity(let equity):
            .badRequest("target: the equity is \(equity) already", code: "target_below_equity")
        case .unknown(let id): .notFound("there is no goal \(id)", code: "unknown_goal")
        case .notActive(let state): .conflict("the goal is \(state)", code: "goal_not_active")
        case .otherGoalWithThisOperation:
            .conflict("this operation key was used for another goal", code: "operation_reused")
        }
    }
}

/// Any JSON, to hand through what the books hold.
enum JSONValue: Codable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
            // Each kind is tried in turn; what fits none is the error of the last.
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
