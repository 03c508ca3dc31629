import CLibpq

/// Copies what libpq holds into rows, or makes an error of it.
struct ResultReader {
    private let result: OpaquePointer
    private let isScript: Bool

    init(_ result: OpaquePointer, isScript: Bool) {
        self.result = result
        self.isScript = isScript
    }

    func read() throws(StoreError) -> QueryResult {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: QueryResult(rows: rows(), affected: affected, tag: tag)
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: QueryResult(rows: [], affected: affected, tag: tag)
        default: throw refusal()
        }
    }

    private var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    private var tag: String { String(cString: PQcmdStatus(result)) }

    private func rows() -> [Row] {
        let width = PQnfields(result)
        let columns = ResultColumns((0..<width).map { String(cString: PQfname(result, $0)) })
        return (0..<PQntuples(result)).map { row in
            let values = (0..<width).map { column -> String? in
                guard PQgetisnull(result, row, column) == 0, let bytes = PQgetvalue(result, row, column) else {
                    return nil
                }
                return String(cString: bytes)
            }
            return Row(columns: columns, values: values)
        }
    }

    private func refusal() -> StoreError {
        let state = field("C")
        let message = field("M")
        guard !state.isEmpty else {
            let words = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            return StoreError(.connectionLost, words.split(separator: "\n").joined(separator: "; "))
        }
        if isScript { return StoreError(.statement, message, sqlState: state) }
        return .refusal(
            sqlState: state, message: message, relation: field("t"), constraint: field("n"), column: field("c"))
    }

    /// A field of the server's message by its letter in the protocol.
    private func field(_ letter: Character) -> String {
        guard let code = letter.asciiValue, let text = PQresultErrorField(result, Int32(code)) else { return "" }
        return String(cString: text)
    }
}
