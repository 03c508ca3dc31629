import Domain
import Foundation
import Outbound
import ServiceKit
import StoreTestKit
import TestKit
import Testing

@testable import RiskManagerApp

struct HostileRequestTests {
    private static let routes: [String] = [
        "/api/control/main/stop", "/api/control/main/pause", "/api/goals", "/api/accounts/main/deposits",
        "/api/accounts/main/withdrawals",
    ]

    private static let bodies: [String] = [
        "", "{", "null", "[]", "{}", "\"x\"", "1e999", #"{"by":""}"#, #"{"by":"a"}"#, #"{"by":1,"reason":2}"#,
        #"{"by":"a","reason":""}"#, #"{"by":"a\u0000b","reason":"c"}"#, #"{"by":"a\nb","reason":"c"}"#,
        #"{"by":"a","reason":"b","flatten":"yes"}"#, #"{"amount":"-1","by":"a"}"#, #"{"amount":"0","by":"a"}"#,
        #"{"amount":"1e5","by":"a"}"#, #"{"amount":"NaN","by":"a"}"#, #"{"amount":5,"by":"a"}"#,
        #"{"amount":"99999999999999999999999999999999999999","by":"a"}"#,
        #"{"amount":"1000000000000001","by":"a"}"#, #"{"amount":"0.000000001","by":"a"}"#,
        #"{"owner":"a","account":"main","kind":"riches","target":"1"}"#,
        #"{"owner":"a","account":"main","kind":"portfolio_value","target":"1"}"#,
        #"{"owner":"a","account":"main","kind":"portfolio_value","target":"20000","deadline":"soon"}"#,
        #"{"owner":"a","account":"main","kind":"portfolio_value","target":"20000","deadline":"1999-01-01"}"#,
        #"{"owner":"a","account":"main'; DROP TABLE orders; --","kind":"monthly_income","target":"1"}"#,
        #"{"owner":"a","account":"main","kind":"monthly_return","target":"1000.5"}"#,
        #"{"by":"\#(String(repeating: "x", count: 5000))","reason":"b"}"#,
    ]

    @Test func `no body breaks anything, and the next good one is served`() async throws {
        try await withFloor { floor in
            try await floor.whileRunning { client in
                for route in Self.routes {
                    for body in Self.bodies {
                        let answer = try await client.send(.post, route, body)
                        #expect((400..<500).contains(answer.status), "\(route) \(body.prefix(80)): \(answer.status)")
                        #expect(answer.type.hasPrefix("application/problem+json"))
                    }
                }
                let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
                #expect(try await client.send(.post, "/api/goals", bytes: large).status == 413)
                try await fuzz(client)
                #expect(try await floor.count("control_audit") == 0)
                #expect(try await floor.count("account_transfers") == 2)
                #expect(try await floor.count("financial_goals") == 0)
                let good = try await client.send(
                    .post, "/api/accounts/main/deposits", #"{"amount":"500","by":"me","operation":"o"}"#)
                #expect(good.status == 201)
                let again = try await client.send(
                    .post, "/api/accounts/main/deposits", #"{"amount":"500","by":"me","operation":"o"}"#)
                #expect(again.status == 201)
                #expect(try await floor.value("cash FROM accounts WHERE id = 'main'") == "10500.00000000")
            }
        }
    }

    /// Bytes cut, changed and doubled in bodies that would be good.
    private func fuzz(_ client: Client) async throws {
        var random = SeededRandom(seed: 20_261_121)
        let good = Array(#"{"owner":"me","account":"nobody","kind":"monthly_income","target":"100"}"#.utf8)
        for run in 0..<150 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes = Array(bytes.prefix(place))
                case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
                default: bytes += bytes.prefix(place)
                }
            }
            let answer = try await client.send(.post, "/api/goals", bytes: bytes)
            #expect((400..<500).contains(answer.status), "seed \(random.seed) run \(run): \(answer.status)")
        }
    }

    @Test(arguments: [
        "/api/control/nobody/pause", "/api/control/main/explode", "/api/control/%00/pause", "/api/control/all%27/stop",
        "/api/goals/none/withdraw", "/api/accounts/nobody/deposits", "/api/accounts/..%2F..%2Fetc/deposits",
    ])
    func `what is not there is not found`(path: String) async throws {
        try await withFloor { floor in
            try await floor.whileRunning { client in
                let answer = try await client.send(
                    .post, path, #"{"by":"me","reason":"x","amount":"1"}"#)
                #expect(answer.status == 404, "\(answer.text)")
            }
        }
    }

    @Test func `goals, decisions and accounts are told over HTTP`() async throws {
        try await withFloor { floor in
            try await floor.withBus { bus in
                try await floor.whileRunning { client in
                    let made = try await client.send(
                        .post, "/api/goals",
                        """
                        {"owner":"me","account":"main","kind":"portfolio_value","target":"12000","deadline":"2099-01-01"}
                        """)
                    #expect(made.status == 201)
                    let id = try made.decoded(GoalRoutes.Shown.self).id
                    let adjusted = try await client.send(.patch, "/api/goals/\(id)", #"{"by":"me","target":"13000"}"#)
                    #expect(try adjusted.decoded(GoalRoutes.Shown.self).target == money("13000"))
                    let signal = floor.signal(floor.symbols[0])
                    try await floor.raise(signal, on: bus)
                    let decisions = try await client.send(.get, "/api/decisions?signal=\(signal.id)")
                    let report = try #require(try decisions.decoded([DecisionReport].self).first)
                    #expect(report.code == "approved" && report.orders.map(\.state) == ["approved"])
                    #expect(decisions.text.contains(#""factor":"1.3""#))
                    #expect(try await client.send(.get, "/api/decisions?limit=0").status == 400)
                    let accounts = try await client.send(.get, "/api/accounts").decoded([AccountReport].self)
                    #expect(accounts.map(\.id) == ["main", "other"] && accounts[0].reserved.isPositive)
                    let withdrawn = try await client.send(
                        .post, "/api/goals/\(id)/withdraw", #"{"by":"me","reason":"no"}"#)
                    #expect(try withdrawn.decoded(GoalRoutes.Shown.self).state == "withdrawn")
                    #expect(
                        try await client.send(.patch, "/api/goals/\(id)", #"{"by":"me","target":"1"}"#).status == 409)
                    let history = try await client.send(.get, "/api/goals/\(id)/history").decoded(GoalHistory.self)
                    #expect(history.changes.map(\.change) == ["state", "target", "created"])
                    #expect(try await client.send(.get, "/api/control").status == 200)
                    #expect(
                        try await client.send(.get, "/api/openapi.json").text.contains(
                            "/api/control/{account}/{action}"))
                }
            }
        }
    }
}
