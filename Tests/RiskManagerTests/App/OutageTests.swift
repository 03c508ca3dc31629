import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

@testable import RiskManagerApp

/// Servers that die under the service, each killed and started again.
struct OutageTests {
    @Test(.timeLimit(.minutes(3)))
    func `without its servers it takes no risk and says so, and goes on when they are back`() async throws {
        let servers = try await TestServers.own()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await survive(servers)) } catch { outcome = .failure(error) }
        try await servers.down()
        try outcome.get()
    }

    private func survive(_ servers: TestServers) async throws {
        let floor = Floor(try await TestDatabase.make(on: servers), markets: 4)
        let order: [(server: TestServers.Server, dependency: String)] = [
            (.redis, "redis"), (.pgbouncer, "postgres"), (.postgres, "postgres"),
        ]
        try await floor.withBus { bus in
            try await floor.whileRunning { client in
                try await floor.raise(floor.signal(floor.symbols[0]), on: bus)
                for (index, lost) in order.enumerated() {
                    let signal = floor.signal(floor.symbols[index + 1])
                    try await servers.kill(lost.server)
                    floor.say(signal, on: bus)
                    try await isNotReady(client, for: lost.dependency)
                    if lost.dependency == "postgres" { try await isUnavailable(client) }
                    try await servers.start(lost.server)
                    try await floor.raise(signal, on: bus, within: .seconds(40))
                    try await client.untilReady()
                }
                #expect(try await floor.count("decisions WHERE outcome = 'approved'") == 4)
                #expect(try await floor.count("events WHERE type = 'order.approved'") == 4)
                #expect(try await floor.count("control_audit") == 0)
            }
        }
    }

    private func isNotReady(_ client: Client, for dependency: String) async throws {
        try await eventually("it says that \(dependency) is away", within: .seconds(20)) { () -> Bool? in
            let answer = try await client.send(.get, "/health/ready")
            guard answer.status == 503, let name = answer.text.range(of: "\"name\":\"\(dependency)\"") else {
                return nil
            }
            return answer.text[name.upperBound...].prefix(400).contains("\"up\":false") ? true : nil
        }
    }

    private func isUnavailable(_ client: Client) async throws {
        let answer = try await client.send(.post, "/api/control/main/pause", #"{"by":"me","reason":"x"}"#)
        #expect(answer.status == 503)
        #expect(answer.type.hasPrefix("application/problem+json"))
    }
}
