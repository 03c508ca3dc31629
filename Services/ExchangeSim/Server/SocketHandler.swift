import FoundationEssentials
import NIOCore
import NIOWebSocket
import ServiceKit

/// One client's WebSocket: answers pings and subscriptions.
final class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let exchange: Exchange
    private let target: SocketTarget
    private var session: SocketSession?

    init(_ exchange: Exchange, _ target: SocketTarget) {
        self.exchange = exchange
        self.target = target
    }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            session = try exchange.streams.open(
                context.channel, isCombined: target.isCombined, account: target.account, streams: target.streams)
        } catch {
            context.close(promise: nil)
        }
        exchange.meters.sockets.set(exchange.streams.count)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let session { exchange.streams.forget(session) }
        session = nil
        exchange.meters.sockets.set(exchange.streams.count)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var frame = unwrapInboundIn(data)
        session?.noteSign()
        if let key = frame.maskKey { frame.data.webSocketUnmask(key) }
        switch frame.opcode {
        case .ping: session?.pong(frame.data)
        case .connectionClose: session?.close(.normalClosure)
        case .text: answer(String(buffer: frame.data))
        default: break
        }
    }

    private struct Request: Decodable {
        let method: String
        let params: [String]?
        let id: Int64
    }

    private func answer(_ text: String) {
        guard let session else { return }
        guard target.account == nil, let request = try? JSONDecoder().decode(Request.self, from: Data(text.utf8)) else {
            session.send("{\"error\":{\"code\":2,\"msg\":\"Invalid request: unknown format\"}}")
            return session.flush()
        }
        let names = Set(request.params ?? [])
        var result = "null"
        switch request.method {
        case "SUBSCRIBE" where names.union(session.streams).count <= SocketTarget.streamsMax:
            exchange.streams.subscribe(session, names)
        case "UNSUBSCRIBE": exchange.streams.unsubscribe(session, names)
        case "LIST_SUBSCRIPTIONS":
            result = Messages.list(session.streams.sorted().map { "\"\(Messages.escaped($0))\"" })
        default:
            session.send("{\"error\":{\"code\":2,\"msg\":\"Invalid request\"},\"id\":\(request.id)}")
            return session.flush()
        }
        session.send("{\"result\":\(result),\"id\":\(request.id)}")
        session.flush()
    }
}

/// What a client asks for by the address it connects to.
struct SocketTarget: Sendable, Equatable {
    /// Streams a connection may have, as at the real exchange.
    static let streamsMax = 1024

    let isCombined: Bool
    let account: Int?
    let streams: Set<String>

    /// `/ws/<stream>`, `/ws/<stream>/<stream>`, `/ws/<listen key>`, `/ws`, `/stream?streams=<stream>/<stream>`; nil for
    /// any other.
    init?(uri: String, accountOfKey: (String) -> Int?) {
        let parts = uri.split(separator: "?", maxSplits: 1)
        guard let path = parts.first else { return nil }
        let names: [Substring]
        if path == "/stream" {
            isCombined = true
            let query = parts.count > 1 ? parts[1] : ""
            let value = query.split(separator: "&").first { $0.hasPrefix("streams=") }?.dropFirst(8) ?? ""
            names = value.split(separator: "/")
        } else if path == "/ws" || path.hasPrefix("/ws/") {
            isCombined = false
            names = path.dropFirst(3).split(separator: "/")
        } else {
            return nil
        }
        guard names.count <= Self.streamsMax else { return nil }
        if names.count == 1, let account = accountOfKey(String(names[0])) {
            self.account = account
            streams = []
        } else {
            account = nil
            streams = Set(names.map(String.init))
        }
    }
}
