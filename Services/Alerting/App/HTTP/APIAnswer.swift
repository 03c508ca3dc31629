import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The shapes in which Alertmanager's v2 API answers.
enum APIAnswer {
    /// A fault as its handlers word one: a JSON string.
    struct Fault: Error, Equatable {
        let status: HTTPResponse.Status
        let message: String

        static func badRequest(_ message: String) -> Fault { Fault(status: .badRequest, message: message) }
    }

    /// A fault as its framework finds one before any handler: `{"code", "message"}`.
    struct FrameworkFault: Error, Equatable {
        let status: HTTPResponse.Status
        /// The status, or a code of the framework's own.
        let code: Int
        let message: String

        init(_ status: HTTPResponse.Status, code: Int? = nil, _ message: String) {
            self.status = status
            self.code = code ?? status.code
            self.message = message
        }

        /// 422: `0.labels in body is required`.
        static func required(_ name: String, in place: String = "body") -> FrameworkFault {
            FrameworkFault(.unprocessableContent, code: 602, "\(name) in \(place) is required")
        }

        static func wrongType(_ name: String, in place: String, _ type: String, _ value: String) -> FrameworkFault {
            FrameworkFault(
                .unprocessableContent, code: 601, "\(name) in \(place) must be of type \(type): \(Self.quoted(value))")
        }

        /// 400: the body of this name cannot be parsed.
        static func unreadable(_ name: String, _ why: String) -> FrameworkFault {
            FrameworkFault(.badRequest, "parsing \(name) body from \"\" failed, because \(why)")
        }

        private static func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
    }

    /// An answer with a JSON body.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return response(status, Array(try encoder.encode(value)) + [10])
    }

    /// An answer whose JSON is written already.
    static func response(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// An answer without a body.
    static func empty(_ status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"])
    }
}

extension APIAnswer.Fault: HTTPResponseError {
    func response(from request: Request, context: some RequestContext) throws -> Response {
        try APIAnswer.json(message, status: status)
    }
}

extension APIAnswer.FrameworkFault: HTTPResponseError {
    private struct Body: Encodable {
        let code: Int
        let message: String
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        try APIAnswer.json(Body(code: code, message: message), status: status)
    }
}
