/// Why a WebSocket frame is not what the exchange documents. The frame is dropped and counted; the stream goes on.
package enum BinanceFrameError: Error, Equatable, Sendable {
    /// Longer than `BinanceFrame.bytesLimit`.
    case tooLarge(bytes: Int)
    /// Not JSON, from this byte on.
    case malformed(at: Int)
    /// JSON, but no object with fields.
    case tooDeep
    /// A field that is missing, of the wrong kind, or out of range.
    case field(name: String, event: String)

    /// A label for metrics: one of four words.
    package var reason: String {
        switch self {
        case .tooLarge: "too_large"
        case .malformed: "malformed"
        case .tooDeep: "too_deep"
        case .field: "field"
        }
    }
}

extension BinanceFrameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let bytes): "a frame of \(bytes) bytes is too large"
        case .malformed(let position): "not JSON at byte \(position)"
        case .tooDeep: "nested too deeply"
        case .field(let name, let event): "field \(name) of \(event) is missing or not what it should be"
        }
    }
}
