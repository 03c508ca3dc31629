import Domain
import Foundation
import Hummingbird
import ServiceKit
import Store

/// `/api/fills-set-aside`: the fills that could not be booked, and what is to become of them.
struct AsideRoutes: Sendable {
    /// Those that are being run, by id.
    let accounts: @Sendable () -> [String: AccountDesk]

    /// What becomes of a fill, by whom and why.
    private struct Body: Decodable {
        let by: String
        let reason: String
    }

    private struct Answer: Encodable {
        let fills: [AccountBooks.Aside]
    }

    private struct Done: Encodable {
        let account: String
        let symbol: String
        let trade: String
        let outcome: String
    }

    private static let path = "/api/fills-set-aside"

    func add(to api: ServiceAPI) {
        api.router.get("/api/fills-set-aside") { _, _ in
            try await answered {
                var fills: [AccountBooks.Aside] = []
                for account in accounts().sorted(by: { $0.key < $1.key }) {
                    fills += try await account.value.books.allAside()
                }
                return try JSONBody.response(Answer(fills: fills))
            }
        }
        api.commands.post("/api/fills-set-aside/:account/:symbol/:trade/:action") { request, context in
            try await answered { try await act(request, context) }
        }
        api.describe(
            RouteDescription(
                "GET", Self.path, "The fills that could not be booked, with the reason, oldest first.",
                responses: [200: "the fills"]))
        api.describe(
            RouteDescription(
                "POST", "\(Self.path)/{account}/{symbol}/{trade}/{action}",
                """
                retry: books the fill now, if that is possible by now. dismiss: the difference was put right by hand and the \
                fill is never booked. While one is set aside its account takes no new risk.
                """,
                requestExample: #"{"by":"owner","reason":"sold by hand at the exchange"}"#,
                responses: [200: "done", 202: "it is being tried", 404: "no such account, market, fill or action"]))
    }

    private func act(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        guard let account = accounts()[try context.parameters.require("account")],
            let symbol = Symbol(try context.parameters.require("symbol"))
        else { throw Problem.notFound("no such account or market", code: "unknown_account") }
        // A venue's number of a trade may be any text.
        guard let trade = try context.parameters.require("trade").removingPercentEncoding else {
            throw Problem.badRequest("trade: is not percent-encoded UTF-8")
        }
        let body = try await JSONBody.decode(Body.self, from: request, context: context)
        let by = try Self.text(body.by, "by", limit: 100)
        let reason = try Self.text(body.reason, "reason", limit: 500)
        switch try context.parameters.require("action") {
        case "retry":
            guard try await account.books.allAside().contains(where: { $0.symbol == symbol.name && $0.trade == trade })
            else { throw Problem.notFound("no such fill is set aside", code: "unknown_fill") }
            await account.retryAside(symbol)
            return try JSONBody.response(
                Done(account: account.account, symbol: symbol.name, trade: trade, outcome: "trying"), status: .accepted)
        case "dismiss":
            guard try await account.books.dismiss(trade, symbol, by: by, because: reason) else {
                throw Problem.notFound("no such fill is set aside", code: "unknown_fill")
            }
            return try JSONBody.response(
                Done(account: account.account, symbol: symbol.name, trade: trade, outcome: "dismissed"))
        default: throw Problem.notFound("the actions are retry and dismiss", code: "unknown_action")
        }
    }

    private static func text(_ value: String, _ name: String, limit: Int) throws(Problem) -> String {
        guard !value.isEmpty, value.utf8.count <= limit, !value.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw .badRequest("\(name): must be text of 1 to \(limit) bytes on one line")
        }
        return value
    }

    private func answered(_ body: () async throws -> Response) async throws -> Response {
        do { return try await body() } catch let error as StoreError {
            if error.isConnectionTrouble || error.code == .leaseLost {
                throw Problem.unavailable("the books are not ours to read or change now", code: "no_database")
            }
            throw error
        }
    }
}
