/// A request to a server of somebody else.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// `http` or `https`.
    package var url: String
    /// In the order given. Line breaks and other control characters are refused.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// For the whole of it, from the first packet to the last byte of the answer.
    package var timeout: Duration
    package var connectTimeout: Duration
    /// Most bytes of the answer's body.
    package var responseLimit: Int

    package init(
        _ method: Method, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeout: Duration = .seconds(10), connectTimeout: Duration = .seconds(5), responseLimit: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.responseLimit = responseLimit
    }
}

/// What the server answered, whatever the status.
package struct HTTPResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// The first header of that name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as text; bytes that are no UTF-8 become U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Why there is no response.
package struct HTTPClientError: Error, Sendable, Equatable {
    package enum Code: String, Sendable {
        /// The URL, a header or the method is not usable.
        case invalidRequest = "invalid_request"
        /// The address is not one this client may connect to.
        case addressRefused = "address_refused"
        case couldNotConnect = "could_not_connect"
        /// No TLS, or a certificate that is not trusted.
        case tlsFailed = "tls_failed"
        case timedOut = "timed_out"
        case connectionLost = "connection_lost"
        case responseTooLarge = "response_too_large"
        case malformedResponse = "malformed_response"
        case cancelled
        /// Too many requests under way.
        case overloaded
        /// The client was closed.
        case closed
    }

    /// What the server may know of the request.
    package enum Sent: Sendable, Equatable {
        /// Surely nothing: it may be sent again.
        case no
        /// Perhaps: it may have taken effect.
        case inDoubt
        /// It began to answer with this status, and the rest is missing.
        case answered(status: Int)
    }

    package let code: Code
    package let sent: Sent
    /// curl's words for it; never a URL, a header or a body.
    package let message: String
}

extension HTTPClientError: CustomStringConvertible {
    package var description: String { "\(code.rawValue) (sent: \(sent)): \(message)" }
}
