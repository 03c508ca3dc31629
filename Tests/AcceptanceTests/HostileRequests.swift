import Foundation
import Outbound
import TestKit
import Testing

/// HTTP from anybody to one service: its own routes with words and bodies that nobody meant.
struct HostileRequests {
    let port: Int
    private let routes: [(method: String, path: String)]
    private let client: HTTPClient

    /// - Parameter document: the service's description of its routes.
    init(port: Int, document: String, client: HTTPClient) throws {
        self.port = port
        self.client = client
        let paths = try #require(
            (try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any])?["paths"]
                as? [String: [String: Any]])
        let known = paths.sorted { $0.key < $1.key }.flatMap { path, methods in
            methods.keys.sorted().map { (method: $0.uppercased(), path: path) }
        }
        let others = ["POST", "PUT", "DELETE", "PATCH"].map { (method: $0, path: "/api/none") }
        routes =
            known.filter { $0.method != "GET" || $0.path.hasPrefix("/api") } + others + [
                ("POST", "/health/ready"), ("GET", "/"),
            ]
    }

    /// Sends so many, eight at a time, and gives how often each status was the answer, and what was answered 5xx.
    func send(_ count: Int, seed: UInt64) async throws -> (statuses: [Int: Int], failed: [String]) {
        var random = SeededRandom(seed: seed)
        let requests = (0..<count).map { _ in request(&random) }
        return try await withThrowingTaskGroup(of: (HTTPRequest, Int).self) { group in
            var (statuses, failed): ([Int: Int], [String]) = ([:], [])
            for (index, request) in requests.enumerated() {
                if index >= 8, let (request, status) = try await group.next() {
                    Self.note(request, status, &statuses, &failed)
                }
                group.addTask { (request, try await client.send(request).status) }
            }
            for try await (request, status) in group { Self.note(request, status, &statuses, &failed) }
            return (statuses, failed)
        }
    }

    private static func note(
        _ request: HTTPRequest, _ status: Int, _ statuses: inout [Int: Int], _ failed: inout [String]
    ) {
        statuses[status, default: 0] += 1
        guard status >= 500 else { return }
        failed.append("\(status): \(request.method) \(request.url) \(String(decoding: request.body, as: UTF8.self))")
    }

    private func request(_ random: inout SeededRandom) -> HTTPRequest {
        let route = routes.randomElement(using: &random) ?? ("GET", "/")
        let method = HTTPRequest.Method(rawValue: route.method) ?? .get
        let url = "http://127.0.0.1:\(port)\(path(route.path, &random))"
        guard method != .get else { return HTTPRequest(.get, url, timeout: .seconds(20)) }
        return HTTPRequest(
            method, url, headers: [("Content-Type", "application/json")], body: body(&random), timeout: .seconds(20))
    }

    private func path(_ path: String, _ random: inout SeededRandom) -> String {
        let words = [
            "nobody", "%00", "..%2F..%2Fetc", "%27%3BDROP", "%FF%FE", String(repeating: "x", count: 3000), "-1",
            "%C3%A9",
        ]
        var result = ""
        for part in path.split(separator: "/") {
            let isOpen = part.hasPrefix("{") || Int.random(in: 0..<8, using: &random) == 0
            result += "/" + (isOpen ? words.randomElement(using: &random) ?? "" : String(part))
        }
        if Bool.random(using: &random) {
            let names = ["limit", "account", "signal", "order", "filter", "active", ""]
            result += "?\(names.randomElement(using: &random) ?? "")=\(words.randomElement(using: &random) ?? "")"
        }
        return result.hasPrefix("/") ? result : "/" + result
    }

    private func body(_ random: inout SeededRandom) -> [UInt8] {
        let samples = [
            #"{"owner":"me","account":"nobody","kind":"monthly_income","target":"100"}"#, #"{"by":"","reason":"x"}"#,
            #"{"amount":"-1e9","by":"a"}"#, #"[{"labels":{"alertname":""}}]"#,
            #"[{"labels":{"a":1},"startsAt":"soon"}]"#,
            "[]", "{}", "null", "", #"{"matchers":[{"name":"a","value":"(((","isRegex":true}]}"#,
        ]
        let sample = Array((samples.randomElement(using: &random) ?? "").utf8)
        return Bool.random(using: &random) ? HostileMessages.mutilated(sample, &random) : sample
    }
}
