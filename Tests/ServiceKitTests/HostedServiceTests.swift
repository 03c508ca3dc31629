import Foundation
import FoundationNetworking
import Hummingbird
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
}
