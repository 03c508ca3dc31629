import NIOCore
import Synchronization

/// An open WebSocket, inside `WebSocketClient.withConnection`.
package struct WebSocketConnection: Sendable {
    /// The messages, in order. Not reading them stops the sender after a few reads of the socket: there is
    /// no other buffer.
    package let inbound: WebSocketInbound
    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketCommand>

    init(
        _ inbound: NIOAsyncChannelInboundStream<[WebSocketMessage]>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketCommand>, _ ending: WebSocketEnding
    ) {
        self.inbound = WebSocketInbound(inbound, ending)
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

    private let stream: NIOAsyncChannelInboundStream<[WebSocketMessage]>
    private let ending: WebSocketEnding

    init(_ stream: NIOAsyncChannelInboundStream<[WebSocketMessage]>, _ ending: WebSocketEnding) {
        self.stream = stream
        self.ending = ending
    }

    package struct Iterator: AsyncIteratorProtocol {
        private var base: NIOAsyncChannelInboundStream<[WebSocketMessage]>.AsyncIterator
        private let ending: WebSocketEnding
        /// Of one read of the socket; `position` is the next one.
        private var batch: [WebSocketMessage] = []
        private var position = 0

        init(_ base: NIOAsyncChannelInboundStream<[WebSocketMessage]>.AsyncIterator, _ ending: WebSocketEnding) {
            self.base = base
            self.ending = ending
        }

        package mutating func next() async throws -> WebSocketMessage? { try await next(isolation: nil) }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws -> WebSocketMessage? {
            do {
                if position < batch.count {
                    defer { position += 1 }
                    return batch[position]
                }
                if let more = try await base.next(isolation: actor), let first = more.first {
                    batch = more
                    position = 1
                    return first
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                throw ending.error ?? WebSocketError(code: .lost, message: "\(type(of: error))")
            }
            if !Task.isCancelled, let error = ending.error { throw error }
            return nil
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(stream.makeAsyncIterator(), ending) }
}

/// How a connection ended; until told otherwise it was lost.
final class WebSocketEnding: Sendable {
    private enum State {
        case unknown
        case failed(WebSocketError)
        /// We closed it.
        case clean
    }

    private let state = Mutex(State.unknown)

    /// Nil when the end is what we wanted.
    var error: WebSocketError? {
        switch state.withLock({ $0 }) {
        case .unknown: WebSocketError(code: .lost, message: "closed without a close frame")
        case .failed(let error): error
        case .clean: nil
        }
    }

    /// The first word counts.
    func note(_ error: WebSocketError?) {
        state.withLock { state in
            guard case .unknown = state else { return }
            state = error.map { .failed($0) } ?? .clean
        }
    }
}
