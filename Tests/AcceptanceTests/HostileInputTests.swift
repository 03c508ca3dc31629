import Bus
import Foundation
import StoreTestKit
import TestKit
import Testing

/// Bytes from anybody on Redis and over HTTP: nothing breaks, each is counted by its reason, the next good one is used.
@Suite("Hostile input", .serialized)
struct HostileInputTests {
    private static let messages = 500
    private static let requests = 400
    private static let connections = 200

    @Test(
        "8 channels × 500 hostile messages, 5 services × 400 hostile requests and 200 connections that are no HTTP: all counted, then a trade goes through",
        .timeLimit(.minutes(5)))
    func everything() async throws {
        let port = try await ServiceSet.freePort()
        let set = try await ServiceSet(on: try TestServers.shared(), exchangePort: port, speed: 60)
        let exchange = try await set.start("exchange-sim", listen: "127.0.0.1:\(port)")
        let running = try await set.startServices()
        for (service, process) in running {
            _ = try await eventually("\(service) is ready", within: .seconds(90)) {
                try await set.get("/health/ready", port: process.port).status == 200 ? true : nil
            }
        }
        let ports = running.mapValues(\.port)
        try await messages(set, ports)
        for (service, port) in ports.sorted(by: { $0.key < $1.key }) {
            try await requests(set, service, port)
            try await lines(set, service, port)
        }
        try await goodOnesAreUsed(set, ports)
        for (service, process) in running { #expect(try await process.program.terminate() == 0, "\(service)") }
        try await exchange.program.kill()
        try await set.database.drop()
    }

    private func messages(_ set: ServiceSet, _ ports: [String: Int]) async throws {
        var random = SeededRandom(seed: 20_261_125)
        print("seed \(random.seed)")
        let bus = set.bus()
        for surface in try HostileMessages.all() {
            let hostile = surface.refused(Self.messages, &random)
            for message in hostile { bus.publish(message.bytes, on: surface.channel) }
            let reasons = Dictionary(grouping: hostile, by: \.reason).mapValues(\.count)
            #expect(reasons.count > 1, "\(surface.kind): \(reasons)")
            for reader in surface.readers {
                let port = try #require(ports[reader])
                for (reason, count) in reasons {
                    let labels = ["channel_kind=\"\(surface.kind)\"", "reason=\"\(reason)\""]
                    var counted = 0.0
                    do {
                        try await eventually("\(reader) counts \(count) \(surface.kind) as \(reason)") {
                            counted = try await set.metric("plimsoll_messages_refused_total", labels, port: port)
                            return counted >= Double(count) ? true : nil
                        }
                    } catch is NeverHappened {}  // The next line says what was counted.
                    #expect(counted == Double(count), "\(reader) \(surface.kind) \(reason)")
                }
            }
        }
        await bus.close()
    }

    private func requests(_ set: ServiceSet, _ service: String, _ port: Int) async throws {
        let seed: UInt64 = 20_261_126
        let hostile = try HostileRequests(
            port: port, document: try await set.get("/api/openapi.json", port: port).body, client: set.client)
        let before = try await answered(set, port)
        let (statuses, failed) = try await hostile.send(Self.requests, seed: seed)
        print("seed \(seed): \(Self.requests) hostile requests to \(service): \(statuses.sorted { $0.key < $1.key })")
        #expect(failed == [], "\(service)")
        let refused = statuses.filter { (400..<500).contains($0.key) }.values.reduce(0, +)
        #expect(refused > Self.requests / 4, "\(service)")
        let after = try await answered(set, port)
        #expect(after.refused - before.refused == Double(refused), "\(service)")
        #expect(after.failed == before.failed, "\(service)")
    }

    /// Sends what is no HTTP at all, over many connections, each of which is counted.
    private func lines(_ set: ServiceSet, _ service: String, _ port: Int) async throws {
        let before = try await answered(set, port)
        let script = Repository.root.appending(path: "Tests/Fixtures/clients/hostile_lines.py").path
        let output = try await Command.require(
            "/usr/bin/python3", [script, String(port), String(Self.connections), "20261127"])
        print("\(service): \(output.trimmingCharacters(in: .whitespacesAndNewlines))")
        let ends = try JSONDecoder().decode([String: Int].self, from: Data(output.utf8))
        #expect(ends.values.reduce(0, +) == Self.connections, "\(service)")
        // A request that is not whole is no request yet; all others are answered as the client's fault.
        #expect(
            Set(ends.keys).isSubset(of: ["400", "403", "404", "405", "413", "415", "422", "unfinished"]),
            "\(service): \(ends)")
        let after = try await answered(set, port)
        #expect(after.failed == before.failed, "\(service)")
        let counted = after.refused + after.malformed - before.refused - before.malformed
        #expect(counted >= Double(Self.connections - (ends["unfinished"] ?? 0)), "\(service)")
        for reason in ["request_line", "header", "body", "too_large"] {
            let count = try await set.metric("plimsoll_http_malformed_total", ["reason=\"\(reason)\""], port: port)
            #expect(count > 0, "\(service): \(reason)")
        }
    }

    /// How many requests a service has answered 4xx and 5xx, and how many were no HTTP.
    private func answered(_ set: ServiceSet, _ port: Int) async throws -> (
        refused: Double, failed: Double, malformed: Double
    ) {
        (
            try await set.metric("plimsoll_http_requests_total", ["status=\"4"], port: port),
            try await set.metric("plimsoll_http_requests_total", ["status=\"5"], port: port),
            try await set.metric("plimsoll_http_malformed_total", [], port: port)
        )
    }

    /// A print becomes a candle, a signal, a decision, an order and a fill; an event of the suite an alert.
    private func goodOnesAreUsed(_ set: ServiceSet, _ ports: [String: Int]) async throws {
        let bus = set.bus()
        for surface in try HostileMessages.all() where surface.readers == ["alerting"] {
            bus.publish(surface.good, on: surface.channel)
        }
        let alerting = try #require(ports["alerting"])
        try await eventually("the event is an alert") {
            try await set.get("/api/v2/alerts", port: alerting).body.contains("gap_reported") ? true : nil
        }
        await bus.close()
        func count(_ table: String) async throws -> Int {
            Int(try await set.servers.sql("SELECT count(*) FROM \(table)", database: set.database.name)) ?? -1
        }
        let before = (decisions: try await count("decisions"), fills: try await count("fills"))
        try await eventually("a decision", within: .seconds(120)) {
            try await count("decisions") > before.decisions ? true : nil
        }
        try await eventually("a fill", within: .seconds(120)) {
            try await count("fills") > before.fills ? true : nil
        }
        for (service, port) in ports {
            #expect(try await set.get("/health/ready", port: port).status == 200, "\(service)")
        }
    }
}
