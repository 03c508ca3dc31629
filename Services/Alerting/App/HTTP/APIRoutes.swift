import HTTPTypes
import Hummingbird
import NIOCore
import ServiceKit

/// Adds routes that answer as Alertmanager's framework does: the methods that a path does not take, what the caller will
/// not accept, cross-origin calls, and faults.
struct APIRoutes: Sendable {
    typealias Handler = @Sendable (Request, ServiceRequestContext) async throws -> Response

    /// The largest body of a post: a full batch of Prometheus with long annotations is far below.
    static let bodyMax = 32 << 20

    let api: ServiceAPI

    /// - Parameter handlers: by method, in the order in which a refusal names them.
    func add(_ path: String, _ handlers: [(method: HTTPRequest.Method, handler: Handler)]) {
        let allowed = handlers.map(\.method)
        for (method, handler) in handlers {
            api.router.on(RouterPath(path), method: method) { request, context in
                try await Self.answer(request, context) { request, context in
                    if method != .post { try Self.checkAccept(request) }
                    return try await handler(request, context)
                }
            }
        }
        let all: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        for method in all where !allowed.contains(method) {
            api.router.on(RouterPath(path), method: method) { request, context in
                if let preflight = Self.preflight(request) { return preflight }
                var response = try await Self.answer(request, context) { request, _ in
                    let names = allowed.map(\.rawValue).joined(separator: ",")
                    throw APIAnswer.FrameworkFault(
                        .methodNotAllowed, "method \(request.method.rawValue) is not allowed, but [\(names)] are")
                }
                response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ",")
                return response
            }
        }
    }

    /// Everything below a path that nothing else is at.
    func addNotFound(below path: String) {
        for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete, .options] {
            api.router.on(RouterPath("\(path)/**"), method: method) { request, context in
                try await Self.answer(request, context) { request, _ in
                    throw APIAnswer.FrameworkFault(.notFound, "path \(request.uri.path) was not found")
                }
            }
        }
    }

    private static func answer(
        _ request: Request, _ context: ServiceRequestContext, _ handler: Handler
    ) async throws -> Response {
        var response: Response
        do {
            response = try await handler(request, context)
        } catch let fault as APIAnswer.Fault {
            response = try fault.response(from: request, context: context)
        } catch let fault as APIAnswer.FrameworkFault {
            response = try fault.response(from: request, context: context)
        } catch is NIOTooManyBytesError {
            response = try APIAnswer.FrameworkFault(
                .contentTooLarge, "the body may have at most \(Self.bodyMax) bytes"
            ).response(from: request, context: context)
        }
        response.headers[.vary] = "Origin"
        if request.headers[.origin] != nil { response.headers[.accessControlAllowOrigin] = "*" }
        return response
    }

    /// A browser asks whether it may; nil when it does not ask.
    private static func preflight(_ request: Request) -> Response? {
        guard request.method == .options, let method = request.headers[.accessControlRequestMethod] else { return nil }
        var headers: HTTPFields = [:]
        headers[.vary] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        if request.headers[.origin] != nil, ["GET", "POST", "HEAD"].contains(method.uppercased()) {
            headers[.accessControlAllowOrigin] = "*"
            headers[.accessControlAllowMethods] = method.uppercased()
            if let names = request.headers[.accessControlRequestHeaders] {
                headers[.accessControlAllowHeaders] = names
            }
        }
        return Response(status: .ok, headers: headers)
    }

    /// JSON must be among what the caller takes. Who sends a body takes what it sent.
    private static func checkAccept(_ request: Request) throws(APIAnswer.FrameworkFault) {
        guard let accept = request.headers[.accept], !accept.isEmpty else { return }
        let takesJSON = accept.split(separator: ",").contains { range in
            let type = range.split(separator: ";").first.map { $0.filter { !$0.isWhitespace }.lowercased() }
            return ["application/json", "application/*", "*/*"].contains(type)
        }
        guard takesJSON else {
            throw APIAnswer.FrameworkFault(
                .notAcceptable, "unsupported media type requested, only [application/json] are available")
        }
    }

    /// The body of a post, which must be JSON when there is one.
    ///
    /// - Throws: `APIAnswer.FrameworkFault`.
    static func body(_ request: Request) async throws -> [UInt8] {
        let buffer = try await request.body.collect(upTo: bodyMax)
        guard buffer.readableBytes > 0 else {
            try checkAccept(request)
            return []
        }
        let type = request.headers[.contentType] ?? ""
        let parts = type.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
        let name = parts.first.map { $0.lowercased() } ?? "application/octet-stream"
        if parts.dropFirst().contains(where: { !$0.contains("=") }) {
            throw APIAnswer.FrameworkFault(.badRequest, "parsing contentType header from \"\(type)\" failed")
        }
        guard name == "application/json" else {
            throw APIAnswer.FrameworkFault(
                .unsupportedMediaType, "unsupported media type \"\(name)\", only [application/json] are allowed")
        }
        return Array(buffer.readableBytesView)
    }
}

extension HTTPField.Name {
    fileprivate static var allow: HTTPField.Name { HTTPField.Name("Allow") ?? .server }
}
