import Foundation
import TestKit
import Testing

@testable import CLI

/// The program as the operator calls it.
@Suite struct CommandLineTests {
    @Test func `status ends with 69 and says what cannot be reached`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "status-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "a-password".write(to: folder.appending(path: "password"), atomically: true, encoding: .utf8)
        let config = folder.appending(path: "plimsoll.yaml")
        // Ports on which nothing listens.
        try """
        database: {host: 127.0.0.1, port: 9, name: plimsoll, password_file: \(folder.path)/password}
        exchange: {rest_url: "http://127.0.0.1:9"}
        market_data: {port: 9}
        strategy: {port: 9}
        risk: {port: 9}
        execution: {port: 9}
        alerting: {port: 9}
        exchange_sim: {port: 10}
        """.write(to: config, atomically: true, encoding: .utf8)
        let outcome = try await Command.run(RunningProgram.product("plimsoll"), ["status", "--config", config.path])
        #expect(outcome.status == 69)
        #expect(
            outcome.errors.contains(
                "cannot be reached: the database, market-data, strategy, risk-manager, execution, alerting\n"),
            "\(outcome.errors)")
        #expect(outcome.output.contains("SERVICES"))
    }

    @Test func `a password in an argument cannot be seen from outside`() async throws {
        let log = FileManager.default.temporaryDirectory.appending(path: "migrate-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let secrets = FileManager.default.temporaryDirectory.appending(path: "secrets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: secrets, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: secrets) }
        for role in ["market_data", "strategy", "risk_manager", "execution", "alerting", "operator", "pgbouncer"] {
            try "a-password".write(
                to: secrets.appending(path: "postgres-\(role)"), atomically: true, encoding: .utf8)
        }
        // An address that takes connections and says nothing, so that there is time to look.
        let listener = try SilentListener()
        let program = try RunningProgram(
            RunningProgram.product("plimsoll"),
            [
                "migrate", "--secrets", secrets.path, "--database-url",
                "postgres://postgres:canary-7f3@127.0.0.1:\(listener.port)/x",
            ], log: log)
        let seen = try await eventually("the password is gone", within: .seconds(10)) {
            let line = try Self.commandLine(program.processIdentifier)
            return line.contains("migrate") && !line.contains("canary-7f3") ? line : nil
        }
        #expect(seen.contains("postgres://postgres:xxxxxxxxxx@127.0.0.1"), "\(seen)")
        try await program.kill()
        #expect(try !program.log().contains("canary-7f3"))
    }

    private static func commandLine(_ process: Int32) throws -> String {
        let data = try Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
        return String(decoding: data, as: UTF8.self).replacing("\0", with: " ")
    }

    @Test func `a backtest on other candles, with figures for people and a picture with a grid`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "backtest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var random = SeededRandom(seed: 7)
        var price = 300_000
        var text = "timestamp,open,high,low,close,volume\n"
        for bar in 0..<2000 {
            let open = price
            price += Int.random(in: -900...900, using: &random)
            let (high, low) = (max(open, price) + 50, min(open, price) - 50)
            let cents = [open, high, low, price].map { "\($0 / 100).\($0 % 100 < 10 ? "0" : "")\($0 % 100)" }
            text += "\(1_700_000_100_000 + bar * 300_000),\(cents.joined(separator: ",")),25.1234\n"
        }
        let data = folder.appending(path: "bars.csv")
        try text.write(to: data, atomically: true, encoding: .utf8)
        func run(_ more: [String]) async throws -> Command.Outcome {
            try await Command.run(
                RunningProgram.product("plimsoll"),
                ["backtest", "--data", data.path, "--symbol", "ETHUSDT", "--out", folder.path] + more)
        }
        let narrow = try await run([])
        #expect(narrow.status == 1)
        #expect(narrow.errors.contains("give wider ones with --timeframe"), "\(narrow.errors)")
        #expect(try await run(["--timeframe", "7m"]).status == 64)
        let outcome = try await run(["--timeframe", "15m"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("start equity    10,000.00\n"))
        for line in outcome.output.split(separator: "\n").prefix(11) {
            #expect(line.firstMatch(of: /\.\d{3}/) == nil, "\(line)")
        }
        let trades = outcome.output.split(separator: "\n").first { $0.hasPrefix("trades") }?.split(separator: " ").last
        #expect(try #require(trades.flatMap { Int($0) }) > 0)
        let picture = try String(contentsOf: folder.appending(path: "equity.svg"), encoding: .utf8)
        #expect(picture.split(separator: "<line").count > 10)
        #expect(picture.contains("2023-11-"))
        let again = try await run(["--timeframe", "15m"])
        #expect(again.output == outcome.output)
        #expect(try String(contentsOf: folder.appending(path: "equity.svg"), encoding: .utf8) == picture)
    }
}

/// Takes connections on a free port and never answers.
private final class SilentListener {
    private let socket: Int32
    let port: UInt16

    struct Unusable: Error {}

    init() throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard bound else { throw Unusable() }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(socket) }
}
