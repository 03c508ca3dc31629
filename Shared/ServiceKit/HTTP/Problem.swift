import FoundationEssentials
package import HTTPTypes
package import Hummingbird
import NIOCore

/// An error for the caller of an HTTP route, answered as `application/problem+json` (RFC 9457).
package struct Problem: Error, Sendable, Equatable {
    package let status: HTTPResponse.Status
    /// What was wrong with this request, in words; it may be shown to people and holds no secret.
    package let detail: String
    /// A stable code for programs, such as `unknown_account`; nil when the status says enough.
    package let code: String?

    package init(_ status: HTTPResponse.Status, _ detail: String, code: String? = nil) {
        self.status = status
        self.detail = detail
        self.code = code
    }

    /// 400 with a sentence.
    package static func badRequest(_ detail: String, code: String? = nil) -> Problem {
        Problem(.badRequest, detail, code: code)
    }

    /// 404 with a sentence.
    package static func notFound(_ detail: String, code: String? = nil) -> Problem {
        Problem(.notFound, detail, code: code)
    }

    /// 409 with a sentence.
    package static func conflict(_ detail: String, code: String? = nil) -> Problem {
        Problem(.conflict, detail, code: code)
    }

    /// 503 with a sentence: what is needed is not there now, the same request may succeed later.
    package static func unavailable(_ detail: String, code: String? = nil) -> Problem {
        Problem(.serviceUnavailable, detail, code: code)
    }
}

extension Problem: HTTPResponseError {
    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var body = ["type": "about:blank", "title": status.reasonPhrase, "detail": detail]
        if let code { body["code"] = code }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(Body(texts: body, status: Int(status.code)))
        return Response(
            status: status, headers: [.contentType: "application/problem+json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }

    private struct Body: Encodable {
        let texts: [String: String]
        let status: Int

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            for (name, text) in texts { try container.encode(text, forKey: Key(stringValue: name)) }
            try container.encode(status, forKey: Key(stringValue: "status"))
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
