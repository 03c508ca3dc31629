import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// The program with a file that changes under it, and what it shows of its secrets.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ReloadTests {
    @Test func `a template that changes is read again, and one whose name fits is seen`() async throws {
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 1, more: "templates: ['*.tmpl']")
            try await fleet.start(0)
            func reads() async throws -> Int {
                fleet.log(0).components(separatedBy: "the configuration was read again").count - 1
            }
            let file = fleet.folder.appending(path: "words.tmpl")
            for (number, text) in [#"{{ define "one" }}1{{ end }}"#, #"{{ define "one" }}2{{ end }}"#].enumerated() {
                try text.write(to: file, atomically: true, encoding: .utf8)
                try await eventually("change \(number) is seen") { try await reads() == number + 1 ? true : nil }
            }
            try "{{ end }}".write(to: file, atomically: true, encoding: .utf8)
            try await eventually("a bad one is named") {
                try await fleet.send(0, .get, "/metrics").text.contains("\nplimsoll_alerting_config_reload_success 0")
                    ? true : nil
            }
            #expect(try await fleet.send(0, .post, "/-/reload").text.contains("words.tmpl:1"))
            try await fleet.stop()
        }
    }

    private func yaml(_ receiver: String, _ port: Int) -> String {
        """
        route: {receiver: \(receiver), group_by: [alertname], group_wait: 100ms, group_interval: 300ms}
        receivers: [{name: \(receiver), webhook_configs: [{url: 'http://127.0.0.1:\(port)/\(receiver)-canary-path'}]}]
        """
    }

    @Test func `a changed file is read, a bad one changes nothing and says why, and no secret is shown`() async throws {
        try await withTestDatabase { database in
            let pair = try await SideBySide(database, yaml("one", 1).replacing("http://127.0.0.1:1", with: "SINK"))
            let party = pair.subject
            let file = party.folder.appending(path: "alertmanager.yml")
            func write(_ text: String) throws { try text.write(to: file, atomically: true, encoding: .utf8) }
            func get(_ path: String) async throws -> String {
                try await pair.client.send(HTTPRequest(.get, party.address + path)).text
            }
            func reload(_ party: SideBySide.Party) async throws -> HTTPResponse {
                try await pair.client.send(HTTPRequest(.post, party.address + "/-/reload"))
            }
            func hears(_ path: String) async throws {
                try await eventually("\(path) hears of it", within: .seconds(30)) {
                    try await pair.told(party).keys.contains { $0.hasPrefix("/\(path)") } ? true : nil
                }
            }
            #expect(try await get("/api/v2/receivers").contains("one"))
            try write("route: {receiver: nobody}\nreceivers: []\npagerduty: {}\n")
            let refused = try await reload(party)
            #expect(
                refused.status == 500 && refused.text.contains("alertmanager.yml:1") && refused.text.contains("nobody"))
            #expect(try await get("/metrics").contains("plimsoll_alerting_config_reload_success 0"))
            #expect(try await get("/api/v2/receivers").contains("one"))
            try await pair.alerts("before", ["a"])
            try await hears("one")

            // Nobody asks: the change is seen.
            try write(yaml("two", party.sink.port))
            try await eventually("the new file is in force", within: .seconds(20)) {
                try await get("/api/v2/receivers").contains("two") ? true : nil
            }
            #expect(try await get("/metrics").contains("plimsoll_alerting_config_reload_success 1"))
            #expect(try await get("/api/v2/alerts").contains("before"))
            // A destination that only the new file has hears of what fires already.
            try await hears("two")

            let arguments = try String(
                contentsOfFile: "/proc/\(party.program.processIdentifier)/cmdline", encoding: .utf8)
            #expect(arguments.contains("--database-url"))
            let password = database.settings(.alerting).password
            #expect(!password.isEmpty && !arguments.contains(password))
            #expect(try await get("/api/v2/status").contains("http://127.0.0.1:\(party.sink.port)/<secret>"))
            for text in [try await get("/api/v2/status"), try await get("/metrics"), try party.program.log()] {
                #expect(!text.contains("canary"))
            }
            try await pair.stop()
        }
    }
}
