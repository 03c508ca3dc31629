import Foundation
import Outbound

/// HTTP calls to the suite's services, whose errors say what is known and what to do.
struct ServiceCalls: Sendable {
    let address: SuiteAddress
    private let send: @Sendable (HTTPRequest) async throws(HTTPClientError) -> HTTPResponse

    init(address: SuiteAddress, client: HTTPClient) {
        self.address = address
        send = { request throws(HTTPClientError) in try await client.send(request) }
    }

    /// For tests: answers without a network.
    init(
        address: SuiteAddress, send: @escaping @Sendable (HTTPRequest) async throws(HTTPClientError) -> HTTPResponse
    ) {
        self.address = address
        self.send = send
    }

    /// What a service answers to a GET, whatever the status; nil when it cannot be reached within 2 seconds.
    func look(_ service: String, _ path: String) async -> HTTPResponse? {
        // Whoever looks says that it is not there; why is of use to nobody in a report of many.
        try? await send(
            HTTPRequest(.get, address.url(service) + path, timeout: .seconds(2), connectTimeout: .seconds(1)))
    }

    /// What a service answers to a GET, decoded.
    ///
    /// - Throws: `Failure`.
    func get<Answer: Decodable>(_ service: String, _ path: String, as type: Answer.Type) async throws -> Answer {
        try await decode(call(service, .get, path, body: [], timeout: .seconds(10)), service)
    }

    /// Posts JSON and gives the answer, decoded.
    ///
    /// - Throws: `Failure`, saying whether the command may have been carried out.
    func post<Body: Encodable, Answer: Decodable>(
        _ service: String, _ path: String, _ body: Body, as type: Answer.Type, timeout: Duration = .seconds(20)
    ) async throws -> Answer {
        let bytes = [UInt8](try JSONEncoder().encode(body))
        return try await decode(call(service, .post, path, body: bytes, timeout: timeout), service)
    }

    /// As `post`, to change what is there.
    ///
    /// - Throws: `Failure`, saying whether the command may have been carried out.
    func patch<Body: Encodable, Answer: Decodable>(
        _ service: String, _ path: String, _ body: Body, as type: Answer.Type
    ) async throws -> Answer {
        let bytes = [UInt8](try JSONEncoder().encode(body))
        return try await decode(call(service, .patch, path, body: bytes, timeout: .seconds(20)), service)
    }

    private func call(
        _ service: String, _ method: HTTPRequest.Method, _ path: String, body: [UInt8], timeout: Duration
    ) async throws -> HTTPResponse {
        let url = address.url(service)
        let request = HTTPRequest(
            method, url + path, headers: body.isEmpty ? [] : [("Content-Type", "application/json")], body: body,
            timeout: timeout)
        let response: HTTPResponse
        do {
            response = try await send(request)
        } catch {
            throw Self.failure(error, service, url, changing: method != .get)
        }
        guard (200..<300).contains(response.status) else { throw Self.failure(response, service) }
        return response
    }

    private func decode<Answer: Decodable>(_ response: HTTPResponse, _ service: String) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(response.body))
        } catch {
            throw Failure(
                "\(service) answered something this release does not understand",
                mend: "use the command line and the services of one release")
        }
    }

    private static func failure(_ error: HTTPClientError, _ service: String, _ url: String, changing: Bool) -> Failure {
        let known =
            switch error.sent {
            case .no: changing ? "; nothing was changed" : ""
            default: changing ? "; it may have been carried out, look with `plimsoll status`" : ""
            }
        return Failure(
            "\(service) at \(url) does not answer: \(error.message)\(known)",
            mend: "see that it runs (its log says why not), or set services.\(service.replacing("-", with: "_"))",
            status: Failure.unreachable)
    }

    private struct Problem: Decodable {
        let detail: String?
        let title: String?
    }

    private static func failure(_ response: HTTPResponse, _ service: String) -> Failure {
        // Something between may answer in words of its own.
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
        let words = problem?.detail ?? problem?.title ?? "status \(response.status)"
        let mend =
            switch response.status {
            case 400, 422: "correct the argument it names"
            case 401, 403: "use a key that may do this"
            case 404: "see the names with `plimsoll status`"
            case 409: "see `plimsoll status` for how things are"
            case 500...: "try again; if it stays so, see the log of \(service)"
            default: "see the log of \(service)"
            }
        return Failure("\(service) refused: \(words)", mend: mend)
    }
}
