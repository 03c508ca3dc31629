import NIOCore

/// An open WebSocket, inside `WebSocketClient.withConnection`.
package struct WebSocketConnection: Sendable {
    /// The messages, in order. Not reading them stops the sender after a few: there is no other buffer.
    package let inbound: WebSocketInbound
    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketCommand>

    init(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketMessage>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketCommand>
    ) {
        self.inbound = WebSocketInbound(inbound)
        self.outbound = outbound
    }

    /// Sends a text message; waits while the socket takes no more.
    package func send(_ text: String) async throws(WebSocketError) {
        do {
            try await outbound.write(.text(text))
        } catch {
            throw WebSocketError(code: .lost, message: "\(type(of: error))")
        }
    }

    /// Starts the closing handshake; `inbound` ends when the server has answered.
    package func close(code: UInt16 = 1000) async {
        // A connection that is gone needs no close frame.
        try? await outbound.write(.close(code))
    }
}

/// The messages of a WebSocket. Ends after `close`; throws a `WebSocketError` for every other end.
package struct WebSocketInbound: AsyncSequence, Sendable {
    package typealias Element = WebSocketMessage

    private let stream: NIOAsyncChannelInboundStream<WebSocketMessage>

    init(_ stream: NIOAsyncChannelInboundStream<WebSocketMessage>) { self.stream = stream }

    package struct Iterator: AsyncIteratorProtocol {
        private var base: NIOAsyncChannelInboundStream<WebSocketMessage>.AsyncIterator

        init(_ base: NIOAsyncChannelInboundStream<WebSocketMessage>.AsyncIterator) { self.base = base }

        package mutating func next() async throws -> WebSocketMessage? { try await base.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws -> WebSocketMessage? {
            try await base.next(isolation: actor)
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(stream.makeAsyncIterator()) }
}
