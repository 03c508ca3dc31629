package import Outbound

/// Carries requests to the exchange over HTTP.
package struct HTTPTransport: BinanceTransport {
    /// Larger answers are refused; `exchangeInfo` of all markets is the largest there is.
    package static let responseLimit = 32 << 20

    private let client: HTTPClient

    package init(_ client: HTTPClient) { self.client = client }

    package func send(_ request: BinanceHTTPRequest) async throws(BinanceError) -> BinanceHTTPReply {
        let message = HTTPRequest(
            Self.method(request.method), request.url, headers: request.headers, body: Array((request.body ?? "").utf8),
            timeout: request.timeout, connectTimeout: request.timeout, responseLimit: Self.responseLimit)
        do throws(HTTPClientError) {
            let response = try await client.send(message)
            return BinanceHTTPReply(
                status: response.status, body: response.body,
                retryAfter: response.header("Retry-After").flatMap { Int($0) },
                usedWeight: response.header("X-MBX-USED-WEIGHT-1M").flatMap { Int($0) })
        } catch {
            throw Self.mapped(error)
        }
    }

    private static func method(_ method: BinanceRequest.Method) -> HTTPRequest.Method {
        switch method {
        case .get: .get
        case .post: .post
        case .put: .put
        case .delete: .delete
        }
    }

    /// A cut-off answer with a refusing status is still a refusal; anything else that was sent is in doubt.
    private static func mapped(_ error: HTTPClientError) -> BinanceError {
        switch error.sent {
        case .no: .notSent(reason: error.code.rawValue)
        case .inDoubt: .inDoubt(reason: error.code.rawValue)
        case .answered(let status):
            (400..<500).contains(status)
                ? BinanceError(status: status, retryAfter: nil, body: [])
                : .inDoubt(reason: "\(error.code.rawValue) after status \(status)")
        }
    }
}
