import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import ServiceKit

@Suite struct RunServiceTests {
    @Test func `arguments are read`() {
        #expect(ServiceArguments.parse([]) == .run(ServiceArguments()))
        let expected = ServiceArguments(config: "c.yaml", listen: ListenAddress(host: "::1", port: 80))
        #expect(ServiceArguments.parse(["--config", "c.yaml", "--listen", "[::1]:80"]) == .run(expected))
        #expect(
            ServiceArguments.parse(["--check", "--without-secrets"])
                == .run(ServiceArguments(check: true, withoutSecrets: true)))
        #expect(ServiceArguments.parse(["--without-secrets"]) == .usage("--without-secrets goes with --check"))
        #expect(ServiceArguments.parse(["--version"]) == .version)
        #expect(ServiceArguments.parse(["-h"]) == .help)
        #expect(ServiceArguments.parse(["--config"]) == .usage("--config needs a file"))
        #expect(ServiceArguments.parse(["--verbose"]) == .usage("unknown argument --verbose"))
    }

    @Test(arguments: ["80", "host:", ":80", "h:65536", "h:x", ""])
    func `a bad listen address is refused`(_ text: String) {
        #expect(ListenAddress(text) == nil)
        #expect(ServiceArguments.parse(["--listen", text]) == .usage("--listen needs HOST:PORT"))
    }

    @Test func `names give role and section`() {
        #expect(ServiceName("risk-manager").role == "risk_manager")
        #expect(ServiceName("risk-manager").section == "risk")
        #expect(ServiceName("market-data").section == "market_data")
    }

    @Test func `faulty settings are all named on standard error and the process exits with 78`() async throws {
        let result = await #expect(processExitsWith: .exitCode(78), observing: [\.standardErrorContent]) {
            let path = FileManager.default.temporaryDirectory.appending(path: "s-\(UUID().uuidString).yaml").path
            try Data("example: {port: 0, x: 7}\nlog: {level: loud}\n".utf8).write(to: URL(filePath: path))
            await runService("example", arguments: ["--config", path]) { context, _ in
                _ = context.reader.integer("example.x", in: 1...5)
                return []
            }
        }
        let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(text.contains("The settings have 3 faults:"))
        for key in ["log.level", "example.port", "example.x"] { #expect(text.contains("\(key) = ")) }
    }

    @Test func `a missing settings file exits with 78 and wrong arguments with 64`() async {
        await #expect(processExitsWith: .exitCode(78)) {
            await runService("example", arguments: ["--config", "/nowhere/at/all.yaml"]) { _, _ in [] }
        }
        await #expect(processExitsWith: .exitCode(64)) {
            await runService("example", arguments: ["--nonsense"]) { _, _ in [] }
        }
    }

    @Test func `a version is printed`() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            await runService("example", arguments: ["--version"]) { _, _ in [] }
        }
        let text = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        #expect(text.contains("plimsoll example \(BuildInfo.version)\n"))
    }

    @Test func `SIGTERM stops the service gracefully with status 0 and valid log lines`() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            try await serveExample { _ in kill(getpid(), SIGTERM) }
        }
        let lines = String(decoding: try #require(result).standardOutputContent, as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("{\"at\"") }
        let messages = try lines.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["message"] as? String ?? ""
        }
        for message in ["starting", "listening", "stopping", "worker stopped", "stopped"] {
            #expect(messages.contains(message), "\(messages)")
        }
    }

    @Test func `SIGHUP reads the settings again`() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            try await serveExample { context in
                kill(getpid(), SIGHUP)
                while !context.metrics.render().contains("plimsoll_settings_reloads_total{") {
                    try await Task.sleep(for: .milliseconds(10))
                }
                kill(getpid(), SIGTERM)
            }
        }
        let text = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        #expect(text.contains("settings read again"), "\(text)")
        #expect(text.contains("asked for"), "\(text)")
    }

    @Test func `a changed level holds for the loggers there are`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "s-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "log: {level: info}\n".write(to: file, atomically: true, encoding: .utf8)
        let lines = LogLines()
        let service = try await HostedService(
            "example", settings: try Settings.load(path: file.path, environment: [:]), file: file.path,
            listen: .anyLoopback, sink: lines
        ) { _, _ in [] }
        let (logger, other) = (service.context.logger("venue"), service.context.logger("http"))
        logger.debug("one")
        try "log: {level: debug, modules: {http: error}}\n".write(to: file, atomically: true, encoding: .utf8)
        service.reload?.reload(because: "a test")
        logger.debug("two")
        other.warning("three")
        try "log: {level: loud}\n".write(to: file, atomically: true, encoding: .utf8)
        service.reload?.reload(because: "a test")
        logger.debug("four")
        let told = lines.lines.filter { $0.contains("example.venue") || $0.contains("example.http") }
        #expect(told.count == 2)
        #expect(told.first?.contains("two") == true && told.last?.contains("four") == true)
        #expect(lines.lines.contains { $0.contains("settings not reloaded") && $0.contains("log.level") })
    }

    @Test(
        arguments: [
            ("a\0postgres://u:secret@h/d\0", [17, 18, 19, 20, 21, 22].map { $0 - 2 }), ("postgres://u@h/d\0", []),
            ("--url=x://u:p@h\0", [12]), ("http://h/a:b@c\0", []), ("\0\0", []), ("x://u:a@b@h/d", [6, 7, 8]),
        ])
    func `the password in an argument is found`(_ arguments: String, _ places: [Int]) {
        #expect(ProcessArguments.passwords(in: Array(arguments.utf8)) == places)
    }

    @Test func `a failing part ends the process with 70`() async {
        await #expect(processExitsWith: .exitCode(70)) {
            struct Broken: Error {}
            try await serveExample { _ in throw Broken() }
        }
    }

    @Test func `a port that is taken ends the process with 70`() async throws {
        let service = try await HostedService(
            "example", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: LogLines()
        ) { _, _ in [] }
        try await service.whileRunning { port in
            let other = try await HostedService(
                "example", settings: try Settings(yaml: ""), listen: ListenAddress(host: "127.0.0.1", port: port),
                sink: LogLines()
            ) { _, _ in [] }
            await #expect(throws: (any Error).self) { try await other.whileRunning { _ in } }
        }
    }
}

/// Runs a service with one worker that does `work` and then waits for the stop.
private func serveExample(_ work: @escaping @Sendable (ServiceContext) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "s-\(UUID().uuidString).yaml").path
    try Data("log: {level: info}\n".utf8).write(to: URL(filePath: path))
    await runService("example", arguments: ["--config", path, "--listen", "127.0.0.1:0"]) { context, _ in
        [Worker(context: context, work: work)]
    }
}

private struct Worker: Service {
    let context: ServiceContext
    let work: @Sendable (ServiceContext) async throws -> Void

    func run() async throws {
        // The service listens first; it tells the log of that, and no worker.
        try await Task.sleep(for: .milliseconds(200))
        try await work(context)
        try await gracefulShutdown()
        context.logger("worker").info("worker stopped")
    }
}
