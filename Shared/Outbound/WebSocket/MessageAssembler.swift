import NIOCore
import NIOWebSocket

/// A whole message of a WebSocket.
package enum WebSocketMessage: Sendable, Equatable {
    case text(String)
    case binary([UInt8])
}

/// Joins fragments and holds the peer to RFC 6455. No IO.
struct MessageAssembler {
    enum Action: Equatable {
        case wait
        case deliver(WebSocketMessage)
        case answerPing(ByteBuffer)
        /// The peer closes, with this code.
        case close(UInt16)
        /// The connection must be failed with this close code.
        case fail(UInt16, WebSocketError)
    }

    private enum State {
        case idle
        case collecting(isText: Bool, ByteBuffer)
    }

    private let limit: Int
    private var state = State.idle

    /// - Parameter limit: most bytes of a message.
    init(limit: Int) { self.limit = limit }

    mutating func receive(_ frame: WebSocketFrame) -> Action {
        guard frame.maskKey == nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return violation("masked frame or reserved bits")
        }
        switch frame.opcode {
        case .ping: return .answerPing(frame.data)
        case .pong: return .wait
        case .connectionClose: return close(frame.data)
        case .text: return begin(isText: true, frame)
        case .binary: return begin(isText: false, frame)
        case .continuation: return `continue`(frame)
        default: return violation("unknown kind of frame")
        }
    }

    private mutating func begin(isText: Bool, _ frame: WebSocketFrame) -> Action {
        guard case .idle = state else { return violation("a message inside another") }
        guard frame.data.readableBytes <= limit else { return tooLarge() }
        if frame.fin { return finish(isText: isText, frame.data) }
        state = .collecting(isText: isText, frame.data)
        return .wait
    }

    private mutating func `continue`(_ frame: WebSocketFrame) -> Action {
        guard case .collecting(let isText, var collected) = state else { return violation("a continuation of nothing") }
        state = .idle
        guard collected.readableBytes + frame.data.readableBytes <= limit else { return tooLarge() }
        var rest = frame.data
        collected.writeBuffer(&rest)
        if frame.fin { return finish(isText: isText, collected) }
        state = .collecting(isText: isText, collected)
        return .wait
    }

    private func finish(isText: Bool, _ data: ByteBuffer) -> Action {
        guard isText else { return .deliver(.binary(Array(data.readableBytesView))) }
        guard let text = String(validating: data.readableBytesView, as: UTF8.self) else {
            let error = WebSocketError(code: .protocolViolation, message: "text that is not UTF-8")
            return .fail(1007, error)
        }
        return .deliver(.text(text))
    }

    private func close(_ data: ByteBuffer) -> Action {
        if data.readableBytes == 0 { return .close(1005) }
        guard let code = data.getInteger(at: data.readerIndex, as: UInt16.self) else {
            return violation("a close frame of one byte")
        }
        return .close(code)
    }

    private func violation(_ what: String) -> Action {
        .fail(1002, WebSocketError(code: .protocolViolation, message: what))
    }

    private func tooLarge() -> Action {
        .fail(1009, WebSocketError(code: .messageTooLarge, message: "more than \(limit) bytes"))
    }
}
