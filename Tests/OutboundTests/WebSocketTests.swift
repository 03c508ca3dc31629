import Outbound
import TestKit
import Testing

/// The WebSocket client against a server written from the RFC in another language.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketTests {
    private func server() async throws -> FixtureServer {
        try await FixtureServer("Tests/Fixtures/servers/websocket_server.py")
    }

    private func collect(_ client: WebSocketClient, _ url: String) async throws -> ([WebSocketMessage], WebSocketError?)
    {
        var messages: [WebSocketMessage] = []
        do {
            try await client.withConnection(to: url) { connection in
                for try await message in connection.inbound { messages.append(message) }
            }
            return (messages, nil)
        } catch let error as WebSocketError {
            return (messages, error)
        }
    }

    private func expect(_ inbound: inout WebSocketInbound.Iterator, _ text: String?) async throws {
        let message = try await inbound.next()
        #expect(message == text.map { .text($0) })
    }

    @Test func `messages go both ways and the close is a handshake`() async throws {
        let server = try await server()
        try await WebSocketClient().withConnection(to: "ws://127.0.0.1:\(server.port)/echo?x=1") { connection in
            var inbound = connection.inbound.makeAsyncIterator()
            for text in ["", "grüß", String(repeating: "x", count: 300), String(repeating: "y", count: 70_000)] {
                try await connection.send(text)
                try await expect(&inbound, text)
            }
            await connection.close()
            try await expect(&inbound, nil)
        }
    }

    @Test func `frames in the packet of the upgrade are kept`() async throws {
        let server = try await server()
        for _ in 0..<50 {
            try await WebSocketClient().withConnection(to: "ws://127.0.0.1:\(server.port)/early") { connection in
                var inbound = connection.inbound.makeAsyncIterator()
                try await expect(&inbound, "early")
                try await expect(&inbound, "bird")
            }
        }
    }

    @Test func `fragments are joined and a ping between them is answered`() async throws {
        let server = try await server()
        try await WebSocketClient().withConnection(to: "ws://127.0.0.1:\(server.port)/fragments") { connection in
            var inbound = connection.inbound.makeAsyncIterator()
            try await expect(&inbound, "one zwö")
            try await expect(&inbound, "pong between")
        }
    }

    @Test func `a slow reader gets every message in order`() async throws {
        let server = try await server()
        let (messages, error) = try await collect(WebSocketClient(), "ws://127.0.0.1:\(server.port)/flood/50000")
        #expect(messages.count == 50_000)
        #expect(error?.code == .closedByServer(code: 1000))
        for (number, message) in messages.enumerated() {
            guard case .text(let text) = message, Int(text.prefix(8)) == number else { throw Unexpected("\(number)") }
        }
    }

    @Test func `the ends are told apart`() async throws {
        let server = try await server()
        let base = "ws://127.0.0.1:\(server.port)"
        #expect(try await collect(WebSocketClient(), "\(base)/close").1?.code == .closedByServer(code: 1012))
        let (words, vanished) = try await collect(WebSocketClient(), "\(base)/vanish")
        #expect(words == [.text("last words")])
        #expect(vanished?.code == .lost)
        #expect(try await collect(WebSocketClient(), "\(base)/refuse").1?.code == .refused(status: 429))
        let gone = try await collect(WebSocketClient(), "ws://localhost:1/canary?canary").1
        #expect(gone?.code == .couldNotConnect)
        let message = gone?.message ?? ""
        #expect(
            message.hasPrefix("localhost:1: ") && message.contains("127.0.0.1") && message.contains("refused"),
            "\(message)")
        #expect(!message.contains("canary"))
        #expect(try await collect(WebSocketClient(), "http://127.0.0.1/").1?.code == .invalidRequest)
        let hasty = WebSocketClient(WebSocketClient.Settings(connectTimeout: .milliseconds(200)))
        #expect(try await collect(hasty, "\(base)/never").1?.code == .timedOut)
        guard case .refused? = try await collect(WebSocketClient(), "\(base)/wrong-key").1?.code else {
            throw Unexpected("a wrong key was taken")
        }
    }

    @Test func `silence ends the connection`() async throws {
        let server = try await server()
        let client = WebSocketClient(
            WebSocketClient.Settings(pingInterval: .milliseconds(50), silenceLimit: .milliseconds(200)))
        #expect(try await collect(client, "ws://127.0.0.1:\(server.port)/silent").1?.code == .timedOut)
    }

    @Test(arguments: ["masked", "reserved", "utf8", "continuation", "nested", "opcode", "ping", "close"])
    func `what the protocol forbids ends the connection`(what: String) async throws {
        let server = try await server()
        let (messages, error) = try await collect(WebSocketClient(), "ws://127.0.0.1:\(server.port)/bad/\(what)")
        #expect(messages.isEmpty)
        #expect(error?.code == .protocolViolation)
    }

    @Test(arguments: ["large-frame", "large-message"])
    func `sizes are bounded`(what: String) async throws {
        let server = try await server()
        let client = WebSocketClient(WebSocketClient.Settings(messageLimit: 65_536))
        let (_, error) = try await collect(client, "ws://127.0.0.1:\(server.port)/bad/\(what)")
        #expect(error?.code == .messageTooLarge)
    }

    @Test func `wss verifies the certificate`() async throws {
        let folder = try Scratch.folder()
        let certificate = try await TestCertificate(in: folder)
        let server = try await FixtureServer(
            "Tests/Fixtures/servers/websocket_server.py", ["--tls", certificate.certificate, certificate.key])
        let url = "wss://localhost:\(server.port)/early"
        #expect(try await collect(WebSocketClient(), url).1?.code == .tlsFailed)
        let trusting = WebSocketClient(WebSocketClient.Settings(authorityFile: certificate.certificate))
        for host in ["localhost", "127.0.0.1"] {
            try await trusting.withConnection(to: "wss://\(host):\(server.port)/early") { connection in
                var inbound = connection.inbound.makeAsyncIterator()
                try await expect(&inbound, "early")
            }
        }
    }

    @Test func `a cancelled task leaves its connection`() async throws {
        let server = try await server()
        let url = "ws://127.0.0.1:\(server.port)/silent"
        let (opened, tell) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await WebSocketClient().withConnection(to: url) { connection in
                tell.yield()
                for try await _ in connection.inbound {}
            }
        }
        var openings = opened.makeAsyncIterator()
        _ = await openings.next()
        task.cancel()
        _ = await task.result
    }
}
