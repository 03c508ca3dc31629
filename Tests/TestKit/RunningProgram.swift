package import Foundation
import Synchronization

/// A program of this suite (or any other) that runs beside a test and can be killed at any moment.
package final class RunningProgram: Sendable {
    package let name: String
    /// What it prints, both streams.
    package let logFile: URL
    private let state: Mutex<Process>

    /// Starts a program. Products of this package are found beside the test bundle, see `product`.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil, log: URL
    ) throws {
        name = URL(filePath: program).lastPathComponent
        logFile = log
        if !FileManager.default.fileExists(atPath: log.path) {
            try Data().write(to: log)
        }
        let process = try Command.prepare(program, arguments, environment: environment, folder: folder)
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        state = Mutex(process)
    }

    /// The path of an executable of this package in the build folder that the tests were built into.
    package static func product(_ name: String) -> String {
        let executable = URL(filePath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
        return executable.appending(path: name).path
    }

    package var processIdentifier: Int32 { state.withLock { $0.processIdentifier } }
    package var isRunning: Bool { state.withLock { $0.isRunning } }
    /// Its exit status; nil while it runs.
    package var exitStatus: Int32? { state.withLock { $0.isRunning ? nil : $0.terminationStatus } }

    /// kill -9.
    package func kill() async throws {
        _ = Foundation.kill(processIdentifier, SIGKILL)
        _ = try await eventually("\(name) is dead") { isRunning ? nil : true }
    }

    /// SIGTERM, and waits for the end.
    package func terminate(within limit: Duration = .seconds(20)) async throws -> Int32 {
        _ = Foundation.kill(processIdentifier, SIGTERM)
        return try await eventually("\(name) ends", within: limit) { exitStatus }
    }

    package func log() throws -> String { try String(contentsOf: logFile, encoding: .utf8) }

    deinit {
        state.withLock { process in
            if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
        }
    }
}
