package import FoundationEssentials
package import HTTPTypes
package import Hummingbird
import NIOCore

/// Reads and writes the JSON of a service's own HTTP routes: sorted keys, bounded bodies.
package enum JSONBody {
    /// An answer with a JSON body.
    package static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value) + [10])))
    }

    /// The body of a request.
    ///
    /// - Throws: `NIOTooManyBytesError` beyond the limit of the context, `DecodingError` when it does not fit `type`; the
    ///   service answers 413 and 400.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from request: Request, context: ServiceRequestContext
    ) async throws -> Value {
        try JSONDecoder().decode(type, from: try await data(of: request, context: context))
    }

    /// The bytes of a request's body, within the limit of the context.
    package static func data(of request: Request, context: ServiceRequestContext) async throws -> Data {
        let buffer = try await request.body.collect(upTo: context.maxUploadSize)
        return Data(buffer.readableBytesView)
    }
}
