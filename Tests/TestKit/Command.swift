package import Foundation
import Subprocess
import SystemPackage

/// Runs a program to its end, or keeps one running for a test.
package enum Command {
    /// What a program left behind.
    package struct Outcome: Sendable {
        package let status: Int32
        package let output: String
        package let errors: String
    }

    /// A program did not end with 0.
    package struct Failed: Error, CustomStringConvertible {
        package let program: String
        package let outcome: Outcome
        package var description: String { "\(program) ended with \(outcome.status): \(outcome.errors.suffix(2000))" }
    }

    /// Runs `program` (found on PATH, or a path) and collects what it prints, through files so that no pipe fills up.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil
    ) async throws -> Outcome {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "plimsoll-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let outputFile = scratch.appending(path: "out")
        let errorFile = scratch.appending(path: "err")
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        let root = folder ?? Repository.root
        let result = try await Subprocess.run(
            program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(changes(environment)), workingDirectory: FilePath(root.path),
            output: .fileDescriptor(try writing(outputFile), closeAfterSpawningProcess: true),
            error: .fileDescriptor(try writing(errorFile), closeAfterSpawningProcess: true))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Outcome(
            status: status, output: try String(contentsOf: outputFile, encoding: .utf8),
            errors: try String(contentsOf: errorFile, encoding: .utf8))
    }

    /// As `run`, and anything but 0 is thrown.
    @discardableResult
    package static func require(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil
    ) async throws -> String {
        let outcome = try await run(program, arguments, environment: environment, folder: folder)
        guard outcome.status == 0 else { throw Failed(program: program, outcome: outcome) }
        return outcome.output
    }

    private static func changes(_ environment: [String: String]) -> [Subprocess.Environment.Key: String?] {
        Dictionary(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0.key), $0.value) })
    }

    private static func writing(_ file: URL) throws -> FileDescriptor {
        try FileDescriptor.open(FilePath(file.path), .writeOnly, options: [.truncate])
    }

    static func prepare(
        _ program: String, _ arguments: [String], environment: [String: String], folder: URL?
    ) throws -> Process {
        let process = Process()
        if program.contains("/") {
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
        } else {
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [program] + arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.currentDirectoryURL = folder ?? Repository.root
        return process
    }
}
