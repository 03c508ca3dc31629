import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// Escalation over real servers: two instances, of which one is killed, and an acknowledgement that goes to the other.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct EscalationFleetTests {
    private static let chains = """
          - name: chat
            webhook_configs: [{url: 'http://127.0.0.1:WEBHOOK/hook'}]
          - name: phone
            webhook_configs: [{url: 'http://127.0.0.1:WEBHOOK/hook', send_resolved: false}]
          - name: boss
            webhook_configs: [{url: 'http://127.0.0.1:WEBHOOK/hook'}]
        plimsoll:
          escalations:
            - name: desk
              matchers: [severity="critical"]
              steps:
                - {wait: 0s, receivers: [chat]}
                - {wait: 2s, receivers: [phone]}
                - {wait: 2s, receivers: [boss]}
          urgency:
            - {matchers: [alertname="Hasty"], severity: critical, waits_percent: 50}
        """

    private struct Escalation: Decodable {
        struct Next: Decodable {
            let receivers: [String]
            let because: String
        }
        let group: String
        let state: String
        let next: Next?
    }

    private func escalations(_ fleet: AlertingFleet, _ index: Int) async throws -> [String: Escalation] {
        let answer = try await fleet.send(index, .get, "/api/escalations")
        let list = try JSONDecoder().decode([Escalation].self, from: Data(answer.body))
        return Dictionary(list.map { ($0.group, $0) }) { $1 }
    }

    /// The ids of the messages that a receiver got about an alert, each once.
    private func ids(_ fleet: AlertingFleet, _ receiver: String, _ name: String, firing: Bool = true) async throws
        -> Set<String>
    {
        Set(
            try await fleet.told().filter { $0.receiver == receiver && $0.names == [name] && $0.firing == firing }
                .map(\.id))
    }

    private func told(_ fleet: AlertingFleet, _ receiver: String, _ name: String, firing: Bool = true) async throws {
        try await eventually("\(receiver) hears of \(name)", within: .seconds(30)) {
            try await ids(fleet, receiver, name, firing: firing).isEmpty ? nil : true
        }
    }

    @Test
    func `steps survive a kill and another leader, an acknowledgement stops them, all who were told hear the end`()
        async throws
    {
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 2, more: Self.chains)
            try await fleet.start(0)
            try await fleet.start(1)
            let first = try await eventually("one leads", within: .seconds(20)) { try await fleet.leader() }
            await fleet.post("Down")
            try await told(fleet, "chat", "Down")
            try await fleet.kill(first)
            try await told(fleet, "phone", "Down")
            try await fleet.start(first)
            let leader = try await eventually("one leads", within: .seconds(20)) { try await fleet.leader() }
            let alerts = try await fleet.send(leader, .get, "/api/v2/alerts")
            let listed = try #require(try JSONDecoder().decode([Listed].self, from: Data(alerts.body)).first)
            let order = #"{"by":"anna"}"#
            try await eventually("the other instance, which has just started, takes the acknowledgement") {
                let answer = try await fleet.send(1 - leader, .post, "/api/alerts/\(listed.fingerprint)/ack", order)
                return answer.status == 200 ? true : nil
            }
            // Every step of this one comes later than that of the other would.
            _ = try await fleet.send(leader, .post, "/api/v2/alerts", "[\(AlertingFleet.alert("Later", ends: 3600))]")
            for index in [0, 1] {
                try await eventually("instance \(index) knows of it") {
                    try await escalations(fleet, index)[#"{}:{alertname="Down"}"#]?.state == "acknowledged" ? true : nil
                }
            }
            try await eventually("what is next is shown") {
                let later = try await escalations(fleet, 1 - leader)[#"{}:{alertname="Later"}"#]
                return later?.next?.receivers == ["phone"] && later?.next?.because.contains("nobody") == true
                    ? true : nil
            }
            try await told(fleet, "boss", "Later")
            for name in ["Down", "Later"] {
                let body = AlertingFleet.alert(name, ends: -1)
                #expect(try await fleet.send(leader, .post, "/api/v2/alerts", "[\(body)]").status == 200)
            }
            try await told(fleet, "phone", "Later", firing: false)
            for receiver in ["owner", "chat", "phone"] {
                try await told(fleet, receiver, "Down", firing: false)
                for firing in [true, false] {
                    #expect(try await ids(fleet, receiver, "Down", firing: firing).count == 1, "\(receiver) \(firing)")
                }
            }
            #expect(try await ids(fleet, "boss", "Down").isEmpty, "what is acknowledged goes no further")
            let repeats = try await Dictionary(grouping: fleet.told(), by: \.id).values.flatMap { $0.dropFirst() }
            #expect(repeats.count <= 1 && repeats.allSatisfy(\.repeated), "one kill, one repeat at most")
            try await fleet.stop()
        }
    }

    private struct Listed: Decodable { let fingerprint: String }

    @Test func `a rule makes what is not critical escalate, and sooner`() async throws {
        try await withTestDatabase { database in
            let fleet = try await AlertingFleet(database, instances: 1, more: Self.chains)
            try await fleet.start(0)
            for name in ["Hasty", "Mere"] {
                let body = AlertingFleet.alert(name, ends: 3600, severity: "warning")
                #expect(try await fleet.send(0, .post, "/api/v2/alerts", "[\(body)]").status == 200)
            }
            try await told(fleet, "boss", "Hasty")
            let asked = try await escalations(fleet, 0)
            #expect(asked.keys.sorted() == [#"{}:{alertname="Hasty"}"#] && asked.values.first?.state == "finished")
            let rows = try await database.servers.sql(
                "SELECT string_agg(incident->>'stepsTaken', ',') FROM escalations", database: database.name)
            #expect(rows == "3")
            #expect(try await fleet.told().filter { $0.reason == "nobody has acknowledged it" }.count == 3)
            try await fleet.stop()
        }
    }
}
