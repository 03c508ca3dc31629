import Domain
import Foundation
import HTTPTypes
import Hummingbird
import RiskManagerCore
import ServiceKit

/// `/api/goals`: what the owner trades towards.
struct GoalRoutes: Sendable {
    let books: RiskBooks

    /// A goal as it is shown.
    struct Shown: Codable, Sendable {
        let id: String
        let owner: String
        let account: String
        let kind: Goal.Kind
        /// In the account's currency, or per cent.
        let target: Money
        /// The currency it was stated in where that is another one, the target in it, and the rate it was converted at.
        let currency: String?
        let statedTarget: Money
        let rate: Ratio
        let startEquity: Money
        let start: String
        let deadline: String
        let state: String
        /// As last recorded; nil before the first record.
        let progress: Ratio?
        let equity: Money?
    }

    /// All goals.
    struct List: Codable, Sendable {
        let goals: [Shown]
    }

    private struct Creation: Decodable {
        let owner: String
        let account: String
        let kind: Goal.Kind
        let target: Money
        let currency: String?
        let deadline: String?
        let operation: String?
    }

    private struct Adjustment: Decodable {
        let by: String
        let target: Money?
        let deadline: String?
        let reason: String?
    }

    private struct Withdrawal: Decodable {
        let by: String
        let reason: String
    }

    func add(to api: ServiceAPI) {
        let router = api.router
        router.get("/api/goals") { request, _ in try await Requests.answer { try await list(request) } }
        let commands = api.commands
        commands.post("/api/goals") { request, context in
            try await Requests.answer { try await create(request, context) }
        }
        commands.patch("/api/goals/:goal") { request, context in
            try await Requests.answer { try await adjust(request, context) }
        }
        commands.post("/api/goals/:goal/withdraw") { request, context in
            try await Requests.answer { try await withdraw(request, context) }
        }
        router.get("/api/goals/:goal/history") { _, context in
            try await Requests.answer {
                let id = try context.parameters.require("goal")
                return try JSONBody.response(try await books.history(ofGoal: id))
            }
        }
        describe(api)
    }

    private func describe(_ api: ServiceAPI) {
        api.describe(RouteDescription("GET", "/api/goals", "All goals, or those of `?account=`."))
        api.describe(
            RouteDescription(
                "POST", "/api/goals",
                """
                States a goal that begins now: `monthly_return` (per cent), `monthly_income` or `portfolio_value`. Without a \
                deadline it ends with the calendar month. A target in another currency than the account's is converted at the \
                rate of the settings, which is recorded.
                """,
                requestExample: """
                    {"owner":"me","account":"main","kind":"portfolio_value","target":"12000","deadline":"2027-01-01"}
                    """,
                responses: [201: "the goal", 400: "not a goal that can be kept", 404: "no such account"]))
        api.describe(
            RouteDescription(
                "PATCH", "/api/goals/{goal}", "Changes the target or the deadline; each change is in the goal's log.",
                requestExample: #"{"by":"me","target":"13000"}"#,
                responses: [200: "the goal", 404: "no such goal", 409: "it is not active"]))
        api.describe(
            RouteDescription(
                "POST", "/api/goals/{goal}/withdraw", "Gives a goal up.",
                requestExample: #"{"by":"me","reason":"another plan"}"#,
                responses: [200: "the goal", 404: "no such goal", 409: "it is not active"]))
        api.describe(
            RouteDescription("GET", "/api/goals/{goal}/history", "Recorded progress and changes, newest first."))
    }

    private func list(_ request: Request) async throws -> Response {
        let account = request.uri.queryParameters.get("account")
        return try JSONBody.response(List(goals: try await show(try await books.goals(account: account))))
    }

    private func create(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let body = try await JSONBody.decode(Creation.self, from: request, context: context)
        let target = try Requests.amount(body.target, "target")
        if body.kind == .monthlyReturn, target > Money(raw: 1_000 * 100_000_000) {
            throw Problem.badRequest("target: a monthly return is in per cent, at most 1000")
        }
        guard RiskSettings.isName(body.account) else { throw RiskBooks.UnknownAccount(account: "of that name") }
        let operation = try body.operation.map { try Requests.text($0, "operation", limit: 100) } ?? UUID().uuidString
        let goal = try await books.create(
            RiskBooks.GoalDraft(
                id: DerivedID.make("goal", operation, body.account), owner: try Requests.text(body.owner, "owner"),
                account: body.account, kind: body.kind, target: target,
                currency: try body.currency.map { try Requests.text($0, "currency", limit: 10) },
                deadline: try body.deadline.map { try Requests.moment($0, "deadline") }))
        return try JSONBody.response(try await show([goal]).first, status: .created)
    }

    private func adjust(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let body = try await JSONBody.decode(Adjustment.self, from: request, context: context)
        let goal = try await books.adjust(
            try context.parameters.require("goal"), target: try body.target.map { try Requests.amount($0, "target") },
            deadline: try body.deadline.map { try Requests.moment($0, "deadline") },
            by: try Requests.text(body.by, "by"),
            reason: try body.reason.map { try Requests.text($0, "reason", limit: 500) })
        return try JSONBody.response(try await show([goal]).first)
    }

    private func withdraw(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let body = try await JSONBody.decode(Withdrawal.self, from: request, context: context)
        let goal = try await books.withdraw(
            try context.parameters.require("goal"), by: try Requests.text(body.by, "by"),
            reason: try Requests.text(body.reason, "reason", limit: 500))
        return try JSONBody.response(try await show([goal]).first)
    }

    private func show(_ goals: [BookedGoal]) async throws -> [Shown] {
        let progress = try await books.progress(of: goals.map(\.goal.id))
        return goals.map { booked in
            let goal = booked.goal
            let newest = progress[goal.id]
            return Shown(
                id: goal.id, owner: booked.owner, account: goal.account, kind: goal.kind, target: goal.target,
                currency: booked.currency.isEmpty ? nil : booked.currency, statedTarget: booked.statedTarget,
                rate: booked.rate,
                startEquity: goal.startEquity, start: goal.start.description, deadline: goal.deadline.description,
                state: booked.state, progress: newest?.progress, equity: newest?.equity)
        }
    }
}
