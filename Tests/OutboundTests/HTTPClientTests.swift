import Foundation
import Outbound
import TestKit
import Testing

/// The HTTP client against a server that misbehaves by path, over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
    private func server() async throws -> FixtureServer {
        try await FixtureServer("Tests/Fixtures/servers/http_server.py")
    }

    /// Waits until so many requests of a path have reached a server.
    private func arrived(_ count: Int, _ path: String, at server: FixtureServer) async throws {
        let client = HTTPClient()
        defer { client.close() }
        try await eventually("\(count) requests of \(path)") {
            let counts = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/counts"))
            return try JSONDecoder().decode([String: Int].self, from: Data(counts.body))[path] == count ? true : nil
        }
    }

    private func failure(_ client: HTTPClient, _ request: HTTPRequest) async throws -> HTTPClientError {
        do {
            let response = try await client.send(request)
            throw Unexpected("status \(response.status)")
        } catch let error as HTTPClientError {
            return error
        }
    }

    @Test func `a request arrives as it was given`() async throws {
        let server = try await server()
        let client = HTTPClient()
        let url = "http://127.0.0.1:\(server.port)/ok?x=%2F&y=1"
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            let body = method == .get ? "" : #"{"a":1}"#
            let request = HTTPRequest(
                method, url, headers: [("Content-Type", "application/json"), ("X-Empty", "")], body: Array(body.utf8))
            let response = try await client.send(request)
            let told = try JSONDecoder().decode(Echo.self, from: Data(response.body))
            #expect(response.status == 200)
            #expect(told.method == method.rawValue)
            #expect(told.target == "/ok?x=%2F&y=1")
            #expect(told.body == body)
            #expect(told.headers["content-type"] == "application/json")
            #expect(told.headers["x-empty"] == "")
            #expect(told.headers["expect"] == nil)
        }
        let last = try JSONDecoder().decode(Echo.self, from: Data(try await client.send(HTTPRequest(.get, url)).body))
        #expect(last.number == 6, "the connection is kept")
        #expect(try await client.send(HTTPRequest(.head, url)).body.isEmpty)
    }

    @Test func `any status is an answer, redirects are not followed, interim answers are left out`() async throws {
        let server = try await server()
        let client = HTTPClient()
        let base = "http://127.0.0.1:\(server.port)"
        let limited = try await client.send(HTTPRequest(.post, "\(base)/status/429"))
        #expect(limited.status == 429)
        #expect(limited.header("retry-after") == "7")
        #expect(try await client.send(HTTPRequest(.get, "\(base)/redirect")).status == 302)
        let late = try await client.send(HTTPRequest(.get, "\(base)/interim"))
        #expect(late.text == "late")
        #expect(late.header("X-Early") == nil)
        #expect(late.header("X-Late") == "yes")
        #expect(late.header("X-Empty") == "")
    }

    @Test func `nobody listens: surely not sent`() async throws {
        let error = try await failure(HTTPClient(), HTTPRequest(.post, "http://127.0.0.1:1/x"))
        #expect(error.code == .couldNotConnect)
        #expect(error.sent == .no)
        #expect(error.message.hasPrefix("127.0.0.1:1: "))
        #expect(error.message.hasSuffix(": Connection refused"))
        let secret = try await failure(HTTPClient(), HTTPRequest(.post, "http://me:canary@127.0.0.1:1/canary?canary"))
        #expect(!"\(secret)".contains("canary"))
    }

    @Test func `no answer in time: in doubt`() async throws {
        let server = try await server()
        let started = ContinuousClock.now
        let error = try await failure(
            HTTPClient(), HTTPRequest(.post, "http://127.0.0.1:\(server.port)/hang", timeout: .milliseconds(200)))
        #expect(error.code == .timedOut)
        #expect(error.sent == .inDoubt)
        #expect(ContinuousClock.now - started < .seconds(3))
    }

    @Test func `a hung server delays nobody else`() async throws {
        let server = try await server()
        let client = HTTPClient(HTTPClient.Settings(connectionsPerHost: 4))
        let other = try await self.server()
        let hung = (0..<8).map { _ in
            Task { try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/hang")) }
        }
        // The other four wait for a connection.
        try await arrived(4, "/hang", at: server)
        let started = ContinuousClock.now
        #expect(try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(other.port)/ok")).status == 200)
        #expect(ContinuousClock.now - started < .seconds(2))
        for task in hung { task.cancel() }
        for task in hung {
            let error = await task.result
            #expect(throws: HTTPClientError.self) { try error.get() }
        }
    }

    @Test func `a changing request leaves once, over a dying kept connection too`() async throws {
        let server = try await server()
        let client = HTTPClient()
        let url = "http://127.0.0.1:\(server.port)/second-drops"
        #expect(try await client.send(HTTPRequest(.post, url)).status == 200)
        let error = try await failure(client, HTTPRequest(.post, url))
        #expect(error.sent == .inDoubt)
        #expect(error.code == .connectionLost)
        let counts = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/counts"))
        #expect(try JSONDecoder().decode([String: Int].self, from: Data(counts.body))["/second-drops"] == 2)
    }

    @Test(arguments: [
        ("/drop", HTTPClientError.Sent.inDoubt), ("/partial", .answered(status: 200)), ("/garbage", .inDoubt),
    ])
    func `a broken answer`(path: String, sent: HTTPClientError.Sent) async throws {
        let server = try await server()
        let error = try await failure(HTTPClient(), HTTPRequest(.post, "http://127.0.0.1:\(server.port)\(path)"))
        #expect(error.sent == sent)
    }

    @Test func `the body is bounded`() async throws {
        let server = try await server()
        let client = HTTPClient()
        let url = "http://127.0.0.1:\(server.port)/big/5000"
        #expect(try await client.send(HTTPRequest(.get, url, responseLimit: 5000)).body.count == 5000)
        let error = try await failure(client, HTTPRequest(.get, url, responseLimit: 4999))
        #expect(error.code == .responseTooLarge)
        #expect(error.sent == .answered(status: 200))
    }

    @Test(arguments: [
        HTTPRequest(.get, "file:///etc/passwd"), HTTPRequest(.get, "gopher://127.0.0.1/"),
        HTTPRequest(.get, "http://a b/"),
        HTTPRequest(.get, "http://127.0.0.1/", headers: [("X", "a\r\nInjected: yes")]),
        HTTPRequest(.get, "http://127.0.0.1/", headers: [("X: y\r\nZ", "a")]),
    ])
    func `what could be misused is refused`(request: HTTPRequest) async throws {
        let error = try await failure(HTTPClient(), request)
        #expect(error.code == .invalidRequest)
        #expect(error.sent == .no)
    }

    @Test func `an inner address is refused when the socket is opened, and errors hold no URL`() async throws {
        let server = try await server()
        let client = HTTPClient(HTTPClient.Settings(addresses: .publicOnly))
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"] {
            let request = HTTPRequest(.post, "http://\(host):\(server.port)/canary-token")
            let error = try await failure(client, request)
            #expect(error.code == .addressRefused, "\(host)")
            #expect(error.sent == .no)
            #expect(!"\(error)".contains("canary"))
        }
        let counts = try await HTTPClient().send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/counts"))
        #expect(!counts.text.contains("canary"))
    }

    @Test func `TLS is verified`() async throws {
        let folder = try Scratch.folder()
        let certificate = try await TestCertificate(in: folder)
        let server = try await FixtureServer(
            "Tests/Fixtures/servers/http_server.py", ["--tls", certificate.certificate, certificate.key])
        let request = HTTPRequest(.get, "https://localhost:\(server.port)/ok")
        #expect(try await failure(HTTPClient(), request).code == .tlsFailed)
        let trusting = HTTPClient(HTTPClient.Settings(authorityFile: certificate.certificate))
        #expect(try await trusting.send(request).status == 200)
    }

    @Test func `cancelled and closed end at once`() async throws {
        let server = try await server()
        let client = HTTPClient()
        let request = HTTPRequest(.get, "http://127.0.0.1:\(server.port)/hang", timeout: .seconds(60))
        let task = Task { try await client.send(request) }
        try await arrived(1, "/hang", at: server)
        task.cancel()
        await #expect(throws: HTTPClientError.self) { try await task.value }
        let second = Task { try await client.send(request) }
        try await arrived(2, "/hang", at: server)
        client.close()
        await #expect(throws: HTTPClientError.self) { try await second.value }
        #expect(try await failure(client, request).code == .closed)
    }

    @Test func `many at a time`() async throws {
        let server = try await server()
        let client = HTTPClient()
        let url = "http://127.0.0.1:\(server.port)/ok"
        let good = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask { (try? await client.send(HTTPRequest(.post, url, body: [0x41])))?.status == 200 }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(good == 200)
    }
}

private struct Echo: Decodable {
    let method: String
    let target: String
    let headers: [String: String]
    let body: String
    let number: Int
}

/// A test saw something else.
struct Unexpected: Error {
    let what: String
    init(_ what: String) { self.what = what }
}
