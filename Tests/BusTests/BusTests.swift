import Bus
import Contracts
import Domain
import Logging
import TestKit
import Testing

/// The bus against a real Redis that is killed, frozen and started again.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct BusTests {
    private func bus(_ server: RedisServer, _ tally: Tally, _ change: (inout BusSettings) -> Void = { _ in }) -> Bus {
        var settings = BusSettings(host: "127.0.0.1", port: server.port, password: server.password)
        change(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let bus = Bus(settings, logger: logger, hooks: tally.hooks)
        bus.start()
        return bus
    }

    private func event(_ number: Int) -> Envelope<SuiteEvent> {
        Envelope(
            id: "event-\(number)", source: "test", at: .zero, correlation: "c", key: "k", sequence: Int64(number),
            data: SuiteEvent(kind: "test", severity: "info", summary: "s", description: "d", labels: [:]))
    }

    @Test func `what is published arrives in order, after the mark of the connection`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally)
        var stream = bus.subscribe(to: [Channels.suiteEvents]).makeAsyncIterator()
        guard case .connected = await stream.next() else { throw Unexpected("no mark") }
        for number in 1...1000 { bus.publish(event(number), on: Channels.suiteEvents) }
        for number in 1...1000 {
            guard case .message(let envelope) = await stream.next() else { throw Unexpected("no message \(number)") }
            #expect(envelope == event(number))
        }
        try await eventually("all are counted") { tally.now.published == 1000 ? true : nil }
        #expect(tally.now.received == 1000)
        await bus.close()
        #expect(await stream.next() == nil)
    }

    @Test func `a killed server is found again, the reader is told, and bells that waited arrive`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally)
        var stream = bus.subscribe(to: [Channels.suiteEvents]).makeAsyncIterator()
        guard case .connected = await stream.next() else { throw Unexpected("no mark") }
        // The mark is the listening connection's; the publishing one may come a moment later.
        try await eventually("both connections stand") { bus.isConnected ? true : nil }
        server.kill()
        try await eventually("the loss is seen") { bus.isConnected ? nil : true }
        try server.start()
        guard case .reconnected = await stream.next() else { throw Unexpected("not told of the loss") }
        try await eventually("both connections stand") { bus.isConnected ? true : nil }
        bus.publish(event(2), on: Channels.suiteEvents)
        guard case .message(let envelope) = await stream.next() else { throw Unexpected("no message") }
        #expect(envelope.id == "event-2")
        // The publishing thread may notice only when it writes: then there is a second loss.
        #expect(tally.now.connected.prefix(3) == [true, false, true])
        #expect(tally.now.connected.last == true)
        await bus.close()
    }

    @Test func `market data is not kept over an outage, bells are`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        server.kill()
        let bus = bus(server, tally)
        bus.publish(Array("late".utf8), on: "md.trades.BTCUSDT")
        bus.publish(event(1), on: Channels.suiteEvents)
        #expect(tally.now.dropped == [.disconnected: 1])
        try server.start()
        try await eventually("the bell leaves") { tally.now.published == 1 ? true : nil }
        await bus.close()
    }

    @Test func `a server that hangs is given up after the time limit`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally) {
            $0.answerTimeout = .milliseconds(300)
            $0.pingInterval = .milliseconds(100)
        }
        try await eventually("connected") { bus.isConnected ? true : nil }
        server.freeze()
        try await eventually("the silence is noticed", within: .seconds(3)) { bus.isConnected ? nil : true }
        server.thaw()
        try await eventually("it is back") { bus.isConnected ? true : nil }
        await bus.close()
    }

    @Test func `a wrong password is no connection and appears nowhere`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally) { $0.password = "wrong" }
        try await eventually("both connections are turned away") {
            let words = ["-p", "\(server.port)", "INFO", "errorstats"]
            let told = try await Command.run("redis-cli", words, environment: ["REDISCLI_AUTH": server.password]).output
            let count = told.matches(of: /WRONGPASS:count=(\d+)/).first.flatMap { Int($0.1) } ?? 0
            return count >= 2 ? true : nil
        }
        #expect(!bus.isConnected)
        #expect(!"\(BusSettings(host: "h", port: 1, password: "canary"))".contains("canary"))
        await bus.close()
    }

    @Test func `what is not the message is counted, and the next good one is read`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally)
        var stream = bus.subscribe(to: [Channels.suiteEvents]).makeAsyncIterator()
        _ = await stream.next()
        var random = SeededRandom(seed: 7)
        for _ in 1...200 {
            let junk = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            bus.publish(junk, on: Channels.suiteEvents.name)
        }
        bus.publish(
            Array(#"{"id":"x","type":"other","version":1}"#.utf8), on: Channels.suiteEvents.name)
        bus.publish(event(9), on: Channels.suiteEvents)
        guard case .message(let envelope) = await stream.next() else { throw Unexpected("no message") }
        #expect(envelope.id == "event-9")
        #expect(tally.now.refused == ["suite.event malformed": 201])
        await bus.close()
    }

    @Test func `a slow reader loses the oldest, is told how many, and hears the rest`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally)
        var stream = bus.subscribe(to: [Channels.suiteEvents], buffer: 10).makeAsyncIterator()
        guard case .connected = await stream.next() else { throw Unexpected("no mark") }
        for number in 1...25 { bus.publish(event(number), on: Channels.suiteEvents) }
        try await eventually("all came") { tally.now.received == 25 ? true : nil }
        guard case .missed(15) = await stream.next() else { throw Unexpected("not told") }
        guard case .message(let first) = await stream.next() else { throw Unexpected("no message") }
        #expect(first.id == "event-16")
        #expect(tally.now.dropped == [.slowConsumer: 15])
        await bus.close()
    }

    @Test func `a cancelled reader ends and Redis has one subscriber less`() async throws {
        let server = try RedisServer()
        let tally = Tally()
        let bus = bus(server, tally)
        let ready = AsyncStream<Void>.makeStream()
        let reader = Task {
            for await message in bus.subscribe(to: [Channels.suiteEvents]) {
                if case .connected = message { ready.continuation.yield() }
            }
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        reader.cancel()
        await reader.value
        try await eventually("Redis has no subscriber") {
            let arguments = [
                "-p", "\(server.port)", "--no-auth-warning", "PUBSUB", "NUMSUB", Channels.suiteEvents.name,
            ]
            let answer = try await Command.require(
                "redis-cli", arguments, environment: ["REDISCLI_AUTH": server.password])
            return answer.split(separator: "\n").last == "0" ? true : nil
        }
        bus.publish(event(1), on: Channels.suiteEvents)
        try await eventually("published") { tally.now.published == 1 ? true : nil }
        #expect(tally.now.received == 0)
        await bus.close()
    }
}

/// A test saw something else.
struct Unexpected: Error {
    let what: String
    init(_ what: String) { self.what = what }
}
