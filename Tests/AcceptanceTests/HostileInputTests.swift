import Bus
import Contracts
import Domain
import Foundation
import StoreTestKit
import TestKit
import Testing

/// Bytes from anybody on Redis and over HTTP: nothing breaks, each is counted by its reason, the next good one is used.
@Suite("Hostile input", .serialized)
struct HostileInputTests {
    private static let messages = 500
    private static let requests = 400

    /// A channel, what it carries, who reads it, and whether bytes are such a message.
    private struct Surface: Sendable {
        let channel: String
        let kind: String
        let readers: [String]
        let fixture: String
        let isGood: @Sendable ([UInt8]) -> Bool

        init<Body: Message>(_ channel: Channel<Body>, fixture: String, readers: [String]) {
            self.channel = channel.name
            self.kind = Body.type
            self.readers = readers
            self.fixture = fixture
            isGood = { bytes in
                do throws(MessageCodec.Failure) {
                    _ = try MessageCodec.decode(bytes, as: Body.self)
                    return true
                } catch {
                    return false
                }
            }
        }
    }

    private func surfaces() throws -> [Surface] {
        let symbol = try #require(Symbol("BTCUSDT"))
        return [
            Surface(Channels.prints(symbol), fixture: "prints", readers: ["risk-manager", "execution"]),
            Surface(Channels.quotes(symbol), fixture: "quote", readers: ["risk-manager"]),
            Surface(Channels.candles(symbol, .minute1), fixture: "candle", readers: ["strategy"]),
            Surface(Channels.signals, fixture: "signal.raised", readers: ["risk-manager"]),
            Surface(Channels.approvals, fixture: "order.approved", readers: ["execution"]),
            Surface(Channels.control, fixture: "control.changed", readers: ["risk-manager", "execution"]),
            Surface(Channels.positions, fixture: "position.changed", readers: ["risk-manager"]),
            Surface(Channels.suiteEvents, fixture: "suite.event", readers: ["alerting"]),
        ]
    }

    @Test(
        "8 channels × 500 hostile messages, 5 services × 400 hostile requests and 5 × 300 lines that are no HTTP: all counted, then a trade goes through",
        .timeLimit(.minutes(10)))
    func everything() async throws {
        let set = try await ServiceSet(on: try TestServers.shared(), exchangePort: 0, speed: 30)
        let exchange = try await set.start("exchange-sim")
        let config = set.folder.appending(path: "plimsoll.yaml")
        let text = try String(contentsOf: config, encoding: .utf8).replacing(
            "127.0.0.1:0\"", with: "127.0.0.1:\(exchange.port)\"")
        try text.write(to: config, atomically: true, encoding: .utf8)
        var running: [String: (program: RunningProgram, port: Int)] = [:]
        for service in ServiceSet.services { running[service] = try await set.start(service) }
        let ports = running.mapValues(\.port)
        for (service, port) in ports {
            _ = try await eventually("\(service) is ready", within: .seconds(90)) {
                try await set.get("/health/ready", port: port).status == 200 ? true : nil
            }
        }
        try await messages(set, ports)
        for service in ServiceSet.services {
            try await requests(set, service, try #require(ports[service]))
            try await lines(set, service, try #require(ports[service]))
        }
        try await tradesGoThrough(set, ports)
        for (service, process) in running { #expect(try await process.program.terminate() == 0, "\(service)") }
        try await exchange.program.kill()
        try await set.database.drop()
    }

    // MARK: Redis

    private func messages(_ set: ServiceSet, _ ports: [String: Int]) async throws {
        var random = SeededRandom(seed: 20_261_125)
        let bus = set.bus()
        for surface in try surfaces() {
            let good = try goodMessage(surface.fixture)
            #expect(surface.isGood(good), "\(surface.fixture)")
            var sent = 0
            while sent < Self.messages {
                let bytes = mutilated(good, &random)
                guard !surface.isGood(bytes) else { continue }
                bus.publish(bytes, on: surface.channel)
                sent += 1
            }
            print("seed \(random.seed): \(sent) hostile messages on \(surface.channel)")
            for reader in surface.readers {
                let port = try #require(ports[reader])
                _ = try await eventually("\(reader) counted \(surface.kind)", within: .seconds(60)) {
                    try await set.metric(
                        "plimsoll_messages_refused_total", "channel_kind=\"\(surface.kind)\"", port: port)
                        == Double(Self.messages) ? true : nil
                }
            }
        }
        await bus.close()
    }

    private func goodMessage(_ name: String) throws -> [UInt8] {
        let file = Repository.root.appending(path: "Tests/Fixtures/contracts/\(name).v1.json")
        return Array(try Data(contentsOf: file)).filter { $0 != UInt8(ascii: "\n") }
    }

    private func mutilated(_ good: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = good
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place...)
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(contentsOf: "{\"[\\,:-9.e".utf8.shuffled(using: &random).prefix(3), at: place)
            case 4: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
            default:
                bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
        }
        return bytes
    }

    // MARK: HTTP

    private func requests(_ set: ServiceSet, _ service: String, _ port: Int) async throws {
        var random = SeededRandom(seed: 20_261_126)
        let routes = try await routes(set, port)
        let before = try await set.metric("plimsoll_http_requests_total", "status=\"4", port: port)
        var refused = 0
        var statuses: [Int: Int] = [:]
        for run in 0..<Self.requests {
            let (method, path) = routes.randomElement(using: &random) ?? ("GET", "/")
            let status = try await send(method, hostile(path, &random), body(&random), port: port)
            statuses[status, default: 0] += 1
            if (400..<500).contains(status) { refused += 1 }
            #expect(status < 500, "seed \(random.seed) run \(run): \(method) \(path): \(status)")
        }
        print(
            "seed \(random.seed): \(Self.requests) hostile requests to \(service): \(statuses.sorted { $0.key < $1.key })"
        )
        #expect(refused > Self.requests / 4)
        let counted = try await set.metric("plimsoll_http_requests_total", "status=\"4", port: port) - before
        #expect(counted == Double(refused), "\(service)")
        #expect(try await set.metric("plimsoll_http_requests_total", "status=\"5", port: port) == 0, "\(service)")
        #expect(try await set.get("/health/live", port: port).status == 200, "\(service)")
    }

    /// Every route that the service describes, and some that it has not.
    private func routes(_ set: ServiceSet, _ port: Int) async throws -> [(String, String)] {
        let document = try await set.get("/api/openapi.json", port: port).body
        let paths = try #require(
            (try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any])?["paths"]
                as? [String: [String: Any]])
        let known = paths.sorted { $0.key < $1.key }.flatMap { path, methods in
            methods.keys.sorted().map { ($0.uppercased(), path) }
        }
        let others = ["POST", "PUT", "DELETE", "PATCH"].map { ($0, "/api/none") }
        return known.filter { $0.0 != "GET" || $0.1.hasPrefix("/api") } + others + [
            ("POST", "/health/ready"), ("GET", "/"),
        ]
    }

    private func hostile(_ path: String, _ random: inout SeededRandom) -> String {
        let words = [
            "nobody", "%00", "..%2F..%2Fetc", "%27%3BDROP", "%FF%FE", String(repeating: "x", count: 3000), "-1", "é",
        ]
        var result = ""
        for part in path.split(separator: "/") {
            let isOpen = part.hasPrefix("{") || Int.random(in: 0..<8, using: &random) == 0
            result += "/" + (isOpen ? words.randomElement(using: &random) ?? "" : String(part))
        }
        if Bool.random(using: &random) {
            let names = ["limit", "account", "signal", "order", "filter", "active", ""]
            result += "?\(names.randomElement(using: &random) ?? "")=\(words.randomElement(using: &random) ?? "")"
        }
        return result.isEmpty ? "/" : result
    }

    private func body(_ random: inout SeededRandom) -> [UInt8] {
        let samples = [
            #"{"owner":"me","account":"nobody","kind":"monthly_income","target":"100"}"#, #"{"by":"","reason":"x"}"#,
            #"{"amount":"-1e9","by":"a"}"#, #"[{"labels":{"alertname":""}}]"#,
            #"[{"labels":{"a":1},"startsAt":"soon"}]"#,
            "[]", "{}", "null", "", #"{"matchers":[{"name":"a","value":"(((","isRegex":true}]}"#,
        ]
        let sample = Array((samples.randomElement(using: &random) ?? "").utf8)
        return Bool.random(using: &random) ? mutilated(sample, &random) : sample
    }

    private func send(_ method: String, _ path: String, _ body: [UInt8], port: Int) async throws -> Int {
        let file = FileManager.default.temporaryDirectory.appending(path: "body-\(UUID().uuidString)")
        try Data(body).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var arguments = ["-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "--path-as-is", "-g"]
        if method != "GET" { arguments += ["-H", "Content-Type: application/json", "--data-binary", "@\(file.path)"] }
        let output = try await Command.require("curl", arguments + ["http://127.0.0.1:\(port)\(path)"])
        return Int(output) ?? 0
    }

    /// Sends what is no HTTP at all, over many connections.
    private func lines(_ set: ServiceSet, _ service: String, _ port: Int) async throws {
        let script = Repository.root.appending(path: "Tests/Fixtures/clients/hostile_lines.py").path
        let output = try await Command.require("python3", [script, String(port), "300", "20261127"])
        print("\(service): \(output.trimmingCharacters(in: .whitespacesAndNewlines))")
        #expect(output.contains("300 connections"), "\(service)")
        #expect(try await set.get("/health/live", port: port).status == 200, "\(service)")
    }

    // MARK: what must still work

    /// A print becomes a candle, a signal, a decision, an order and a fill.
    private func tradesGoThrough(_ set: ServiceSet, _ ports: [String: Int]) async throws {
        let superuser = set.servers
        let name = set.database.name
        func count(_ table: String) async throws -> Int {
            Int(try await superuser.sql("SELECT count(*) FROM \(table)", database: name)) ?? -1
        }
        let before = (decisions: try await count("decisions"), fills: try await count("fills"))
        _ = try await eventually("a decision", within: .seconds(240)) {
            try await count("decisions") > before.decisions ? true : nil
        }
        _ = try await eventually("a fill", within: .seconds(240)) {
            try await count("fills") > before.fills ? true : nil
        }
        for (service, port) in ports {
            #expect(try await set.get("/health/ready", port: port).status == 200, "\(service)")
        }
    }
}
