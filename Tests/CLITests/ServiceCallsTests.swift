import ArgumentParser
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import CLI
@testable import Outbound

@Suite struct ServiceCallsTests {
    private static func address(_ yaml: String = "", environment: [String: String] = [:]) throws -> SuiteAddress {
        let reader = try Settings(yaml: yaml, environment: environment).reader
        let address = SuiteAddress(reader)
        try reader.finish()
        return address
    }

    private static func calls(_ answer: Result<HTTPResponse, HTTPClientError>) throws -> ServiceCalls {
        ServiceCalls(address: try address()) { _ throws(HTTPClientError) in try answer.get() }
    }

    private static func response(_ status: Int, _ body: String) -> Result<HTTPResponse, HTTPClientError> {
        .success(HTTPResponse(status: status, headers: [], body: Array(body.utf8)))
    }

    @Test func `services are found by their ports, or where the settings say`() throws {
        let usual = try Self.address("http:\n  host: 0.0.0.0\nrisk:\n  port: 9083\n")
        #expect(usual.url("market-data") == "http://127.0.0.1:8081")
        #expect(usual.url("risk-manager") == "http://127.0.0.1:9083")
        let named = try Self.address(environment: ["PLIMSOLL_SERVICES_RISK_MANAGER": "http://risk-manager:8083"])
        #expect(named.url("risk-manager") == "http://risk-manager:8083")
    }

    @Test(
        arguments: [
            (404, #"{"detail":"there is no account x"}"#, "risk-manager refused: there is no account x"),
            (409, #"{"title":"Conflict"}"#, "risk-manager refused: Conflict"),
            (503, "<html>", "risk-manager refused: status 503"),
        ])
    func `a refusal is told in the service's words`(_ status: Int, _ body: String, _ what: String) async throws {
        let calls = try Self.calls(Self.response(status, body))
        let failure = await #expect(throws: Failure.self) {
            try await calls.post("risk-manager", "/x", ["a": "b"], as: [String: String].self)
        }
        #expect(failure?.what == what)
        #expect(failure?.status == 1)
        #expect(failure?.mend.isEmpty == false)
    }

    @Test(
        arguments: [
            (HTTPClientError.Sent.no, "nothing was changed"), (.inDoubt, "it may have been carried out"),
        ])
    func `without an answer it is told whether the command may have been carried out`(
        _ sent: HTTPClientError.Sent, _ words: String
    ) async throws {
        let calls = try Self.calls(.failure(HTTPClientError(code: .timedOut, sent: sent, message: "Timeout")))
        let failure = await #expect(throws: Failure.self) {
            try await calls.post("risk-manager", "/x", ["a": "b"], as: [String: String].self)
        }
        #expect(failure?.what.contains(words) == true)
        #expect(failure?.status == 69)
    }

    @Test func `an answer of another release is not taken for success`() async throws {
        let calls = try Self.calls(Self.response(200, "{}"))
        let failure = await #expect(throws: Failure.self) {
            try await calls.post("risk-manager", "/x", ["a": "b"], as: ControlDesk.Answer.self)
        }
        #expect(failure?.mend == "use the command line and the services of one release")
    }

    @Test(
        arguments: [
            ("running", false, true, "main  running: entries and exits"),
            ("paused", false, true, "main  paused: no new risk, exits go on"),
            ("stopped", false, true, "main  stopped: entries refused, only exits leave"),
            (
                "stopped", true, false,
                "main  stopped: entries refused, what is held is being sold; still on their way: ord-1"
            ),
        ])
    func `what came of a command is told`(_ state: String, _ flatten: Bool, _ settled: Bool, _ words: String) {
        let account = ControlDesk.Answer.Account(
            account: "main", state: state, flatten: flatten, settled: settled, entriesInFlight: settled ? [] : ["ord-1"]
        )
        #expect(ControlDesk.words(ControlDesk.Answer(accounts: [account])) == words)
    }

    @Test func `resuming all is never a guess, stopping all is`() throws {
        var options = try ControlOptions.parse([])
        #expect(try options.target(orAll: true) == "all")
        #expect(throws: (any Error).self) { try options.target(orAll: false) }
        options = try ControlOptions.parse(["--all"])
        #expect(try options.target(orAll: false) == "all")
        options = try ControlOptions.parse(["main"])
        #expect(try options.target(orAll: true) == "main")
        #expect(throws: (any Error).self) { try ControlOptions.parse(["main", "--all"]) }
    }

    @Test(arguments: [("main", "main"), ("a/../b", "a%2F..%2Fb"), ("x y?", "x%20y%3F")])
    func `names cannot leave their place in a path`(_ name: String, _ part: String) { #expect(name.urlPart == part) }
}
