import Dispatch
import Foundation
import Logging
import Synchronization

/// The thread that publishes: whatever waits goes out as one pipeline.
final class Publisher: Sendable {
    private struct State {
        var queue: PublishQueue
        var connected = false
        /// The thread waits for `wake`.
        var asleep = false
        var closeBy: ContinuousClock.Instant?
    }

    private enum Work {
        case send([Outgoing]), ping, end
    }

    private let settings: BusSettings
    private let hooks: BusHooks
    private let logger: Logger
    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let link: Link
    private let ended: Latch

    init(_ settings: BusSettings, hooks: BusHooks, logger: Logger, link: Link, ended: Latch) {
        self.settings = settings
        self.hooks = hooks
        self.logger = logger
        self.link = link
        self.ended = ended
        self.state = Mutex(
            State(queue: PublishQueue(limit: settings.publishLimit, bytesLimit: settings.publishBytesLimit)))
    }

    /// Takes a message; never blocks.
    func offer(_ message: Outgoing) {
        let (dropped, rouse): ((BusDropReason, Int)?, Bool) = state.withLock { state in
            guard state.closeBy == nil else { return ((.closed, 1), false) }
            if !state.connected, message.worth == .marketData { return ((.disconnected, 1), false) }
            let pushedOut = state.queue.append(message)
            let rouse = state.asleep
            state.asleep = false
            return (pushedOut > 0 ? (.queueFull, pushedOut) : nil, rouse)
        }
        if let (reason, count) = dropped { hooks.dropped(reason, count) }
        if rouse { wake.signal() }
    }

    func start() {
        let thread = Thread { [self] in
            run()
            ended.arrive()
        }
        thread.name = "bus-publish"
        thread.start()
    }

    /// Lets the thread send what waits for at most a second, then end.
    func close() {
        state.withLock { if $0.closeBy == nil { $0.closeBy = .now + .seconds(1) } }
        wake.signal()
    }

    private func run() {
        var backoff = Backoff(first: settings.firstPause, maximum: settings.maximumPause)
        while !isClosing {
            do throws(RedisError) {
                let connection = try RedisConnection(settings)
                backoff.reset()
                state.withLock { $0.connected = true }
                link.publisher(connected: true)
                try serve(connection)
            } catch {
                logger.warning(
                    "redis publish connection lost",
                    metadata: ["redis.reason": "\(error.message)", "redis.code": "\(error.code)"])
            }
            state.withLock { $0.connected = false }
            link.publisher(connected: false)
            pause(backoff.next())
        }
        let left = state.withLock { $0.queue.count }
        if left > 0 { hooks.dropped(.closed, left) }
    }

    private var isClosing: Bool { state.withLock { $0.closeBy != nil } }

    /// Sleeps unless the bus is closing; offers during it only wake it for nothing.
    private func pause(_ length: Duration) {
        let deadline = ContinuousClock.now + length
        while !isClosing, ContinuousClock.now < deadline {
            _ = wake.wait(timeout: .now() + .milliseconds(20))
        }
    }

    private func serve(_ connection: RedisConnection) throws(RedisError) {
        while true {
            switch nextWork() {
            case .send(let batch): try send(batch, over: connection)
            case .ping:
                connection.append([Array("PING".utf8)])
                _ = try connection.readAnswer()
            case .end: return
            }
        }
    }

    private func nextWork() -> Work {
        var rested = false
        while true {
            let work: Work? = state.withLock { state in
                if let closeBy = state.closeBy, state.queue.count == 0 || ContinuousClock.now > closeBy { return .end }
                let batch = state.queue.take(settings.pipelineLimit)
                if !batch.isEmpty { return .send(batch) }
                state.asleep = !rested
                return rested ? .ping : nil
            }
            if let work { return work }
            rested = wake.wait(timeout: .now() + settings.pingInterval.dispatchInterval) == .timedOut
        }
    }

    private func send(_ batch: [Outgoing], over connection: RedisConnection) throws(RedisError) {
        let verb = Array("PUBLISH".utf8)
        for message in batch { connection.append([verb, Array(message.channel.utf8), message.bytes]) }
        var answered = 0
        var refused = 0
        do throws(RedisError) {
            while answered < batch.count {
                if try connection.readAnswer() != nil { refused += 1 }
                answered += 1
            }
        } catch {
            let unanswered = Array(batch[answered...])
            let given = state.withLock { state in
                state.connected = false
                return state.queue.connectionLost(unanswered: unanswered)
            }
            count(answered: answered, refused: refused)
            if given > 0 { hooks.dropped(.disconnected, given) }
            throw error
        }
        count(answered: answered, refused: refused)
    }

    private func count(answered: Int, refused: Int) {
        if answered > refused { hooks.published(answered - refused) }
        if refused > 0 { hooks.dropped(.refused, refused) }
    }
}

extension Duration {
    var dispatchInterval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        return .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}
