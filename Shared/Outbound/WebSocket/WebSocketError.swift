/// Why a WebSocket connection could not be made, or ended.
package struct WebSocketError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// Not a `ws` or `wss` URL, or a header that is not usable.
        case invalidRequest
        case couldNotConnect
        case tlsFailed
        case timedOut
        /// The server did not upgrade; its HTTP status, 0 when it closed without one.
        case refused(status: Int)
        /// A close frame came, with its code (1005 when it had none).
        case closedByServer(code: UInt16)
        /// The connection ended without a close frame.
        case lost
        /// The server sent what RFC 6455 forbids.
        case protocolViolation
        /// A frame or a message over the limit.
        case messageTooLarge
    }

    package let code: Code
    /// In words, with host and port where there was no connection; no URL, no header.
    package let message: String
}

extension WebSocketError: CustomStringConvertible {
    package var description: String { "\(code): \(message)" }
}
