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
            account: "main", state: state, flatten: flatten, settled: settled,
            entriesInFlight: settled ? [] : ["ord-1"],
            breaches: [])
        #expect(ControlDesk.words(ControlDesk.Answer(accounts: [account])) == words)
    }

    @Test func `an account that runs and takes no entry says why`() {
        let account = ControlDesk.Answer.Account(
            account: "main", state: "running", flatten: false, settled: true, entriesInFlight: [],
            breaches: ["the daily loss reached 3.1 %"])
        #expect(
            ControlDesk.words(ControlDesk.Answer(accounts: [account]))
                == "main  running: entries and exits\n  no entry yet: the daily loss reached 3.1 %")
    }

    @Test(arguments: ["pause", "resume", "stop"])
    func `no command guesses which accounts are meant`(_ command: String) throws {
        #expect(throws: (any Error).self) { try Plimsoll.parseAsRoot([command]) }
        #expect(throws: (any Error).self) { try Plimsoll.parseAsRoot([command, "main", "--all"]) }
        #expect(throws: Never.self) { try Plimsoll.parseAsRoot([command, "--all"]) }
        #expect(throws: Never.self) { try Plimsoll.parseAsRoot([command, "main"]) }
        #expect(try ControlOptions.parse(["--all"]).target == "all")
        #expect(try ControlOptions.parse(["main"]).target == "main")
    }

    @Test func `the stand-in exchange belongs to the suite only where it is traded on`() throws {
        let sim = try Self.address("exchange: {rest_url: 'http://127.0.0.1:8090'}")
        #expect(sim.present == SuiteAddress.services)
        let real = try Self.address("exchange: {rest_url: 'https://api.binance.com'}")
        #expect(!real.present.contains("exchange-sim"))
    }

    @Test(arguments: [("main", "main"), ("a/../b", "a%2F..%2Fb"), ("x y?", "x%20y%3F")])
    func `names cannot leave their place in a path`(_ name: String, _ part: String) { #expect(name.urlPart == part) }
}
