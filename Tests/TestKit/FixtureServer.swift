package import Foundation

/// A small server of a test: a Python program that prints `port N` once it listens and is killed at the end.
package final class FixtureServer: Sendable {
    package let port: Int
    package let folder: URL
    private let program: RunningProgram

    /// - Parameter script: relative to the checkout; run by Debian's Python, which has the packages from apt.
    package init(_ script: String, _ arguments: [String] = [], folder given: URL? = nil) async throws {
        let folder = try given ?? Scratch.folder()
        let log = folder.appending(path: "\(UUID().uuidString).log")
        let program = try RunningProgram(
            "/usr/bin/python3", [Repository.root.appending(path: script).path] + arguments, log: log)
        self.program = program
        self.folder = folder
        port = try await eventually("\(script) listens") {
            let words = try program.log().split(whereSeparator: \.isWhitespace)
            return words.firstIndex(of: "port").flatMap { words.dropFirst($0 + 1).first }.flatMap { Int($0) }
        }
    }

    /// kill -9.
    package func kill() async throws { try await program.kill() }
}

/// Folders for the files of one test.
package enum Scratch {
    package static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plimsoll-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// A certificate of one's own for 127.0.0.1 and localhost, made by openssl.
package struct TestCertificate: Sendable {
    /// PEM; it is its own authority.
    package let certificate: String
    package let key: String

    package init(in folder: URL) async throws {
        certificate = folder.appending(path: "certificate.pem").path
        key = folder.appending(path: "key.pem").path
        try await Command.require(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
                "-out",
                certificate,
            ])
    }
}
