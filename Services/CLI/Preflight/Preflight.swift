import Bus
import Domain
import Exchanges
import Foundation
import Logging
import Outbound
import ServiceKit
import Store

/// Looks whether the suite could run as it is set up. Changes nothing.
struct Preflight: Sendable {
    let config: String

    func run() async -> [Finding] {
        var findings = await ServiceSettings(config: config).run()
        let settings: PreflightSettings
        do {
            let reader = try Settings.load(path: config).reader
            settings = PreflightSettings(reader)
            try reader.finish()
        } catch {
            // What the services have said already is not said again.
            let told = findings.map(\.detail)
            return findings
                + error.faults.filter { fault in !told.contains { $0.hasPrefix(fault.description) } }.map {
                    .fail("settings", $0.description, mend: "correct it; docs/settings.md describes every key")
                }
        }
        guard !findings.contains(where: { $0.grade == .fail }) else { return findings }
        findings.insert(.ok("settings", config), at: 0)
        findings += secrets(settings)
        async let database = database(settings)
        async let redis = redis(settings)
        async let exchange = exchange(settings)
        async let receivers = ReceiverChecks(file: settings.alertingFile).run()
        findings += await database
        findings += await redis
        findings += await exchange
        findings += await receivers
        return findings
    }

    private func secrets(_ settings: PreflightSettings) -> [Finding] {
        var findings = [
            SecretChecks.check("secret: database", file: file(of: settings), .password(8))
        ]
        if let redis = settings.redis.passwordFile {
            findings.append(SecretChecks.check("secret: redis", file: redis, .password(8)))
        }
        for account in settings.accounts where account.venue != "paper" {
            for (name, file) in [("key", account.keyFile), ("secret", account.secretFile)] {
                let subject = "secret: \(account.id) \(name)"
                if let file {
                    findings.append(SecretChecks.check(subject, file: file, .key(16)))
                } else {
                    findings.append(
                        .fail(
                            subject, "not named", mend: "name the file as accounts[].api_\(name)_file of \(account.id)")
                    )
                }
            }
        }
        return findings
    }

    private func file(of settings: PreflightSettings) -> String {
        settings.database.passwordFile.replacing("{role}", with: DatabaseRole.operator.rawValue)
    }

    private func database(_ settings: PreflightSettings) async -> [Finding] {
        let (host, port, name, _) = settings.database
        guard let password = Self.read(file(of: settings)) else { return [] }
        let database = Database(
            settings: DatabaseSettings(
                host: host, port: port, database: name, user: DatabaseRole.operator.rawValue, password: password,
                poolSize: 1, connectTimeout: .seconds(3)))
        var findings: [Finding] = []
        do {
            let started = ContinuousClock.now
            try await database.query("SELECT 1")
            let took = ContinuousClock.now - started
            findings.append(
                .ok("database", "\(host):\(port)/\(name) answers, login and question took \(took.milliseconds) ms"))
            if let fault = try await Schema.fault(database) {
                findings.append(.fail("schema", "\(fault)", mend: "the schema and the programs must be of one release"))
            } else {
                findings.append(.ok("schema", "is of this release"))
            }
        } catch {
            findings.append(
                .fail(
                    "database", "\(error)",
                    mend: "see that PgBouncer listens at \(host):\(port), and that `plimsoll migrate` was run"))
        }
        await database.close()
        return findings
    }

    private func redis(_ settings: PreflightSettings) async -> [Finding] {
        let (host, port, file) = settings.redis
        let (answers, tell) = AsyncStream<Bool>.makeStream()
        var hooks = BusHooks()
        hooks.connected = { if $0 { tell.yield(true) } }
        let bus = Bus(
            BusSettings(host: host, port: Int32(port), password: file.flatMap(Self.read)),
            logger: Logger(label: "preflight") { _ in SwiftLogNoOpLogHandler() }, hooks: hooks)
        bus.start()
        let patience = Task {
            try await Task.sleep(for: .seconds(4))
            tell.finish()
        }
        var isThere = false
        for await answer in answers {
            isThere = answer
            break
        }
        patience.cancel()
        await bus.close()
        if isThere { return [.ok("redis", "\(host):\(port) answers and takes the password")] }
        return [
            .fail(
                "redis", "\(host):\(port) does not answer, or refuses the password",
                mend: "see that Redis runs there and that redis.password_file holds its password")
        ]
    }

    private func exchange(_ settings: PreflightSettings) async -> [Finding] {
        await ExchangeChecks(settings: settings).run()
    }

    static func read(_ file: String) -> String? {
        // Why a secret cannot be read is the finding of its own check.
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return secret.isEmpty ? nil : secret
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
