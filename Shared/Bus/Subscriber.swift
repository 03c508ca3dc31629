import CHiredis
import Foundation
import Glibc
import Logging
import Synchronization

/// The thread that listens: one connection for all subscriptions of the process.
final class Subscriber: Sendable {
    private enum Command {
        case subscribe([String]), unsubscribe([String])

        var words: [[UInt8]] {
            switch self {
            case .subscribe(let channels): [Array("SUBSCRIBE".utf8)] + channels.map { Array($0.utf8) }
            case .unsubscribe(let channels): [Array("UNSUBSCRIBE".utf8)] + channels.map { Array($0.utf8) }
            }
        }
    }

    private struct State {
        var table = SubscriptionTable<Mailbox>()
        /// What the thread has to send, in order.
        var commands: [Command] = []
        var closing = false
    }

    private let settings: BusSettings
    private let hooks: BusHooks
    private let logger: Logger
    private let state = Mutex(State())
    /// An eventfd that ends the thread's `poll`.
    private let bell: Int32
    private let link: Link
    private let ended: Latch

    init(_ settings: BusSettings, hooks: BusHooks, logger: Logger, link: Link, ended: Latch) {
        self.settings = settings
        self.hooks = hooks
        self.logger = logger
        self.link = link
        self.ended = ended
        self.bell = plimsoll_eventfd()
        precondition(bell >= 0, "no file descriptor for an eventfd")
    }

    deinit { Glibc.close(bell) }

    func start() {
        let thread = Thread { [self] in
            run()
            ended.arrive()
        }
        thread.name = "bus-subscribe"
        thread.start()
    }

    func close() {
        let mailboxes = state.withLock { state in
            state.closing = true
            return state.table.receivers
        }
        for mailbox in mailboxes { mailbox.close() }
        ring()
    }

    func add(_ mailbox: Mailbox, channels: Set<String>) -> Int {
        let id = state.withLock { state in
            state.commands.append(.subscribe(channels.sorted()))
            return state.table.add(mailbox, channels: channels)
        }
        ring()
        return id
    }

    func remove(_ id: Int) {
        let removed = state.withLock { state in
            let removed = state.table.remove(id)
            if let removed, !removed.unused.isEmpty { state.commands.append(.unsubscribe(removed.unused)) }
            return removed
        }
        guard let removed else { return }
        removed.receiver.close()
        ring()
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, MemoryLayout<UInt64>.size)
    }

    private var isClosing: Bool { state.withLock { $0.closing } }

    private func run() {
        var backoff = Backoff(first: settings.firstPause, maximum: settings.maximumPause)
        while !isClosing {
            do throws(RedisError) {
                let connection = try RedisConnection(settings)
                backoff.reset()
                link.subscriber(connected: true)
                try serve(connection)
            } catch {
                logger.warning(
                    "redis subscribe connection lost",
                    metadata: ["redis.reason": "\(error.message)", "redis.code": "\(error.code)"])
            }
            link.subscriber(connected: false)
            state.withLock { $0.table.connectionLost() }
            pause(backoff.next())
        }
    }

    private func pause(_ length: Duration) {
        let deadline = ContinuousClock.now + length
        while !isClosing, ContinuousClock.now < deadline {
            var descriptors = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
            _ = poll(&descriptors, 1, (deadline - .now).pollMilliseconds + 1)
            quiet()
        }
    }

    /// Takes the bell's count so that it can ring anew.
    private func quiet() {
        var count: UInt64 = 0
        _ = read(bell, &count, MemoryLayout<UInt64>.size)
    }

    private func serve(_ connection: RedisConnection) throws(RedisError) {
        state.withLock { state in
            let channels = state.table.channels
            state.commands = channels.isEmpty ? [] : [.subscribe(channels)]
        }
        var heard = ContinuousClock.now
        var asked = heard
        while try sendCommands(over: connection) {
            var descriptors = [
                pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&descriptors, 2, settings.pingInterval.pollMilliseconds)
            if descriptors[1].revents != 0 { quiet() }
            let now = ContinuousClock.now
            if descriptors[0].revents != 0 {
                try connection.fill()
                try deliver(from: connection)
                heard = now
            } else if now - heard > settings.answerTimeout {
                throw RedisError(code: .lost, message: "silent")
            } else if now - max(heard, asked) >= settings.pingInterval {
                connection.append([Array("PING".utf8)])
                try connection.flush()
                asked = now
            }
        }
    }

    /// - Returns: false when the thread is to end.
    private func sendCommands(over connection: RedisConnection) throws(RedisError) -> Bool {
        let (commands, closing) = state.withLock { state in
            defer { state.commands = [] }
            return (state.commands, state.closing)
        }
        guard !closing else { return false }
        guard !commands.isEmpty else { return true }
        for command in commands { connection.append(command.words) }
        try connection.flush()
        return true
    }

    private func deliver(from connection: RedisConnection) throws(RedisError) {
        var received = 0
        while let push = try connection.nextPush() {
            switch push {
            case .message(let channel, let bytes):
                received += 1
                let mailboxes = state.withLock { $0.table.receivers(of: channel) }
                for mailbox in mailboxes { mailbox.offer(.message(channel: channel, bytes: bytes)) }
            case .subscribed(let channel):
                let complete = state.withLock { $0.table.confirmed(channel) }
                for (mailbox, again) in complete { mailbox.offer(again ? .reconnected : .connected) }
            case .other: break
            }
        }
        if received > 0 { hooks.received(received) }
    }
}
