import Domain
import NIOCore

/// The connected clients and what each wants to hear. Used on its event loop only.
final class Streams {
    private let loop: any EventLoop
    private var sessions: [Int: SocketSession] = [:]
    private var subscribers: [String: [Int]] = [:]
    private var nextID = 1
    /// A frame that is sent after the next one of its stream.
    private var held: [String: String] = [:]
    private(set) var closedForSlowness = 0

    init(loop: any EventLoop) { self.loop = loop }

    var count: Int { sessions.count }

    /// Takes a new connection in.
    ///
    /// - Throws: when the channel is no WebSocket.
    func open(_ channel: any Channel, isCombined: Bool, account: Int?, streams: Set<String>) throws -> SocketSession {
        let session = try SocketSession(
            id: nextID, channel: channel, isCombined: isCombined, account: account, streams: streams)
        nextID += 1
        sessions[session.id] = session
        for stream in streams { subscribers[stream, default: []].append(session.id) }
        return session
    }

    /// The connection is gone.
    func forget(_ session: SocketSession) {
        sessions[session.id] = nil
        unsubscribe(session, session.streams)
    }

    func subscribe(_ session: SocketSession, _ streams: Set<String>) {
        for stream in streams.subtracting(session.streams) { subscribers[stream, default: []].append(session.id) }
        session.streams.formUnion(streams)
    }

    func unsubscribe(_ session: SocketSession, _ streams: Set<String>) {
        for stream in streams {
            subscribers[stream]?.removeAll { $0 == session.id }
            if subscribers[stream]?.isEmpty ?? false { subscribers[stream] = nil }
        }
        session.streams.subtract(streams)
    }

    /// Does anybody listen?
    func hasSubscribers(_ stream: String) -> Bool { subscribers[stream] != nil }

    /// Sends market data to whoever wants it, in the way the fault says.
    func publish(_ stream: String, _ payload: String, _ delivery: Faults.Delivery, lagMilliseconds: Int64) {
        guard case .send(let times, let hold, let garbled) = delivery else { return }
        let text = garbled ? String(payload.prefix(payload.count / 2)) : payload
        if lagMilliseconds > 0 {
            let bound = NIOLoopBound(self, eventLoop: loop)
            loop.scheduleTask(in: .milliseconds(lagMilliseconds)) {
                bound.value.deliver(stream, text, times: times)
                bound.value.flush()
            }
            return
        }
        if hold, held[stream] == nil {
            held[stream] = text
            return
        }
        deliver(stream, text, times: times)
        if let late = held.removeValue(forKey: stream) { deliver(stream, late, times: 1) }
    }

    private func deliver(_ stream: String, _ payload: String, times: Int) {
        guard let ids = subscribers[stream] else { return }
        let combined = "{\"stream\":\"\(stream)\",\"data\":\(payload)}"
        for id in ids {
            guard let session = sessions[id] else { continue }
            for _ in 0..<times { session.send(session.isCombined ? combined : payload) }
        }
    }

    /// Sends user data to all connections of an account.
    func tell(account: Int, _ payload: String, key: String) {
        for session in all where session.account == account {
            session.send(session.isCombined ? "{\"stream\":\"\(key)\",\"data\":\(payload)}" : payload)
        }
    }

    func flush() { for session in sessions.values { session.flush() } }

    /// Is some client behind with reading?
    var isAnyBehind: Bool { sessions.values.contains { !$0.channel.isWritable } }

    /// Ends the connections that are behind.
    func closeSlow() {
        for session in all where !session.channel.isWritable {
            closedForSlowness += 1
            session.channel.close(promise: nil)
        }
    }

    /// Ends all connections, with a goodbye or by breaking them.
    func closeAll(abruptly: Bool) {
        for session in all {
            if abruptly { session.channel.close(promise: nil) } else { session.close() }
        }
    }

    /// Asks all for a sign of life, and ends those that have given none for a minute.
    func ping() {
        for session in all {
            if NIODeadline.now() - session.lastSign > .seconds(60) {
                session.channel.close(promise: nil)
            } else {
                session.ping()
            }
        }
    }

    private var all: [SocketSession] { sessions.values.sorted { $0.id < $1.id } }
}
