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
    private var isDirty = false

    init(id: Int, channel: any Channel, isCombined: Bool, account: Int?, streams: Set<String>) {
        self.id = id
        self.channel = channel
        self.isCombined = isCombined
        self.account = account
        self.streams = streams
    }

    /// Something came from the client.
    func noteSign() { lastSign = .now() }

    /// Queues a text frame.
    func send(_ text: String) {
        isDirty = true
        write(.text, ByteBuffer(string: text))
    }

    /// Sends what is queued.
    func flush() {
        guard isDirty else { return }
        isDirty = false
        channel.flush()
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
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        let channel = channel
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        channel.write(WebSocketFrame(fin: true, opcode: opcode, data: data), promise: nil)
    }
}
