import CCurl

/// An HTTP/1.1 client with kept connections. It follows no redirects, uses no proxy and keeps no cookies.
///
/// A request other than GET and HEAD leaves at most once: when a kept connection turns out to be dead under it, the answer is
/// `inDoubt` instead of a second try.
package final class HTTPClient: Sendable {
    package struct Settings: Sendable {
        package var addresses: AddressPolicy
        /// A PEM file of authorities instead of the system's.
        package var authorityFile: String?
        /// Most requests at a time; more are refused as `overloaded`.
        package var limit: Int
        package var connectionsPerHost: Int
        package var userAgent: String

        package init(
            addresses: AddressPolicy = .anywhere, authorityFile: String? = nil, limit: Int = 256,
            connectionsPerHost: Int = 8, userAgent: String = "plimsoll"
        ) {
            self.addresses = addresses
            self.authorityFile = authorityFile
            self.limit = limit
            self.connectionsPerHost = connectionsPerHost
            self.userAgent = userAgent
        }
    }

    private let settings: Settings
    private let engine: TransferEngine

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        self.engine = TransferEngine(
            name: "http-client", limit: settings.limit, connectionsPerHost: settings.connectionsPerHost)
    }

    deinit { engine.close() }

    /// Ends everything under way as `closed`.
    package func close() { engine.close() }

    /// Sends a request and waits for the whole answer, whatever its status.
    package func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        let plan = try plan(request)
        let outcome = await engine.perform(plan)
        if let error = Self.error(outcome, at: Self.place(request.url)) { throw error }
        return HTTPResponse(status: outcome.status, headers: Self.headers(outcome.headerLines), body: outcome.body)
    }

    private func plan(_ request: HTTPRequest) throws(HTTPClientError) -> TransferPlan {
        guard request.url.hasPrefix("https://") || request.url.hasPrefix("http://"),
            request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw HTTPClientError(code: .invalidRequest, sent: .no, message: "not an http or https URL") }
        var plan = TransferPlan(url: request.url)
        plan.addresses = settings.addresses
        plan.responseLimit = request.responseLimit
        plan.once = request.method != .get && request.method != .head
        plan.headerLines = try Self.headerLines(request)
        plan.numbers = [
            (CURLOPT_TIMEOUT_MS, request.timeout.curlMilliseconds),
            (CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.curlMilliseconds),
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            (CURLOPT_MAXAGE_CONN, 55),
        ]
        plan.strings = [(CURLOPT_PROTOCOLS_STR, "http,https"), (CURLOPT_USERAGENT, settings.userAgent)]
        if let file = settings.authorityFile { plan.strings.append((CURLOPT_CAINFO, file)) }
        switch request.method {
        case .get where request.body.isEmpty: plan.numbers.append((CURLOPT_HTTPGET, 1))
        case .head: plan.numbers.append((CURLOPT_NOBODY, 1))
        case .post: plan.postFields = request.body
        case .get, .put, .patch, .delete:
            if request.method != .delete || !request.body.isEmpty { plan.postFields = request.body }
            plan.strings.append((CURLOPT_CUSTOMREQUEST, request.method.rawValue))
        }
        return plan
    }

    private static func headerLines(_ request: HTTPRequest) throws(HTTPClientError) -> [String] {
        var lines: [String] = []
        for (name, value) in request.headers {
            let token = name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
            guard token, !name.isEmpty, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw HTTPClientError(code: .invalidRequest, sent: .no, message: "a header is not usable")
            }
            // To curl "Name:" means "leave it out", "Name;" an empty one.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        let names = request.headers.map { $0.name.lowercased() }
        if !names.contains("content-type") { lines.append("Content-Type:") }
        lines.append("Expect:")
        return lines
    }

    private static func headers(_ lines: [String]) -> [(name: String, value: String)] {
        lines.compactMap { line in
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line.utf8[line.utf8.index(after: colon)...].drop { $0 == 0x20 || $0 == 0x09 }
            let end = value.lastIndex { $0 > 0x20 }.map { value.index(after: $0) } ?? value.startIndex
            return (String(line[..<colon]), String(value[..<end]) ?? "")
        }
    }

    /// Host and port of a URL as they stand in it.
    private static func place(_ url: String) -> String {
        let rest = url.drop { $0 != ":" }.dropFirst(3)
        let authority = rest.prefix { !"/?#".contains($0) }
        return String(authority.split(separator: "@").last ?? "")
    }

    private static func error(_ outcome: TransferOutcome, at place: String) -> HTTPClientError? {
        guard outcome.stop != nil || outcome.code != CURLE_OK else { return nil }
        let sent: HTTPClientError.Sent =
            if outcome.starts == 0 { .no } else if outcome.status > 0 { .answered(status: outcome.status) } else {
                .inDoubt
            }
        let message = outcome.words(at: place)
        return HTTPClientError(code: code(outcome), sent: sent, message: message)
    }

    private static func code(_ outcome: TransferOutcome) -> HTTPClientError.Code {
        switch outcome.stop {
        case .cancelled: return .cancelled
        case .closed: return .closed
        case .overloaded: return .overloaded
        case .unusable: return .invalidRequest
        case nil: break
        }
        if outcome.responseTooLarge { return .responseTooLarge }
        if outcome.addressRefused { return .addressRefused }
        return switch outcome.code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .couldNotConnect
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_USE_SSL_FAILED:
            .tlsFailed
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: .malformedResponse
        default: .connectionLost
        }
    }
}
