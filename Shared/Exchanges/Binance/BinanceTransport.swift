/// A request as it goes over HTTP.
package struct BinanceHTTPRequest: Sendable {
    package let method: BinanceRequest.Method
    package let url: String
    package let headers: [(name: String, value: String)]
    /// The form of a POST or PUT; nil for the others, which carry it in the address.
    package let body: String?
    package let timeout: Duration
}

/// An answer as it came over HTTP.
package struct BinanceHTTPReply: Sendable {
    package let status: Int
    package let body: [UInt8]
    /// Header `Retry-After`, in seconds.
    package let retryAfter: Int?
    /// Header `X-MBX-USED-WEIGHT-1M`.
    package let usedWeight: Int?

    package init(status: Int, body: [UInt8], retryAfter: Int? = nil, usedWeight: Int? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
        self.usedWeight = usedWeight
    }
}

/// What carries requests to the exchange.
package protocol BinanceTransport: Sendable {
    /// Sends and waits for the answer, whatever its status.
    ///
    /// - Throws: `notSent` when it surely did not leave, `inDoubt` otherwise; `undecodable` when it is no HTTP.
    func send(_ request: BinanceHTTPRequest) async throws(BinanceError) -> BinanceHTTPReply
}
