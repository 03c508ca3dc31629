import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Turns whatever a route throws into a problem document; what the caller is not to blame for is logged and answered 500.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = ServiceRequestContext

    let logger: Logger
    let limits: BodyLimits

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try checkLength(of: request)
            response = try await next(request, context)
        } catch {
            response = try problem(from: error, request, context).response(from: request, context: context)
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }

    private func checkLength(of request: Request) throws {
        guard let text = request.headers[.contentLength], let length = Int(text) else { return }
        let limit = limits.limit(at: request.uri.path)
        if length > limit { throw Problem(.contentTooLarge, "the body may have at most \(limit) bytes") }
    }

    private func problem(from error: any Error, _ request: Request, _ context: Context) -> Problem {
        switch error {
        case let problem as Problem:
            return problem
        case let error as HTTPError:
            return Problem(error.status, error.body ?? Self.words(for: error.status, request))
        case let error as DecodingError:
            return .badRequest(Self.words(for: error))
        case is NIOTooManyBytesError:
            return Problem(.contentTooLarge, "the body may have at most \(context.maxUploadSize) bytes")
        case is HTTPParserError:
            return .badRequest("the body is not what HTTP allows")
        case let error as any HTTPResponseError:
            return Problem(error.status, error.status.reasonPhrase)
        case is CancellationError:
            return .unavailable("the service is stopping")
        default:
            logger.error(
                "a request failed",
                metadata: [
                    "http.method": "\(request.method)", "http.route": "\(context.endpointPath ?? "unknown")",
                    "error": "\(error)",
                ])
            return Problem(.internalServerError, "the service failed at this request; its log says why")
        }
    }

    private static func words(for status: HTTPResponse.Status, _ request: Request) -> String {
        switch status {
        case .notFound: "there is nothing at this address"
        case .methodNotAllowed: "this address does not take \(request.method.rawValue)"
        default: status.reasonPhrase
        }
    }

    private static func words(for error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "the body" : path.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context)): \(key.stringValue) is missing"
        case .valueNotFound(_, let context): return "\(place(context)): is null"
        case .typeMismatch(_, let context): return "\(place(context)): has the wrong type"
        case .dataCorrupted(let context): return "\(place(context)): \(context.debugDescription)"
        @unknown default: return "the body cannot be read"
        }
    }
}

extension HTTPField.Name {
    static var xContentTypeOptions: HTTPField.Name { HTTPField.Name("X-Content-Type-Options") ?? .server }
}
