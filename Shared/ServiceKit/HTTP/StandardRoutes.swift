import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The routes every service has.
struct StandardRoutes: Sendable {
    let service: String
    let health: Health
    let metrics: Metrics
    let describe: @Sendable () -> [RouteDescription]

    func add(to router: ServiceRouter) {
        router.get("/health/live") { _, _ in try JSONBody.response(["status": "live"]) }
        router.get("/health/ready") { _, _ in try readiness() }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.render())))
        }
        router.get("/api/openapi.json") { _, _ in
            try JSONBody.response(OpenAPIDocument(service: service, routes: describe()))
        }
    }

    private func readiness() throws -> Response {
        let ready = health.ready
        let body = Readiness(
            status: ready ? "ready" : health.stopping ? "stopping" : "not ready", service: service,
            dependencies: health.statuses.map { status in
                Readiness.Dependency(
                    name: status.name, up: status.up, required: status.required, reason: status.reason,
                    since: status.since.description)
            })
        return try JSONBody.response(body, status: ready ? .ok : .serviceUnavailable)
    }

    private struct Readiness: Encodable {
        struct Dependency: Encodable {
            let name: String
            let up: Bool
            let required: Bool
            let reason: String?
            let since: String
        }

        let status: String
        let service: String
        let dependencies: [Dependency]
    }
}
