import Foundation
import TestKit

/// Where notifications of the tested suite arrive: a Slack-shaped and a generic webhook, and the mail catcher of `ops/run`.
struct Sinks: Sendable {
    let folder: URL
    private let webhook: RunningProgram

    /// Starts the webhook sink and writes the routing file that sends everything to all three channels.
    static func start(in folder: URL) async throws -> Sinks {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let log = folder.appending(path: "webhook.log")
        let program = try RunningProgram(
            "python3",
            [
                "-u", Repository.root.appending(path: "ops/sinks/webhook.py").path, "--port", "0", "--file",
                folder.appending(path: "webhook.jsonl").path,
            ], log: log)
        let port = try await eventually("the webhook sink listens") {
            try program.log().split(separator: " ").last.flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        let sinks = Sinks(folder: folder, webhook: program)
        try "http://127.0.0.1:\(port)/slack".write(
            to: folder.appending(path: "slack-url"), atomically: true, encoding: .utf8)
        try "whsec_\(Data("a secret of the acceptance tests".utf8).base64EncodedString())".write(
            to: folder.appending(path: "signing-secret"), atomically: true, encoding: .utf8)
        for name in ["slack-url", "signing-secret"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: folder.appending(path: name).path)
        }
        try sinks.routing(port).write(to: sinks.routingFile, atomically: true, encoding: .utf8)
        return sinks
    }

    var routingFile: URL { folder.appending(path: "alerting.yml") }

    private func routing(_ port: Int) -> String {
        """
        global:
          resolve_timeout: 5m
          smtp_smarthost: localhost:1025
          smtp_from: Plimsoll <plimsoll@localhost>
          smtp_auth_username: plimsoll
          smtp_auth_password_file: var/secrets/smtp-password
          smtp_ca_file: var/mail/certificate.pem
        route:
          receiver: owner
          group_by: [alertname]
          group_wait: 1s
          group_interval: 2s
          repeat_interval: 4h
        receivers:
          - name: owner
            email_configs:
              - to: owner@localhost
                send_resolved: true
            slack_configs:
              - api_url_file: \(folder.appending(path: "slack-url").path)
                send_resolved: true
            webhook_configs:
              - url: http://127.0.0.1:\(port)/hook
                send_resolved: true
                signing_secret_file: \(folder.appending(path: "signing-secret").path)
        """
    }

    /// What a sink wrote down.
    private struct Kept: Decodable {
        /// Seconds since 1970.
        let at: Double
    }

    /// The channels that have heard of `alert` with `status` (`firing` or `resolved`) since a moment.
    func heard(_ alert: String, _ status: String, mails: URL, since: Date) throws -> Set<String> {
        var channels: Set<String> = []
        let posts = try lines(folder.appending(path: "webhook.jsonl"), since)
        let word = status.lowercased()
        for post in posts where post.contains(alert) && post.lowercased().contains(word) {
            channels.insert(post.contains("\"path\": \"/slack\"") ? "slack" : "webhook")
        }
        for mail in try lines(mails, since) where mail.contains(alert) && mail.lowercased().contains(word) {
            channels.insert("mail")
        }
        return channels
    }

    private func lines(_ file: URL, _ since: Date) throws -> [String] {
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { try JSONDecoder().decode(Kept.self, from: Data($0.utf8)).at >= since.timeIntervalSince1970 }
    }
}
