import AlertingCore
import Domain
import Foundation
import Hummingbird
import ServiceKit
import Store

/// Takes notice of alerts and groups over HTTP, and takes it back. Only by POST: whoever looks at a link acknowledges nothing.
struct AcknowledgementRoutes: Sendable {
    let desk: AlertDesk
    let clock: any WallClock

    func add(to api: ServiceAPI) {
        for (verb, acknowledged) in [("ack", true), ("unack", false)] {
            api.commands.post("/api/alerts/:subject/\(verb)") { request, context in
                try await note(acknowledged, request, context)
            }
        }
        api.router.get("/api/acknowledgements") { _, _ in
            try JSONBody.response(await desk.acknowledged.standing.map(Answer.init))
        }
        api.describe(
            RouteDescription("GET", "/api/acknowledgements", "Which alerts and groups somebody has taken notice of."))
        let example = #"{"by":"owner","comment":"I am looking at it"}"#
        for description in [
            RouteDescription(
                "POST", "/api/alerts/{subject}/ack", "Takes notice of an alert (fingerprint) or a group (its key).",
                requestExample: example, responses: [200: "it is kept", 404: "nothing fires under this name"]),
            RouteDescription(
                "POST", "/api/alerts/{subject}/unack", "Takes that back.", requestExample: example,
                responses: [200: "it is kept", 404: "nothing fires under this name"]),
        ] { api.describe(description) }
    }

    private struct Order: Decodable {
        let by: String
        let comment: String?
        let through: String?
    }

    private struct Answer: Encodable {
        let id: String
        let subject: String
        let acknowledged: Bool
        let by: String
        let through: String
        let comment: String
        let at: String

        init(_ acknowledgement: Acknowledgement) {
            id = acknowledgement.id
            subject = acknowledgement.subject
            acknowledged = acknowledgement.acknowledged
            by = acknowledgement.by
            through = acknowledgement.through
            comment = acknowledgement.comment
            at = acknowledgement.at.description
        }
    }

    private func note(
        _ acknowledged: Bool, _ request: Request, _ context: ServiceRequestContext
    ) async throws -> Response {
        let given = try context.parameters.require("subject")
        let subject = given.removingPercentEncoding ?? given
        let order = try await JSONBody.decode(Order.self, from: request, context: context)
        guard (order.comment ?? "").count <= 2000 else { throw Problem.badRequest("the comment is too long") }
        let now = clock.now()
        let acknowledgement = Acknowledgement(
            id: UUID().uuidString.lowercased(), kind: try await kind(of: subject, at: now), subject: subject,
            acknowledged: acknowledged, by: try NotificationRoutes.name(order.by, "by"),
            through: try NotificationRoutes.name(order.through ?? "api", "through"), comment: order.comment ?? "",
            at: now)
        do { try await desk.acknowledge(acknowledgement) } catch is StoreError {
            throw Problem.unavailable("it cannot be kept")
        } catch is Spool.Failure {
            throw Problem.unavailable("it cannot be kept")
        }
        return try JSONBody.response(Answer(acknowledgement))
    }

    private func kind(of subject: String, at now: Timestamp) async throws -> Acknowledgement.Kind {
        let book = await desk.book()
        if let fingerprint = Fingerprint(subject), book.alert(fingerprint) != nil { return .alert }
        guard book.hasGroup(subject) else { throw Problem.notFound("no alert or group has this name") }
        return .group
    }
}
