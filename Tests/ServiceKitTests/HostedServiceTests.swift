import Foundation
import FoundationNetworking
import Hummingbird
import TestKit
import Testing

@testable import ServiceKit

@Suite struct HostedServiceTests {
    private func get(_ path: String, _ port: Int) async throws -> (status: Int, type: String, body: String) {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, answer.value(forHTTPHeaderField: "Content-Type") ?? "",
            String(decoding: data, as: UTF8.self)
        )
    }

    @Test func `a service has the standard routes and is ready when its dependencies are up`() async throws {
        let service = try await HostedService(
            "example", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: LogLines()
        ) { context, api in
            let server = context.health.dependency("postgres")
            server.down("waiting for it")
            api.router.get("/up") { _, _ in
                server.up()
                return "ok"
            }
            return []
        }
        try await service.whileRunning { port in
            #expect(try await get("/health/live", port).status == 200)
            let unready = try await get("/health/ready", port)
            #expect(unready.status == 503)
            #expect(unready.body.contains("waiting for it"))
            #expect(try await get("/up", port).status == 200)
            #expect(try await get("/health/ready", port).status == 200)
            let missing = try await get("/nothing", port)
            #expect(missing.status == 404)
            #expect(missing.type == "application/problem+json")
            let page = try await get("/metrics", port).body
            #expect(page.contains(#"plimsoll_http_requests_total{method="GET",route="/up",status="200"} 1"#))
            #expect(page.contains(#"plimsoll_http_requests_total{method="GET",route="other",status="404"} 1"#))
            #expect(try await get("/api/openapi.json", port).body.contains("\"/up\""))
        }
    }

    private func send(_ method: String, _ path: String, _ body: Data, _ port: Int) async throws -> (
        status: Int, body: String
    ) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        request.httpBody = body
        let (data, response) = try await URLSession.shared.data(for: request)
        return (try #require(response as? HTTPURLResponse).statusCode, String(decoding: data, as: UTF8.self))
    }

    private struct Order: Codable {
        let amount: Int
    }

    private struct Unexpected: Error {}

    @Test func `errors are problem documents and bodies are bounded`() async throws {
        let lines = LogLines()
        let service = try await HostedService(
            "example", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: lines
        ) { _, api in
            api.router.post("/orders/:id") { request, context in
                let order = try await JSONBody.decode(Order.self, from: request, context: context)
                if order.amount < 0 { throw Problem.conflict("too late", code: "too_late") }
                if order.amount == 0 { throw Unexpected() }
                return try JSONBody.response(order, status: .created)
            }
            api.describe(RouteDescription("POST", "/orders/{id}", "Places an order.", responses: [201: "placed"]))
            return []
        }
        try await service.whileRunning { port in
            func post(_ body: String) async throws -> (status: Int, body: String) {
                try await send("POST", "/orders/7", Data(body.utf8), port)
            }
            #expect(try await post(#"{"amount":1}"#).status == 201)
            let missing = try await post("{}")
            #expect(missing.status == 400)
            #expect(missing.body.contains("amount is missing"))
            #expect(try await post(#"{"amount":"x"}"#).body.contains("amount: has the wrong type"))
            #expect(try await post("not json").status == 400)
            let late = try await post(#"{"amount":-1}"#)
            let expected =
                #"{"code":"too_late","detail":"too late","status":409,"title":"Conflict","type":"about:blank"}"#
            #expect(late.status == 409)
            #expect(late.body == expected)
            let broken = try await post(#"{"amount":0}"#)
            #expect(broken.status == 500)
            #expect(!broken.body.contains("Unexpected"))
            #expect(lines.lines.contains { $0.contains("a request failed") && $0.contains("Unexpected") })
            let large = Data(repeating: 32, count: ServiceRequestContext.bodyMax + 1)
            #expect(try await send("POST", "/orders/7", large, port).status == 413)
            #expect(try await send("DELETE", "/orders/7", Data(), port).status == 404)
            let page = try await get("/metrics", port).body
            #expect(page.contains(#"plimsoll_http_requests_total{method="POST",route="/orders/{id}",status="400"} 3"#))
            let api = try await get("/api/openapi.json", port).body
            #expect(api.contains("Places an order."))
            #expect(api.contains(#""/orders/{id}":{"post":"#))
        }
    }

    @Test func `a chunked body beyond the limit is refused while it is read`() async throws {
        let service = try await HostedService(
            "example", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: LogLines()
        ) { _, api in
            api.router.post("/raw") { request, context in
                "\(try await JSONBody.data(of: request, context: context).count)"
            }
            return []
        }
        try await service.whileRunning { port in
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)/raw")))
            request.httpMethod = "POST"
            request.httpBodyStream = InputStream(data: Data(repeating: 32, count: ServiceRequestContext.bodyMax + 1))
            let (_, response) = try await URLSession.shared.data(for: request)
            #expect((response as? HTTPURLResponse)?.statusCode == 413)
        }
    }

    @Test func `what is no HTTP is answered 400 and counted by its reason`() async throws {
        let service = try await HostedService(
            "example", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: LogLines()
        ) { _, api in
            api.router.post("/raw") { request, context in
                "\(try await JSONBody.data(of: request, context: context).count)"
            }
            return []
        }
        let script = """
            import socket, sys
            connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
            connection.sendall(sys.argv[2].encode())
            print(connection.recv(9999).split()[1].decode(), end="")
            """
        try await service.whileRunning { port in
            for (request, reason) in [
                ("GET / HTTP/9.9\r\n\r\n", "request_line"),
                ("POST /raw HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "header"),
                ("POST /raw HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "body"),
            ] {
                #expect(try await Command.require("/usr/bin/python3", ["-c", script, "\(port)", request]) == "400")
                let page = try await get("/metrics", port).body
                #expect(page.contains("plimsoll_http_malformed_total{reason=\"\(reason)\"} 1"), "\(reason)")
            }
        }
    }

    @Test func `a build that fails because of its settings reports the settings`() async throws {
        let error = await #expect(throws: SettingsError.self) {
            try await HostedService("example", settings: try Settings(yaml: "x: {y: z}"), sink: LogLines()) {
                context, _ in
                _ = context.reader.integer("x.y", in: 0...1)
                throw Unexpected()
            }
        }
        #expect(error?.faults.map(\.key) == ["example.port", "x.y"])
    }
}
