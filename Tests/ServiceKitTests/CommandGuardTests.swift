import Hummingbird
import Outbound
import Testing

@testable import ServiceKit

@Suite struct CommandGuardTests {
    private static let json = "application/json"

    private func service() async throws -> HostedService {
        try await HostedService(
            "example", settings: try Settings(yaml: "http: {names: [Suite.example.com]}"), listen: .anyLoopback,
            sink: LogLines()
        ) { _, api in
            api.commands.post("/stop") { _, _ in "done" }
            api.router.get("/see") { _, _ in "seen" }
            return []
        }
    }

    @Test func `what a web page can send is refused, whatever name it comes under`() async throws {
        let cases: [(type: String?, host: String?, origin: String?, status: Int)] = [
            (Self.json, nil, nil, 200), ("application/json; charset=utf-8", nil, nil, 200),
            ("text/plain", nil, nil, 415), ("application/x-www-form-urlencoded", nil, nil, 415), (nil, nil, nil, 415),
            ("text/plain;application/json", nil, nil, 415),
            (Self.json, "localhost:8083", nil, 200), (Self.json, "risk-manager:8083", nil, 200),
            (Self.json, "192.168.1.5", nil, 200), (Self.json, "[::1]:8083", nil, 200),
            (Self.json, "suite.EXAMPLE.com:443", nil, 200), (Self.json, "evil.example.com:8083", nil, 403),
            (Self.json, "127.0.0.1.evil.example", nil, 403), (Self.json, "1.2.3.999", nil, 403),
            (Self.json, "localhost:8083", "http://localhost:8083", 200),
            (Self.json, "localhost:8083", "https://evil.example", 403), (Self.json, "localhost:8083", "null", 403),
        ]
        try await service().whileRunning { port in
            let client = HTTPClient()
            for one in cases {
                var headers: [(String, String)] = []
                if let type = one.type { headers.append(("Content-Type", type)) }
                if let host = one.host { headers.append(("Host", host)) }
                if let origin = one.origin { headers.append(("Origin", origin)) }
                let answer = try await client.send(
                    Outbound.HTTPRequest(
                        .post, "http://127.0.0.1:\(port)/stop", headers: headers, body: Array("{}".utf8)))
                #expect(answer.status == one.status, "\(one)")
            }
            let scrape = Outbound.HTTPRequest(
                .get, "http://127.0.0.1:\(port)/see", headers: [("Host", "any.example.com")])
            #expect(try await client.send(scrape).status == 200, "what only reads asks for no name")
        }
    }
}
