import Foundation
import HTTPTypes
import Hummingbird
import ServiceKit

/// `/api/decisions`: why it did, or did not, trade.
struct DecisionRoutes: Sendable {
    let books: RiskBooks

    func add(to api: ServiceAPI) {
        api.router.get("/api/decisions") { request, _ in
            try await Requests.answer { try await list(request) }
        }
        api.describe(
            RouteDescription(
                "GET", "/api/decisions",
                """
                Decisions with their inputs and reason, newest first: of `?signal=`, of the order in `?order=`, of \
                `?account=`, at most `?limit=` (1 to 500, default 50).
                """,
                responses: [200: "the decisions", 400: "not a limit"]))
    }

    private func list(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        var limit = 50
        if let text = query.get("limit") {
            guard let number = Int(text), (1...500).contains(number) else {
                throw Problem.badRequest("limit: must be a whole number from 1 to 500")
            }
            limit = number
        }
        return try JSONBody.response(
            try await books.decisions(
                signal: query.get("signal"), order: query.get("order"), account: query.get("account"), limit: limit))
    }
}
