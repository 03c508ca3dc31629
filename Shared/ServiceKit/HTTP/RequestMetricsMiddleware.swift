import HTTPTypes
import Hummingbird

/// Counts and times requests by the template of their route, never by the path that was asked for.
struct RequestMetricsMiddleware: RouterMiddleware {
    typealias Context = ServiceRequestContext

    let metrics: Metrics

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        do {
            let response = try await next(request, context)
            record(request, context, response.status, start)
            return response
        } catch {
            record(request, context, .internalServerError, start)
            throw error
        }
    }

    private func record(
        _ request: Request, _ context: Context, _ status: HTTPResponse.Status, _ start: ContinuousClock.Instant
    ) {
        let route =
            status == .notFound && context.endpointPath == "NotFound" ? "other" : context.endpointPath ?? "other"
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let method = known.contains(request.method) ? request.method.rawValue : "other"
        metrics.counter(
            "plimsoll_http_requests_total", "HTTP requests answered.",
            labels: ["route": route, "method": method, "status": "\(status.code)"]
        ).increment()
        metrics.histogram(
            "plimsoll_http_request_seconds", "Time to answer an HTTP request.", buckets: Self.buckets,
            labels: ["route": route]
        ).observe(ContinuousClock.now - start)
    }

    private static let buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
}
