import NIOCore
import NIOWebSocket

/// What is written to a WebSocket.
enum WebSocketCommand: Sendable {
    case text(String)
    case close(UInt16)
}

/// Turns frames into messages on the event loop: answers pings, joins fragments, masks, notices silence.
///
/// What one read of the socket brought is handed on together: between threads, a busy stream costs by the hand-over.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = [WebSocketMessage]
    typealias OutboundIn = WebSocketCommand
    typealias OutboundOut = WebSocketFrame

    private enum State {
        case open, closing, ended
    }

    private var assembler: MessageAssembler
    private var arrived: [WebSocketMessage] = []
    private let pingInterval: TimeAmount
    private let silenceLimit: TimeAmount
    private var lastHeard = NIODeadline.now()
    private var pings: RepeatedTask?
    private var state = State.open

    private let ending: WebSocketEnding

    init(messageLimit: Int, pingInterval: TimeAmount, silenceLimit: TimeAmount, ending: WebSocketEnding) {
        self.ending = ending
        assembler = MessageAssembler(limit: messageLimit)
        self.pingInterval = pingInterval
        self.silenceLimit = silenceLimit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastHeard = .now()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        pings = context.eventLoop.scheduleRepeatedTask(initialDelay: pingInterval, delay: pingInterval) { _ in
            let (handler, context) = bound.value
            handler.ping(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { pings?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = .now()
        guard state != .ended else { return }
        switch assembler.receive(unwrapInboundIn(data)) {
        case .wait: break
        case .deliver(let message): arrived.append(message)
        case .answerPing(let data): send(.pong, data, context)
        case .close(let code):
            if state == .open { sendClose(code == 1005 ? 1000 : code, context) }
            let error = WebSocketError(code: .closedByServer(code: code), message: "close frame")
            end(state == .closing ? nil : error, context)
        case .fail(let code, let error):
            sendClose(code, context)
            end(error, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        handOn(context)
        context.fireChannelReadComplete()
    }

    private func handOn(_ context: ChannelHandlerContext) {
        guard !arrived.isEmpty else { return }
        context.fireChannelRead(wrapInboundOut(arrived))
        arrived = []
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .text(let text):
            guard state == .open else {
                promise?.fail(ChannelError.alreadyClosed)
                return
            }
            context.writeAndFlush(frame(.text, ByteBuffer(string: text)), promise: promise)
        case .close(let code):
            if state == .open { sendClose(code, context) }
            state = state == .open ? .closing : state
            promise?.succeed()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if state == .closing { ending.note(nil) }
        state = .ended
        handOn(context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let known: WebSocketError =
            switch error {
            case let error as WebSocketError: error
            case NIOWebSocketError.invalidFrameLength:
                WebSocketError(code: .messageTooLarge, message: "a frame over the limit")
            case is NIOWebSocketError: WebSocketError(code: .protocolViolation, message: "\(error)")
            default: WebSocketError(code: .lost, message: "\(type(of: error))")
            }
        if state == .open { sendClose(known.code == .messageTooLarge ? 1009 : 1002, context) }
        end(known, context)
    }

    private func ping(_ context: ChannelHandlerContext) {
        guard state != .ended, context.channel.isActive else { return }
        if NIODeadline.now() - lastHeard > silenceLimit {
            return end(WebSocketError(code: .timedOut, message: "silent"), context)
        }
        send(.ping, ByteBuffer(), context)
    }

    private func end(_ error: WebSocketError?, _ context: ChannelHandlerContext) {
        guard state != .ended else { return }
        state = .ended
        handOn(context)
        ending.note(error)
        context.close(promise: nil)
    }

    private func sendClose(_ code: UInt16, _ context: ChannelHandlerContext) {
        var data = ByteBuffer()
        data.writeInteger(code)
        send(.connectionClose, data, context)
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(frame(opcode, data), promise: nil)
    }

    private func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> NIOAny {
        wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data))
    }
}
