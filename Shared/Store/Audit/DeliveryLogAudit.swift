import Crypto
import Foundation

/// Checks that no row of the delivery log was changed, put in or taken out since it was written.
///
/// Each row holds the SHA-256 of the row before's hash and its own content; the hashes are computed here, not by the server.
package struct DeliveryLogAudit: Sendable {
    /// What a check found.
    package struct Report: Sendable {
        /// Rows that were looked at.
        package var rows = 0
        /// The first and the last of them; nil when there are none.
        package var first: Int64?
        package var last: Int64?
        /// The last row that was removed for its age, after which the log begins; nil when none was.
        package var anchor: Int64?
        /// What does not fit; empty when the log is whole.
        package var findings: [String] = []
        /// How far the log is whole, for a later check to go on from; nil when it is not.
        package var mark: Mark?
    }

    /// A row up to which the log was found whole.
    package struct Mark: Sendable, Equatable {
        fileprivate let seq: Int64
        fileprivate let hash: String
    }

    private static let page = 2000
    private static let findingsMax = 100
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Goes through the log.
    ///
    /// - Parameter mark: of an earlier check: the rows before it are taken for whole, if it is still there; nil: all is
    ///   looked at.
    /// - Throws: `StoreError`.
    package func run(from mark: Mark? = nil) async throws -> Report {
        var report = Report()
        let end = try await one("SELECT seq, encode(hash, 'hex') AS hash FROM delivery_chain")
        guard let end else {
            report.findings.append("the end of the chain is missing")
            return report
        }
        let anchor = try await one(
            "SELECT seq, encode(hash, 'hex') AS hash FROM delivery_anchors ORDER BY seq DESC LIMIT 1")
        report.anchor = anchor?.seq
        var link = anchor ?? Mark(seq: 0, hash: "")
        if let mark, mark.seq > link.seq {
            let row = try await one(
                "SELECT seq, encode(hash, 'hex') AS hash FROM delivery_log WHERE seq = $1", [mark.seq])
            if row == mark { link = mark }
        }
        while report.findings.count < Self.findingsMax {
            let rows = try await database.query(
                """
                SELECT seq, encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash,
                    encode(delivery_content(l), 'hex') AS content
                FROM delivery_log l WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3
                """, [link.seq, end.seq, Self.page])
            for row in rows { link = try check(row, after: link, &report) }
            if rows.count < Self.page { break }
        }
        if report.findings.isEmpty, link == end { report.mark = link }
        if link != end { report.findings.append("the log ends at row \(link.seq), and its last row was \(end.seq)") }
        return report
    }

    private func one(_ sql: SQL, _ values: [(any Bindable)?] = []) async throws -> Mark? {
        try await database.query(sql, values).first.map { Mark(seq: try $0.int64("seq"), hash: try $0.text("hash")) }
    }

    private func check(_ row: Row, after link: Mark, _ report: inout Report) throws -> Mark {
        let found = Mark(seq: try row.int64("seq"), hash: try row.text("hash"))
        report.rows += 1
        report.first = report.first ?? found.seq
        report.last = found.seq
        if found.seq != link.seq + 1 { report.findings.append("rows \(link.seq + 1) to \(found.seq - 1) are missing") }
        if try row.text("previous") != link.hash {
            report.findings.append("row \(found.seq) does not follow row \(link.seq)")
        }
        let bytes = try Self.bytes(row.text("previous")) + Self.bytes(row.text("content"))
        let computed = SHA256.hash(data: bytes).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        if computed != found.hash { report.findings.append("row \(found.seq) was changed") }
        return found
    }

    private static func bytes(_ hexadecimal: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var digits = hexadecimal.utf8.makeIterator()
        while let high = digits.next(), let low = digits.next() {
            guard let high = Character(UnicodeScalar(high)).hexDigitValue,
                let low = Character(UnicodeScalar(low)).hexDigitValue
            else { throw StoreError(.unexpectedResult, "a hash is not hexadecimal") }
            bytes.append(UInt8(high * 16 + low))
        }
        return bytes
    }
}
