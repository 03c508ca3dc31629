import Domain
import Foundation
import HTTPTypes
import Hummingbird
import RiskManagerCore
import ServiceKit

/// `/api/control`: pause, resume and stop, for one account or all.
struct ControlRoutes: Sendable {
    let books: RiskBooks
    /// In the settings' order; commands to all are carried out in the order of their ids.
    let accounts: [String]
    /// How long a stop waits for entries on their way.
    var settleLimit: Duration = .seconds(10)

    /// What is commanded, by whom and why.
    struct Body: Decodable {
        let by: String
        let reason: String
        let flatten: Bool?
        let acceptLoss: Bool?
        let operation: String?
    }

    /// How an account is after a command.
    struct Answer: Codable, Sendable {
        let account: String
        let state: TradingState
        let flatten: Bool
        /// The id of the command: in the audit, and the correlation of all that follows.
        let command: String
        /// No entry is on its way any more.
        let settled: Bool
        let entriesInFlight: [String]
        /// Limits on losses that refuse entries whatever the state is, in words.
        let breaches: [String]
    }

    /// The accounts after a command.
    struct Answers: Codable, Sendable {
        let accounts: [Answer]
    }

    func add(to api: ServiceAPI) {
        api.router.get("/api/control") { _, _ in
            try await Requests.answer { try JSONBody.response(try await books.controls()) }
        }
        api.commands.post("/api/control/:account/:action") { request, context in
            try await Requests.answer { try await command(request, context) }
        }
        api.describe(
            RouteDescription(
                "GET", "/api/control", "The trading state of every account and its last commands.",
                responses: [200: "the accounts"]))
        api.describe(
            RouteDescription(
                "POST", "/api/control/{account}/{action}",
                """
                Pauses (no new risk, exits go on), resumes or stops (entries are cancelled and refused; with flatten every \
                position is closed) an account, or all of them under the name all. A stop answers when no entry is on its \
                way any more, after 10 s at most. A resume with acceptLoss ends breached limits on losses and measures from now on.
                """,
                requestExample: #"{"by":"owner","reason":"going on holiday","flatten":true,"operation":"stop-1"}"#,
                responses: [
                    200: "done", 202: "done, and entries are still on their way",
                    403: "under a name that is not this service's, or from a page of another origin",
                    404: "no such account or action",
                    409: "the operation key was used for another command",
                    415: "not application/json",
                ]))
    }

    private func command(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let name = try context.parameters.require("account")
        guard let action = ControlAction(rawValue: try context.parameters.require("action")) else {
            throw Problem.notFound("the actions are pause, resume and stop", code: "unknown_action")
        }
        guard name == "all" || RiskSettings.isName(name) else {
            throw RiskBooks.UnknownAccount(account: "of that name")
        }
        let body = try await JSONBody.decode(Body.self, from: request, context: context)
        let by = try Requests.text(body.by, "by", limit: 100)
        let reason = try Requests.text(body.reason, "reason", limit: 500)
        if body.flatten == true, action != .stop {
            throw Problem.badRequest("flatten: belongs to stop only")
        }
        let operation = try body.operation.map { try Requests.text($0, "operation", limit: 100) } ?? UUID().uuidString
        let commands = (name == "all" ? accounts.sorted() : [name]).map { account in
            ControlCommand(
                id: DerivedID.make("ctl", operation, account), account: account, action: action,
                flatten: body.flatten ?? false, acceptLoss: body.acceptLoss ?? false, by: by, reason: reason)
        }
        for command in commands { try await books.command(command) }
        let answers = try await settle(commands)
        let settled = answers.allSatisfy(\.settled)
        return try JSONBody.response(Answers(accounts: answers), status: settled ? .ok : .accepted)
    }

    /// Waits, after a stop, until no entry is on its way.
    private func settle(_ commands: [ControlCommand]) async throws -> [Answer] {
        let deadline = ContinuousClock.now + settleLimit
        var answers: [Answer] = []
        for command in commands {
            var inFlight = command.action == .stop ? try await books.entriesInFlight(command.account) : []
            while !inFlight.isEmpty, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
                inFlight = try await books.entriesInFlight(command.account)
            }
            answers.append(
                Answer(
                    account: command.account, state: command.action.state, flatten: command.flatten,
                    command: command.id, settled: inFlight.isEmpty, entriesInFlight: inFlight,
                    breaches: try await books.breaches(command.account)))
        }
        return answers
    }
}
