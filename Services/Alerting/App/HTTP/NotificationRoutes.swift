import AlertingCore
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceKit
import Store

/// The delivery log over HTTP: searched, exported, verified; any notification can be sent again.
struct NotificationRoutes: Sendable {
    /// Most rows of an export; a longer one is asked for by time.
    private static let exportMax = 100_000

    let store: AlertStore
    let desk: AlertDesk

    func add(to api: ServiceAPI) {
        api.router.get("/api/notifications") { request, _ in try await search(request) }
        api.router.get("/api/notifications.csv") { request, _ in try await export(request) }
        api.router.get("/api/notifications/verify") { _, _ in try await verify() }
        api.commands.post("/api/notifications/:id/resend") { request, context in try await resend(request, context) }
        api.commands.post("/api/receivers/:name/test") { request, context in try await test(request, context) }
        let filters =
            "Filters: from, to (RFC 3339), receiver, channel, result, text (of labels and subject), notification."
        for description in [
            RouteDescription(
                "GET", "/api/notifications", "The delivery log, newest first. \(filters) Pages: limit, before.",
                responses: [200: "rows, and `next`: the `before` of the next page"]),
            RouteDescription("GET", "/api/notifications.csv", "The same as a table, up to 100,000 rows. \(filters)"),
            RouteDescription(
                "GET", "/api/notifications/verify", "Whether the delivery log is as it was written.",
                responses: [200: "it is", 409: "it is not, and what does not fit"]),
            RouteDescription(
                "POST", "/api/notifications/{id}/resend", "Sends a notification again, marked as such.",
                requestExample: #"{"by":"owner","through":"api"}"#, responses: [202: "it is in line", 404: "unknown"]),
            RouteDescription(
                "POST", "/api/receivers/{name}/test",
                "Sends a test, marked as such, through every channel of a receiver; the delivery log says what became of it.",
                requestExample: #"{"by":"owner"}"#,
                responses: [202: "the tests are in line, each with its notification's id", 404: "no such receiver"]),
        ] { api.describe(description) }
    }

    // MARK: - Looking

    private struct Page: Encodable {
        let attempts: [DeliveryRow]
        let next: Int64?
    }

    private func search(_ request: Request) async throws -> Response {
        let filter = try Self.filter(request)
        let rows = try await kept { try await store.deliveries(filter) }
        return try JSONBody.response(
            Page(attempts: rows, next: rows.count == filter.limit ? rows.last?.seq : nil))
    }

    private func export(_ request: Request) async throws -> Response {
        var filter = try Self.filter(request)
        filter.limit = DeliveryFilter.limitMax
        // The first page is asked for before the answer begins, so that trouble has a status.
        let first = try await kept { try await store.deliveries(filter) }
        let headers: HTTPFields = [
            .contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"notifications.csv\"",
        ]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { [filter] writer in
                try await writer.write(ByteBuffer(string: DeliveryRow.heading))
                var (rows, filter, count) = (first, filter, 0)
                while !rows.isEmpty, count < Self.exportMax {
                    try await writer.write(ByteBuffer(string: rows.map(\.line).joined()))
                    count += rows.count
                    filter.before = rows.last?.seq
                    rows = rows.count < filter.limit ? [] : try await store.deliveries(filter)
                }
                try await writer.finish(nil)
            })
    }

    private struct Verdict: Encodable {
        let whole: Bool
        let rows: Int
        let first: Int64?
        let last: Int64?
        let anchor: Int64?
        let findings: [String]
    }

    private func verify() async throws -> Response {
        let report = try await kept { try await DeliveryLogAudit(database: store.database).run() }
        let verdict = Verdict(
            whole: report.findings.isEmpty, rows: report.rows, first: report.first, last: report.last,
            anchor: report.anchor, findings: report.findings)
        return try JSONBody.response(verdict, status: verdict.whole ? .ok : .conflict)
    }

    private static func filter(_ request: Request) throws -> DeliveryFilter {
        let query = request.uri.queryParameters
        func text(_ name: String) -> String? { query.get(name).flatMap { $0.isEmpty ? nil : $0 } }
        func time(_ name: String) throws -> Timestamp? {
            guard let given = text(name) else { return nil }
            guard let time = PostedTime(given)?.timestamp else { throw Problem.badRequest("\(name) is not a time") }
            return time
        }
        var filter = DeliveryFilter(
            from: try time("from"), to: try time("to"), receiver: text("receiver"), channel: text("channel"),
            text: text("text"), notification: text("notification"))
        if let result = text("result") {
            guard let known = Attempt.Result(rawValue: result) else {
                let all = Attempt.Result.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("result is one of \(all)")
            }
            filter.result = known
        }
        if let limit = text("limit") {
            guard let count = Int(limit), (1...DeliveryFilter.limitMax).contains(count) else {
                throw Problem.badRequest("limit is 1 to \(DeliveryFilter.limitMax)")
            }
            filter.limit = count
        }
        if let before = text("before") {
            guard let seq = Int64(before) else { throw Problem.badRequest("before is a number") }
            filter.before = seq
        }
        return filter
    }

    // MARK: - Sending again

    private struct Order: Decodable {
        let by: String
        let through: String?
    }

    private struct Resent: Encodable { let id: String }

    private func resend(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let id = try context.parameters.require("id")
        let order = try await JSONBody.decode(Order.self, from: request, context: context)
        let by = try Self.name(order.by, "by")
        let queued = try await kept { try await store.notice(id) }
        guard let queued else { throw Problem.notFound("no notification has this id") }
        let made = try await kept {
            try await desk.resend(queued, by: by, through: Self.name(order.through ?? "api", "through"))
        }
        return try JSONBody.response(Resent(id: made), status: .accepted)
    }

    private struct Tests: Encodable { let sent: [SentTest] }

    private func test(_ request: Request, _ context: ServiceRequestContext) async throws -> Response {
        let given = try context.parameters.require("name")
        let order = try await JSONBody.decode(Order.self, from: request, context: context)
        let by = try Self.name(order.by, "by")
        let way = try Self.name(order.through ?? "api", "through")
        do {
            let sent = try await kept {
                try await desk.sendTest(receiver: given.removingPercentEncoding ?? given, by: by, through: way)
            }
            return try JSONBody.response(Tests(sent: sent), status: .accepted)
        } catch let error as AlertDesk.UnknownReceiver {
            throw Problem.notFound("\(error)")
        }
    }

    /// Who does something, or by what way: a short text.
    static func name(_ text: String, _ field: String) throws -> String {
        guard (1...200).contains(text.count) else { throw Problem.badRequest("\(field) is 1 to 200 characters") }
        return text
    }

    private func kept<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        do { return try await body() } catch is StoreError {
            throw Problem.unavailable("the books cannot be reached")
        }
    }
}
