import Foundation
import StoreTestKit
import TestKit
import Testing

/// A server that is not there is waited for, and /health/ready names it.
@Suite("Missing servers", .serialized)
struct WaitingTests {
    /// What each service says of each server; PgBouncer and PostgreSQL are one to them.
    private static let needs: [String: [String]] = [
        "market-data": ["postgres", "redis", "exchange"], "strategy": ["postgres", "redis"],
        "risk-manager": ["postgres", "redis", "instruments"], "execution": ["postgres", "redis", "instruments"],
        "alerting": ["postgres", "redis"],
    ]

    @Test(
        "each service starts without any server, names what it waits for, and is ready when all are there; and again after each is lost",
        .timeLimit(.minutes(8)))
    func waiting() async throws {
        let servers = try await TestServers.own()
        do {
            try await run(servers)
        } catch {
            try await servers.down()
            throw error
        }
        try await servers.down()
    }

    private func run(_ servers: TestServers) async throws {
        let exchangePort = try await ServiceSet.freePort()
        let set = try await ServiceSet(on: servers, exchangePort: exchangePort)
        for server in [TestServers.Server.pgbouncer, .redis, .postgres] { try await servers.kill(server) }
        let running = try await set.startServices()
        let ports = running.mapValues(\.port)
        for (service, port) in ports {
            let needs = Set(Self.needs[service] ?? [])
            try await says(set, service, port) { needs.isSubset(of: $0.down) }
            #expect(try await set.get("/health/live", port: port).status == 200, "\(service)")
            #expect(try await set.dependencies(port: port).status == (service == "alerting" ? 200 : 503), "\(service)")
        }
        try await servers.start(.postgres)
        // PostgreSQL answers, PgBouncer is still away, and no service takes the one for the other.
        _ = try await eventually("PostgreSQL answers") { try await servers.sql("SELECT 1") == "1" ? true : nil }
        for (service, port) in ports { try await says(set, service, port) { $0.down.contains("postgres") } }
        try await servers.start(.pgbouncer)
        for (service, port) in ports {
            try await says(set, service, port) { $0.up.contains("postgres") && $0.down.contains("redis") }
        }
        try await servers.start(.redis)
        for (service, port) in ports { try await says(set, service, port) { $0.up.contains("redis") } }
        var exchange = try await set.start("exchange-sim", listen: "127.0.0.1:\(exchangePort)")
        for (service, port) in ports { try await says(set, service, port) { $0.status == 200 && $0.down.isEmpty } }

        for lost in [[TestServers.Server.pgbouncer, .redis], [.postgres]] {
            for server in lost { try await servers.kill(server) }
            let names = Set(lost.map { $0 == .redis ? "redis" : "postgres" })
            for (service, port) in ports { try await says(set, service, port) { names.isSubset(of: $0.down) } }
            for server in lost { try await servers.start(server) }
            for (service, port) in ports { try await says(set, service, port) { $0.status == 200 && $0.down.isEmpty } }
        }
        try await exchange.program.kill()
        let marketData = try #require(ports["market-data"])
        try await says(set, "market-data", marketData) { $0.status == 503 && $0.down == ["exchange"] }
        exchange = try await set.start("exchange-sim", listen: "127.0.0.1:\(exchangePort)")
        try await says(set, "market-data", marketData) { $0.status == 200 }
        for (service, process) in running { #expect(try await process.program.terminate() == 0, "\(service)") }
        try await exchange.program.kill()
    }

    private func says(
        _ set: ServiceSet, _ service: String, _ port: Int,
        _ condition: ((status: Int, up: Set<String>, down: Set<String>)) -> Bool
    ) async throws {
        var last = (status: 0, up: Set<String>(), down: Set<String>())
        do {
            _ = try await eventually("\(service) says so", within: .seconds(60)) {
                last = try await set.dependencies(port: port)
                return condition(last) ? true : nil
            }
        } catch {
            Issue.record("\(service): \(last)")
            throw error
        }
    }
}
