import NIOCore
import NIOWebSocket

/// One WebSocket connection of a client. Used on its event loop only.
final class SocketSession {
    let id: Int
    let channel: any Channel
    /// Frames are wrapped as `{"stream":…,"data":…}`.
    let isCombined: Bool
    /// Whose user data it gets; nil for market data.
    let account: Int?
    var streams: Set<String>
    private(set) var lastSign = NIODeadline.now()
    /// Text frames on their way, encoded one behind the other. A frame at a time through the pipeline would cost more
    /// than all else together.
    private var waiting = ByteBuffer()
    /// The place in the pipeline behind which bytes go out as they are.
    private let encoder: ChannelHandlerContext

    /// - Throws: when the channel is no WebSocket.
    init(id: Int, channel: any Channel, isCombined: Bool, account: Int?, streams: Set<String>) throws {
        self.id = id
        self.channel = channel
        self.encoder = try channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
        self.isCombined = isCombined
        self.account = account
        self.streams = streams
    }

    /// Something came from the client.
    func noteSign() { lastSign = .now() }

    /// Queues a text frame.
    func send(_ text: String) {
        let count = text.utf8.count
        waiting.writeInteger(Self.finalText)
        if count < 126 {
            waiting.writeInteger(UInt8(count))
        } else if let short = UInt16(exactly: count) {
            waiting.writeInteger(UInt8(126))
            waiting.writeInteger(short)
        } else {
            waiting.writeInteger(UInt8(127))
            waiting.writeInteger(UInt64(count))
        }
        waiting.writeString(text)
    }

    /// The first byte of a text frame that is a whole message.
    private static let finalText: UInt8 = 0x81

    /// Sends what is queued.
    func flush() {
        guard waiting.readableBytes > 0 else { return }
        encoder.writeAndFlush(NIOAny(waiting), promise: nil)
        waiting = ByteBuffer()
    }

    func ping() {
        write(.ping, ByteBuffer(string: "sim"))
        channel.flush()
    }

    func pong(_ data: ByteBuffer) {
        write(.pong, data)
        channel.flush()
    }

    /// Says goodbye and closes.
    func close(_ code: WebSocketErrorCode = .goingAway) {
        flush()
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        let channel = channel
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        flush()
        channel.write(WebSocketFrame(fin: true, opcode: opcode, data: data), promise: nil)
    }
}
