import Exchanges

/// A request as it came over HTTP.
struct WebRequest: Sendable, Equatable {
    let method: String
    let path: String
    /// As sent, percent-encoded.
    let query: String
    let body: String
    let apiKey: String?

    /// Query and form, decoded; the first of a name wins. Nil when an escape is broken.
    func parameters() -> [String: String]? {
        var result: [String: String] = [:]
        for text in [query, body] {
            for pair in text.split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = PercentEncoding.decode(parts[0]),
                    let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "")
                else { return nil }
                if result[name] == nil { result[name] = value }
            }
        }
        return result
    }

    /// What is signed: query and form as sent, without the signature.
    var signedText: String {
        [query, body].map { text in
            text.split(separator: "&").filter { !$0.hasPrefix("signature=") }.joined(separator: "&")
        }.joined()
    }
}

/// An answer as it goes over HTTP.
struct WebResponse: Sendable, Equatable {
    var status = 200
    var body: String
    var headers: [(name: String, value: String)] = []
    var contentType = "application/json;charset=UTF-8"

    static func == (left: WebResponse, right: WebResponse) -> Bool {
        left.status == right.status && left.body == right.body
    }

    static func refusal(_ no: BinanceRejection, status: Int = 400) -> WebResponse {
        WebResponse(status: status, body: Messages.refusal(no))
    }
}

/// What is done with a request.
enum WebAnswer: Sendable, Equatable {
    case now(WebResponse)
    case later(WebResponse, milliseconds: Int64)
    /// The request is looked at so much later, even if the client is gone by then.
    case held(milliseconds: Int64)
    /// The connection is broken without an answer.
    case hangUp
}

/// A refusal on the way to an answer.
struct Refused: Error {
    let response: WebResponse

    init(_ code: Int, _ message: String, status: Int = 400) {
        response = .refusal(BinanceRejection(code: code, message: message), status: status)
    }

    init(_ refusal: VenueRefusal) { response = .refusal(refusal.rejection) }
}
