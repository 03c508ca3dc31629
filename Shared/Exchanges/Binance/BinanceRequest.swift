package import Domain

/// A request to Binance's REST interface, before it is signed.
package struct BinanceRequest: Sendable, Equatable {
    /// The verb of HTTP.
    package enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", delete = "DELETE" }

    /// Who may ask.
    package enum Access: Sendable {
        /// Anybody.
        case open
        /// With the API key in a header.
        case key
        /// With key, timestamp and signature.
        case signed
    }

    package let method: Method
    package let path: String
    /// In the order they are sent.
    package let parameters: [(name: String, value: String)]
    package let access: Access
    /// What the exchange counts for it.
    package let weight: Int
    package let urgency: RequestWeight.Urgency
    /// Our clock when it was decided on, from where its validity window counts; nil: when it leaves.
    package let decidedAt: Timestamp?

    package init(
        _ method: Method, _ path: String, _ parameters: [(name: String, value: String)] = [], access: Access = .open,
        weight: Int = 1, urgency: RequestWeight.Urgency = .data, decidedAt: Timestamp? = nil
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.access = access
        self.weight = weight
        self.urgency = urgency
        self.decidedAt = decidedAt
    }

    /// The percent-encoded query text of the parameters.
    package var query: String {
        parameters.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
            .joined(separator: "&")
    }

    /// The query text with validity window, timestamp (milliseconds of exchange time) and signature.
    package func signedQuery(signer: BinanceSigner, timestamp: Int64, receiveWindow: Int64) -> String {
        let stamp = "recvWindow=\(receiveWindow)&timestamp=\(timestamp)"
        let payload = parameters.isEmpty ? stamp : "\(query)&\(stamp)"
        return "\(payload)&signature=\(signer.signature(of: payload))"
    }

    package static func == (left: BinanceRequest, right: BinanceRequest) -> Bool {
        left.method == right.method && left.path == right.path && left.query == right.query
            && left.access == right.access
    }
}
