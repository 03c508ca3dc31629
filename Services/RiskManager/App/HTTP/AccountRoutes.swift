import Domain
import Foundation
import HTTPTypes
import Hummingbird
import ServiceKit

/// `/api/accounts`: what the accounts hold, and money that moves in and out.
struct AccountRoutes: Sendable {
    let books: RiskBooks

    private struct Body: Decodable {
        let amount: Money
        let by: String
        let note: String?
        let operation: String?
    }

    /// A booked transfer.
    struct Booked: Codable, Sendable {
        let id: String
        let account: String
        let kind: String
        let amount: Money
    }

    func add(to api: ServiceAPI) {
        api.router.get("/api/accounts") { _, _ in
            try await Requests.answer { try JSONBody.response(try await books.accounts()) }
        }
        for kind in RiskBooks.Transfer.Kind.allCases {
            api.commands.post("/api/accounts/:account/\(kind.rawValue)s") { request, context in
                try await Requests.answer { try await transfer(kind, request, context) }
            }
            api.describe(
                RouteDescription(
                    "POST", "/api/accounts/{account}/\(kind.rawValue)s",
                    "Books a \(kind.rawValue). It counts as neither profit nor loss. With the same operation key it is booked once.",
                    requestExample: #"{"amount":"500","by":"me","note":"savings","operation":"2026-11-savings"}"#,
                    responses: [201: "booked", 404: "no such account", 409: "refused"]))
        }
        api.describe(
            RouteDescription("GET", "/api/accounts", "Every account with its money, its state and its open positions."))
    }

    private func transfer(
        _ kind: RiskBooks.Transfer.Kind, _ request: Request, _ context: ServiceRequestContext
    ) async throws -> Response {
        let account = try context.parameters.require("account")
        guard RiskSettings.isName(account) else { throw RiskBooks.UnknownAccount(account: "of that name") }
        let body = try await JSONBody.decode(Body.self, from: request, context: context)
        let by = try Requests.text(body.by, "by", limit: 100)
        let note = try body.note.map { try Requests.text($0, "note") } ?? kind.rawValue
        let operation = try body.operation.map { try Requests.text($0, "operation", limit: 100) } ?? UUID().uuidString
        let transfer = RiskBooks.Transfer(
            id: DerivedID.make("trf", operation, account), account: account, kind: kind,
            amount: try Requests.amount(body.amount, "amount"), note: "\(note), by \(by)")
        try await books.transfer(transfer)
        return try JSONBody.response(
            Booked(id: transfer.id, account: account, kind: kind.rawValue, amount: transfer.amount), status: .created)
    }
}
