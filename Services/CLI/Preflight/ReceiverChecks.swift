import Foundation
import Outbound
import ServiceKit

/// Whether those who are to be told of trouble could be: the mail server, Slack, webhooks. Sends nothing.
struct ReceiverChecks: Sendable {
    let file: String
    var environment: [String: String] = ProcessInfo.processInfo.environment

    func run() async -> [Finding] {
        guard let data = FileManager.default.contents(atPath: file), let text = String(data: data, encoding: .utf8)
        else {
            return [
                .fail("alerting", "\(file) cannot be read", mend: "alerting.config_file names who is told of trouble")
            ]
        }
        // As alerting itself reads them.
        let own = environment.filter { $0.key.hasPrefix("ALERTING_GLOBAL_") }
        let overrides = Dictionary(
            uniqueKeysWithValues: own.map {
                ("PLIMSOLL_GLOBAL_\($0.key.dropFirst("ALERTING_GLOBAL_".count))", $0.value)
            })
        let settings: Settings
        do { settings = try Settings(yaml: text, file: file, environment: overrides) } catch {
            return [.fail("alerting", "\(file) is not YAML: \(error)", mend: "correct it")]
        }
        let client = HTTPClient()
        defer { client.close() }
        return await check(settings.reader, client)
    }

    private func check(_ reader: SettingsReader, _ client: HTTPClient) async -> [Finding] {
        let global = reader.scoped(to: "global")
        var findings: [Finding] = []
        var smarthosts: Set<String> = []
        for receiver in reader.items("receivers") {
            let name = receiver.string("name", default: "")
            for item in receiver.items("email_configs") {
                let host = item.optionalString("smarthost") ?? global.optionalString("smtp_smarthost") ?? ""
                if smarthosts.insert(host).inserted { findings.append(await mail(host)) }
            }
            for item in receiver.items("slack_configs") {
                let named = item.optionalString("api_url_file") ?? global.optionalString("slack_api_url_file") ?? ""
                findings.append(await slack("slack: \(name)", named, client))
            }
            for item in receiver.items("webhook_configs") {
                let named = item.optionalString("url_file")
                let url = named.map { Preflight.read($0) ?? "" } ?? item.optionalString("url") ?? ""
                findings.append(await reach("webhook: \(name)", url, client))
            }
        }
        if findings.isEmpty {
            return [
                .warn("alerting", "\(file) tells nobody", mend: "add email_configs, slack_configs or webhook_configs")
            ]
        }
        return findings
    }

    private func mail(_ smarthost: String) async -> Finding {
        let parts = smarthost.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            return .fail("mail", "smtp_smarthost is not HOST:PORT", mend: "write it into global of \(file)")
        }
        let host = String(parts[0])
        switch await SMTPGreeting.ask(host: host, port: port) {
        case .success(let greeting) where greeting.offersTLS || port == 465:
            return .ok("mail", "\(smarthost) greets and offers TLS")
        case .success:
            return .fail(
                "mail", "\(smarthost) does not offer STARTTLS",
                mend: "use a server or port that does: mail is never sent in clear")
        case .failure(let trouble):
            return port == 465 && trouble == .silent
                ? .ok("mail", "\(smarthost) takes connections")
                : .fail("mail", "\(smarthost) \(trouble.rawValue)", mend: "see host and port, and the firewall")
        }
    }

    private func slack(_ subject: String, _ file: String, _ client: HTTPClient) async -> Finding {
        let readable = SecretChecks.check(subject, file: file, .key(12))
        guard readable.grade != .fail, let url = Preflight.read(file) else { return readable }
        let finding = await reach(subject, url, client)
        guard finding.grade == .ok, !url.hasPrefix("https://hooks.slack.com/") else { return finding }
        return .warn(
            subject, "reachable, and not an address of Slack",
            mend: "an incoming webhook begins with https://hooks.slack.com/")
    }

    /// Asks the server for its front page: that it answers at all is what counts. The address itself is a secret.
    private func reach(_ subject: String, _ url: String, _ client: HTTPClient) async -> Finding {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty
        else { return .fail(subject, "is not an http or https address", mend: "write the whole address, https://…") }
        let port = parts.port.map { ":\($0)" } ?? ""
        do {
            _ = try await client.send(HTTPRequest(.get, "\(scheme)://\(host)\(port)/", timeout: .seconds(5)))
            return .ok(subject, "\(host)\(port) answers")
        } catch {
            return .fail(
                subject, "\(host)\(port): \(error.message)", mend: "see the address, the network and the firewall")
        }
    }
}
