import Bus
import Contracts
import Domain
import Foundation
import Logging
import Outbound
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

/// What alerting finds out by itself, over real servers.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct WatchFleetTests {
    private func told(_ fleet: AlertingFleet, _ name: String, firing: Bool) async throws {
        try await eventually("\(name) is told, firing: \(firing)", within: .seconds(30)) {
            try await fleet.told().contains { $0.names.contains(name) && $0.firing == firing } ? true : nil
        }
    }

    @Test func `a silent Prometheus and a silent service are told, and that they are back`() async throws {
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(
                database, instances: 1, redis: true,
                more: """
                    plimsoll:
                      watchdogs: [{name: prometheus, matchers: [alertname="Watchdog"], within: 2s}]
                      heartbeats: {services: [ghost], within: 5s}
                    """)
            try await fleet.start(0)
            try await told(fleet, "WatchdogSilent", firing: true)
            await fleet.post("Watchdog")
            try await told(fleet, "WatchdogSilent", firing: false)
            try await told(fleet, "HeartbeatMissing", firing: true)
            let servers = database.servers
            let bus = Bus(
                BusSettings(host: "127.0.0.1", port: Int32(servers.redisPort), password: servers.redisPassword),
                logger: Logger(label: "ghost"))
            bus.start()
            let beating = Task {
                while !Task.isCancelled {
                    bus.publish(
                        Envelope(
                            id: "hb", source: "ghost", at: SystemClock().now(), correlation: "hb", key: "ghost",
                            data: ServiceAlive(instance: "ghost-1", ready: true)), on: Channels.heartbeats)
                    // Cancelled: the loop ends.
                    try? await Task.sleep(for: .milliseconds(200))
                }
            }
            try await told(fleet, "HeartbeatMissing", firing: false)
            beating.cancel()
            await beating.value
            await bus.close()
            let named = try await fleet.send(0, .get, "/api/notifications?text=service%3Dghost&result=delivered").text
            #expect(named.contains("HeartbeatMissing") && !named.contains("service=redis"))
            try await fleet.stop()
        }
    }

    @Test func `a channel that fails its test is told over the others, its own receiver's too, until it works`()
        async throws
    {
        try await withTestDatabase { database in
            let spare = try await FixtureServer(
                "ops/sinks/webhook.py", ["--port", "0", "--file", Scratch.folder().path + "/spare"])
            let client = HTTPClient()
            func answer(_ port: Int, _ status: Int) async throws {
                _ = try await client.send(
                    HTTPRequest(.put, "http://127.0.0.1:\(port)/answer", body: Array(#"{"status": \#(status)}"#.utf8)))
            }
            let fleet = try await AlertingFleet(
                database, instances: 1,
                more: "  - {name: spare, webhook_configs: [{url: 'http://127.0.0.1:\(spare.port)/hook'}]}")
            try await fleet.start(0)
            try await eventually("it leads") { try await fleet.leader() }
            func test(_ receiver: String) async throws {
                let sent = try await fleet.send(0, .post, "/api/receivers/\(receiver)/test", #"{"by":"anna"}"#)
                #expect(sent.status == 202)
            }
            try await answer(spare.port, 404)
            try await test("spare")
            try await told(fleet, "ChannelTestFailed", firing: true)
            try await answer(spare.port, 200)
            try await test("spare")
            try await told(fleet, "ChannelTestFailed", firing: false)
            // Now the channel that would be told itself.
            try await answer(fleet.webhook.port, 404)
            try await test("owner")
            try await eventually("the other is told directly") {
                let kept = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(spare.port)/")).text
                return kept.contains("the channel it belongs to is dead") && kept.contains("owner/webhook/0")
                    ? true : nil
            }
            try await fleet.stop()
        }
    }

    @Test func `the daily test is made once a day, over a kill`() async throws {
        try await withTestDatabase { database in
            let format = DateFormatter()
            format.timeZone = TimeZone(secondsFromGMT: 0)
            format.dateFormat = "HH:mm"
            let fleet = try await AlertingFleet(
                database, instances: 1, more: "plimsoll: {daily_test: {at: '\(format.string(from: Date()))'}}")
            try await fleet.start(0)
            func tests() async throws -> Set<String> {
                Set(try await fleet.told().filter { $0.reason == "a test of the channel" }.map(\.id))
            }
            try await eventually("it is made") { try await tests().isEmpty ? nil : true }
            try await fleet.kill(0)
            try await fleet.start(0)
            await fleet.post("Mark")
            try await told(fleet, "Mark", firing: true)
            try await eventually("it has looked around again") {
                let rows = try await fleet.send(0, .get, "/api/notifications?text=mark&result=delivered").text
                return rows.contains("Mark") ? true : nil
            }
            #expect(try await tests().count == 1)
            try await fleet.stop()
        }
    }

    @Test func `somebody else is called as long as people can be told`() async throws {
        try await withTestDatabase { database in
            let folder = try Scratch.folder()
            let pings = try await FixtureServer(
                "ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/pings"])
            let file = folder.appending(path: "url")
            try "http://127.0.0.1:\(pings.port)/ping/canary-token".write(to: file, atomically: true, encoding: .utf8)
            let alarm = try await AlertingProcess(
                database, more: "heartbeat_url_file: \(file.path), heartbeat_every: 10s")
            let program = try await alarm.start()
            try await eventually("it is called") {
                try await alarm.kept(pings).first?.path == "/ping/canary-token" ? true : nil
            }
            _ = try await program.terminate()
            #expect(try !program.log().contains("canary-token"))
        }
    }
}
