import Domain
import Foundation
import Store

/// What is looked for in the delivery log. Nil: anything.
struct DeliveryFilter: Sendable {
    /// A page holds at most so many rows.
    static let limitMax = 1000

    var from: Timestamp?
    var to: Timestamp?
    var receiver: String?
    var channel: String?
    var result: Attempt.Result?
    /// In the labels or the subject, whatever the case.
    var text: String?
    var notification: String?
    /// Rows before this one, for the next page.
    var before: Int64?
    var limit = 100
}

/// One row of the delivery log, for people and programs.
struct DeliveryRow: Encodable, Sendable {
    let seq: Int64
    let notification: String
    let attempt: Int
    let receiver: String
    let destination: String
    let channel: String
    let result: String
    let answer: String
    let subject: String
    let labels: String
    /// SHA-256 of what was told.
    let told: String
    let repeated: Bool
    let resendOf: String?
    let begunAt: String
    let at: String
    let hash: String

    /// The columns of the export.
    static let heading =
        "seq,at,begun_at,notification,attempt,receiver,destination,channel,result,answer,subject,labels,told,repeated,"
        + "resend_of,hash\n"

    /// A line of the export, as RFC 4180 has it.
    var line: String {
        let fields = [
            String(seq), at, begunAt, notification, String(attempt), receiver, destination, channel, result, answer,
            subject, labels, told, repeated ? "true" : "false", resendOf ?? "", hash,
        ]
        return fields.map(Self.quoted).joined(separator: ",") + "\n"
    }

    /// What a spreadsheet would take for a formula is text.
    private static func quoted(_ field: String) -> String {
        let isFormula = field.first.map { "=+-@\t\r".contains($0) } == true
        let text = isFormula ? "'" + field : field
        guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension AlertStore {
    /// Rows of the delivery log, newest first.
    func deliveries(_ filter: DeliveryFilter) async throws -> [DeliveryRow] {
        let pattern = filter.text.map { "%" + Self.escaped($0) + "%" }
        let values: [(any Bindable)?] = [
            filter.from.map(WallTime.init), filter.to.map(WallTime.init), filter.receiver, filter.channel,
            filter.result?.rawValue, pattern, filter.notification, filter.before,
            min(max(filter.limit, 1), DeliveryFilter.limitMax),
        ]
        let rows = try await database.query(
            """
            SELECT seq, notification_id, attempt, receiver, destination, channel, result, answer, subject, labels, told,
                repeated, resend_of, begun_at, at, encode(hash, 'hex') AS hash
            FROM delivery_log
            WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2)
                AND ($3::text IS NULL OR receiver = $3) AND ($4::text IS NULL OR channel = $4)
                AND ($5::text IS NULL OR result = $5) AND ($6::text IS NULL OR labels ILIKE $6 OR subject ILIKE $6)
                AND ($7::text IS NULL OR notification_id = $7) AND ($8::bigint IS NULL OR seq < $8)
            ORDER BY seq DESC LIMIT $9
            """, values)
        return try rows.map(Self.delivery)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
    }

    private static func delivery(_ row: Row) throws -> DeliveryRow {
        DeliveryRow(
            seq: try row.int64("seq"), notification: try row.text("notification_id"), attempt: try row.int("attempt"),
            receiver: try row.text("receiver"), destination: try row.text("destination"),
            channel: try row.text("channel"), result: try row.text("result"), answer: try row.text("answer"),
            subject: try row.text("subject"), labels: try row.text("labels"), told: try row.text("told"),
            repeated: try row.bool("repeated"), resendOf: try row.optional("resend_of"),
            begunAt: try row.wallTime("begun_at").description, at: try row.wallTime("at").description,
            hash: try row.text("hash"))
    }
}
