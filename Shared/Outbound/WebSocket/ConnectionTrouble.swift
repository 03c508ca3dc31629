import NIOCore
import NIOPosix

/// A connection that failed, in words for a log.
enum ConnectionTrouble {
    private static let limit = 300

    /// Host, port and every reason beneath `error`, each once; NIO's own words leave some of them out.
    static func words(_ error: any Error, host: String, port: Int) -> String {
        var told: [String] = []
        for reason in reasons(error) where !told.contains(reason) { told.append(reason) }
        let lines = told.joined(separator: "; ").split(whereSeparator: \.isNewline)
        return String("\(host):\(port): \(lines.joined(separator: " "))".prefix(limit))
    }

    private static func reasons(_ error: any Error) -> [String] {
        switch error {
        case let error as NIOConnectionError:
            let lookups = [error.dnsAError, error.dnsAAAAError].compactMap(\.self).map { "the name: \($0)" }
            let attempts = error.connectionErrors.map { "\($0.target.ipAddress ?? "\($0.target)"): \($0.error)" }
            return lookups + attempts
        case ChannelError.connectTimeout(let time): return ["no answer in \(time.nanoseconds / 1_000_000) ms"]
        default: return ["\(type(of: error)): \(error)"]
        }
    }
}
