import Domain
import Foundation
import Outbound
import ServiceKit
import Store

/// Collects a `StatusReport`; what is away is left out and said.
struct StatusLoader: Sendable {
    let suite: Suite

    func load(now: Timestamp) async throws -> StatusReport {
        async let services = services()
        async let sources = sources()
        async let prices = prices()
        var books: StatusReport.Books?
        var trouble: String?
        do {
            var loaded = try await BooksQueries(database: suite.database).load()
            loaded.marks.merge(await prices) { $0.time >= $1.time ? $0 : $1 }
            books = loaded
        } catch let error as StoreError {
            let failure = Failure(error, settings: suite.database.settings)
            trouble = "\(failure.what)\n  → \(failure.mend)"
        }
        return StatusReport(
            now: now, books: books, trouble: trouble, services: await services, sources: await sources)
    }

    private struct Readiness: Decodable {
        struct Dependency: Decodable {
            let name: String
            let up: Bool
            let reason: String?
        }
        let status: String
        let dependencies: [Dependency]
    }

    private func services() async -> [StatusReport.Service] {
        await withTaskGroup(of: (Int, StatusReport.Service).self) { group in
            for (index, name) in suite.address.present.enumerated() {
                group.addTask { (index, .init(name: name, state: await state(of: name))) }
            }
            var services: [(Int, StatusReport.Service)] = []
            for await service in group { services.append(service) }
            return services.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func state(of service: String) async -> StatusReport.Service.State {
        guard let response = await suite.http.look(service, "/health/ready") else { return .unreachable }
        guard response.status != 200 else { return .ready }
        // Another release, or something else that listens there: its status says enough.
        guard let readiness = try? JSONDecoder().decode(Readiness.self, from: Data(response.body)) else {
            return .notReady(["status \(response.status)"])
        }
        let missing = readiness.dependencies.filter { !$0.up }.map { dependency in
            dependency.name + (dependency.reason.map { ": \($0)" } ?? "")
        }
        return .notReady(missing.isEmpty ? [readiness.status] : missing)
    }

    private struct Account: Decodable {
        struct Position: Decodable {
            let symbol: Symbol
            let price: Price?
            let priceTime: Timestamp?
        }
        let positions: [Position]
    }

    /// The prices at which risk-manager values what is held; none when it does not say.
    private func prices() async -> [Symbol: StatusReport.Mark] {
        guard let response = await suite.http.look("risk-manager", "/api/accounts"), response.status == 200 else {
            return [:]
        }
        return Self.prices(response.body)
    }

    static func prices(_ body: [UInt8]) -> [Symbol: StatusReport.Mark] {
        // Another release's answer: the closes of the last minutes are shown instead, with their age.
        let accounts = (try? JSONDecoder().decode([Account].self, from: Data(body))) ?? []
        var marks: [Symbol: StatusReport.Mark] = [:]
        for position in accounts.flatMap(\.positions) {
            guard let price = position.price, let time = position.priceTime else { continue }
            marks[position.symbol] = StatusReport.Mark(price: price, time: time)
        }
        return marks
    }

    private func sources() async -> [StatusReport.Source] {
        guard let response = await suite.http.look("market-data", "/metrics"), response.status == 200 else { return [] }
        return Self.sources(MetricPage(response.text))
    }

    static func sources(_ page: MetricPage) -> [StatusReport.Source] {
        page.samples("plimsoll_source_connected").map { sample in
            let labels = sample.labels
            func other(_ name: String) -> Double? { page.samples(name).first { $0.labels == labels }?.value }
            return StatusReport.Source(
                exchange: labels["exchange"] ?? "", symbol: labels["symbol"] ?? "", connected: sample.value == 1,
                stale: other("plimsoll_source_stale") == 1, age: other("plimsoll_source_message_age_seconds"))
        }.sorted { ($0.exchange, $0.symbol) < ($1.exchange, $1.symbol) }
    }
}
