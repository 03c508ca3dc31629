/// Reads the frames of Binance spot's WebSocket streams: combined (`{"stream":…,"data":{…}}`), raw, and user data
/// (also wrapped as `{"subscriptionId":…,"event":{…}}`).
package enum BinanceFrame {
    /// A longer frame is refused unread.
    package static let bytesLimit = 1 << 20

    /// What `text` says.
    ///
    /// - Throws: `BinanceFrameError`, for any text whatsoever that is not a documented message.
    package static func decode(_ text: String) throws(BinanceFrameError) -> BinanceEvent {
        try decode(Array(text.utf8))
    }

    /// What `bytes`, the payload of a text frame, say.
    ///
    /// - Throws: `BinanceFrameError`, for any bytes whatsoever that are not a documented message.
    package static func decode(_ bytes: [UInt8]) throws(BinanceFrameError) -> BinanceEvent {
        guard bytes.count <= bytesLimit else { throw .tooLarge(bytes: bytes.count) }
        return try envelope(bytes).event()
    }

    private static func envelope(_ bytes: [UInt8]) throws(BinanceFrameError) -> BinanceMessage {
        do throws(JSONFault) {
            return try BinanceMessage(bytes)
        } catch {
            throw BinanceFrameError(error)
        }
    }
}

extension BinanceFrameError {
    init(_ fault: JSONFault) {
        switch fault {
        case .malformed(let position): self = .malformed(at: position)
        case .tooDeep: self = .tooDeep
        }
    }
}
