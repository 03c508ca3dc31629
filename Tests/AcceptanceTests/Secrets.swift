import Foundation
import TestKit

/// Looks for the passwords and keys of a run everywhere they must not be.
enum Secrets {
    /// Where a secret was found, without the secret itself.
    static func leaks(of parts: RunningSuite.Parts) async throws -> [String] {
        let suite = parts.suite
        let secrets = try secrets(in: suite.folder.appending(path: "secrets"))
        var places = try files(under: suite.folder.appending(path: "log"))
        places["mails"] = try String(contentsOf: parts.mails, encoding: .utf8)
        for (name, text) in try files(under: parts.sinks.folder) where name.hasPrefix("webhook") { places[name] = text }
        for service in ["market-data", "strategy", "risk-manager", "execution", "alerting", "exchange-sim"] {
            places["metrics of \(service)"] = try await suite.get(service, "/metrics")
        }
        places["argument lists"] = try await Command.require("ps", ["-eo", "args"])
        places["rows"] = try await rows(suite)
        var leaks: [String] = []
        for (place, text) in places.sorted(by: { $0.key < $1.key }) {
            for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) where text.contains(secret) {
                leaks.append("\(name) is in \(place)")
            }
        }
        return leaks
    }

    private static func secrets(in folder: URL) throws -> [String: String] {
        try files(under: folder).mapValues { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
            .filter { $0.value.count >= 16 }
    }

    private static func files(under folder: URL) throws -> [String: String] {
        var texts: [String: String] = [:]
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            texts[file.lastPathComponent] = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        }
        return texts
    }

    private static func rows(_ suite: Suite) async throws -> String {
        let password = try String(
            contentsOf: suite.folder.appending(path: "secrets/postgres-superuser"), encoding: .utf8)
        return try await Command.require(
            "pg_dump",
            [
                "--data-only", "-h", "127.0.0.1", "-p", String(try suite.port("postgres")), "-U", "postgres",
                "plimsoll",
            ], environment: ["PGPASSWORD": password])
    }
}
