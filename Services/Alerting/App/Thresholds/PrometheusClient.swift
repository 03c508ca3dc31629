import Domain
import Foundation
import Outbound

/// Asks a Prometheus for what was.
struct PrometheusClient: Sendable {
    /// Why there is no answer, in words for people.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// One line of an answer. Points are seconds since 1970 and values.
    struct Series: Sendable {
        let labels: [String: String]
        var points: [(at: Double, value: Double)]
    }

    /// Prometheus gives no more points of a series in one answer.
    static let pointsMax = 10_000
    private static let responseLimit = 8 << 20
    private static let seriesMax = 500

    private let url: String
    private let timeout: Duration
    private let client: HTTPClient

    /// - Parameters:
    ///   - url: such as `http://127.0.0.1:9090`, without a slash at the end.
    ///   - timeout: of each part of an answer.
    init(url: String, timeout: Duration = .seconds(5)) {
        self.url = url
        self.timeout = timeout
        // Some looks of two people at once; more of them hear that it is busy.
        client = HTTPClient(HTTPClient.Settings(limit: 32, connectionsPerHost: 6))
    }

    /// Evaluates an expression at regular times; long spans are asked for in parts.
    ///
    /// - Throws: `Failure`.
    func range(
        _ expression: String, from: Timestamp, to: Timestamp, stepSeconds: Int64
    ) async throws(Failure) -> [Series] {
        var parts: [(Int64, Int64)] = []
        // Whole steps, so that the same times are asked for again and again.
        var start = from.nanoseconds / 1_000_000_000 / stepSeconds * stepSeconds
        let end = to.nanoseconds / 1_000_000_000
        while start <= end {
            let last = min(end, start + Int64(Self.pointsMax - 1) * stepSeconds)
            parts.append((start, last))
            start = last + stepSeconds
        }
        var found: [[String: String]: Series] = [:]
        for answer in try await answers(expression, parts, stepSeconds) {
            for series in answer {
                found[series.labels, default: Series(labels: series.labels, points: [])].points += series.points
            }
        }
        return found.values.sorted {
            "\($0.labels.sorted { $0.key < $1.key })" < "\($1.labels.sorted { $0.key < $1.key })"
        }
    }

    private func answers(
        _ expression: String, _ parts: [(Int64, Int64)], _ step: Int64
    ) async throws(Failure) -> [[Series]] {
        let results = await withTaskGroup(of: (Int, Result<[Series], Failure>).self) { group in
            for (index, part) in parts.enumerated() {
                group.addTask {
                    do throws(Failure) { return (index, .success(try await ask(expression, part, step))) } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [(Int, Result<[Series], Failure>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var answers: [[Series]] = []
        for result in results { answers.append(try result.get()) }
        return answers
    }

    private func ask(_ expression: String, _ part: (Int64, Int64), _ step: Int64) async throws(Failure) -> [Series] {
        let fields = [
            ("query", expression), ("start", "\(part.0)"), ("end", "\(part.1)"), ("step", "\(step)"), ("timeout", "4s"),
        ]
        let body = fields.map { "\($0)=\(PageText.query($1))" }.joined(separator: "&")
        let response: HTTPResponse
        do throws(HTTPClientError) {
            response = try await client.send(
                HTTPRequest(
                    .post, url + "/api/v1/query_range",
                    headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(body.utf8),
                    timeout: timeout, connectTimeout: .seconds(2), responseLimit: Self.responseLimit))
        } catch { throw Self.failure(error) }
        return try Self.series(response)
    }

    private static func failure(_ error: HTTPClientError) -> Failure {
        switch error.code {
        case .timedOut: Failure(description: "Prometheus does not answer in time.")
        case .responseTooLarge: Failure(description: "The answer of Prometheus is too large to be looked at.")
        case .overloaded: Failure(description: "Others are asking Prometheus just now; try again in a moment.")
        default: Failure(description: "Prometheus cannot be reached (\(error.code.rawValue)).")
        }
    }

    // MARK: - Answers

    private static func series(_ response: HTTPResponse) throws(Failure) -> [Series] {
        let unusable = Failure(description: "What answers (HTTP \(response.status)) is no Prometheus.")
        let answer: JSONValue
        do throws(JSONValue.Malformed) { answer = try JSONValue(response.body) } catch { throw unusable }
        guard response.status == 200, case .array(let results)? = answer["data"]?["result"] else {
            guard case .string(let words)? = answer["error"] else { throw unusable }
            throw Failure(description: "Prometheus refuses: \(words.prefix(200))")
        }
        guard results.count <= seriesMax else {
            throw Failure(description: "The answer of Prometheus is too large to be looked at.")
        }
        return results.map(series)
    }

    private static func series(_ result: JSONValue) -> Series {
        var labels: [String: String] = [:]
        if case .object(let members)? = result["metric"] {
            for member in members { if case .string(let value) = member.value { labels[member.name] = value } }
        }
        guard case .array(let values)? = result["values"] else { return Series(labels: labels, points: []) }
        return Series(
            labels: labels,
            points: values.compactMap { pair in
                guard case .array(let pair) = pair, pair.count == 2, case .number(let at) = pair[0],
                    case .string(let value) = pair[1], let at = Double(at), let value = Double(value), value.isFinite
                else { return nil }
                return (at, value)
            })
    }
}

extension JSONValue {
    /// A member of an object.
    fileprivate subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }
}
