package import Hummingbird
import Synchronization

/// The HTTP surface of a service under construction: its routes, and what the OpenAPI document says of them.
package final class ServiceAPI: Sendable {
    // Routes are added while the service is built, by one task, and never after.
    package nonisolated(unsafe) let router: ServiceRouter
    private let commandGuard: CommandGuard
    private let descriptions = Mutex<[RouteDescription]>([])
    private let limits: BodyLimits

    init(router: ServiceRouter, limits: BodyLimits, commandGuard: CommandGuard) {
        self.router = router
        self.commandGuard = commandGuard
        self.limits = limits
    }

    /// For routes that change something: they take JSON only, and nothing that a web page of somebody else's can send.
    package var commands: RouterGroup<ServiceRequestContext> { router.group().add(middleware: commandGuard) }

    /// Lets larger bodies than usual come in at a path; its handler collects them up to the same size.
    package func allow(bytes: Int, at path: String) { limits.set(bytes, at: path) }

    /// Says what a route is for. Routes that nobody describes appear with their path alone.
    package func describe(_ description: RouteDescription) { descriptions.withLock { $0.append(description) } }

    /// All routes, described or not, by path and method.
    var routes: [RouteDescription] {
        let described = descriptions.withLock { $0 }
        let all = router.routes.map { route in
            let path = "\(route.path)"
            let method = route.method.rawValue
            return described.first { $0.path == path && $0.method == method }
                ?? RouteDescription(method, path, Self.standard[path] ?? "\(method) \(path)")
        }
        return all.sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }

    private static let standard = [
        "/health/live": "200 while the process answers.",
        "/health/ready": "Each dependency by name; 503 when one that is required is missing.",
        "/metrics": "The figures of this service in the Prometheus text format.",
        "/api/openapi.json": "This document.",
    ]
}
