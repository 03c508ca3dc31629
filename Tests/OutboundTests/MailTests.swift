import Foundation
import Outbound
import TestKit
import Testing

/// Mail to a real SMTP server with STARTTLS and AUTH; what arrived is read back by Python's mail parser.
@Suite(.timeLimit(.minutes(1)))
struct MailTests {
    private struct Mailbox {
        let server: FixtureServer
        let certificate: TestCertificate
        let file: URL

        func settings(password: String = "canary-password") -> MailClient.Settings {
            MailClient.Settings(
                host: "localhost", port: server.port, username: "plimsoll", password: password,
                authorityFile: certificate.certificate, timeout: .seconds(10))
        }

        /// What arrived, as an independent parser reads it.
        func parsed() async throws -> [Parsed] {
            let script = """
                import json, sys, email, email.policy
                out = []
                for line in open(sys.argv[1]):
                    record = json.loads(line)
                    m = email.message_from_string(record["raw"], policy=email.policy.default)
                    parts = [[p.get_content_type(), p.get_content()] for p in m.walk() if not p.is_multipart()]
                    longest = max(len(l) for l in record["raw"].split("\\r\\n"))
                    out.append({"to": record["to"], "user": record["user"], "headers": {k: str(v) for k, v in m.items()},
                        "parts": parts, "defects": len(m.defects), "longest": longest})
                print(json.dumps(out))
                """
            let text = try await Command.require("/usr/bin/python3", ["-c", script, file.path])
            return try JSONDecoder().decode([Parsed].self, from: Data(text.utf8))
        }
    }

    private struct Parsed: Decodable {
        let to: [String]
        let user: String
        let headers: [String: String]
        let parts: [[String]]
        let defects: Int
        let longest: Int
    }

    private func mailbox() async throws -> Mailbox {
        let folder = try Scratch.folder()
        let certificate = try await TestCertificate(in: folder)
        let password = folder.appending(path: "password")
        try "canary-password\n".write(to: password, atomically: true, encoding: .utf8)
        let file = folder.appending(path: "mail.jsonl")
        let server = try await FixtureServer(
            "ops/sinks/smtp.py",
            [
                "--port", "0", "--file", file.path, "--cert", certificate.certificate, "--key", certificate.key,
                "--user", "plimsoll", "--password-file", password.path,
            ], folder: folder)
        return Mailbox(server: server, certificate: certificate, file: file)
    }

    private func message(to: String = "Owner <owner@example.com>", subject: String = "Test") throws -> MailMessage {
        MailMessage(
            from: try MailAddress("Plimsoll <alerts@example.com>"), to: [try MailAddress(to)], subject: subject,
            text: "plain", html: "<p>html</p>", id: "1@example.com", date: Date(timeIntervalSince1970: 1_600_000_000))
    }

    private func failure(_ client: MailClient, _ message: MailMessage) async throws -> MailError {
        do {
            try await client.send(message)
            throw Unexpected("it was accepted")
        } catch let error as MailError {
            return error
        }
    }

    @Test func `a mail arrives whole, over TLS and after AUTH`() async throws {
        let mailbox = try await mailbox()
        let client = MailClient(mailbox.settings())
        var mail = try message(subject: "Größe 100 % – 価格 " + String(repeating: "lang ", count: 30))
        mail.text = "Zeile eins\n.\n..zwei = 3 " + String(repeating: "ü", count: 200) + "\nEnde mit Leerzeichen "
        mail.html = "<p>" + String(repeating: "x", count: 2000) + "</p>"
        mail.headers = [("Auto-Submitted", "auto-generated")]
        try await client.send(mail)
        let got = try #require(try await mailbox.parsed().first)
        #expect(got.user == "plimsoll")
        #expect(got.to == ["owner@example.com"])
        #expect(got.headers["Subject"] == mail.subject)
        #expect(got.headers["From"] == "Plimsoll <alerts@example.com>")
        #expect(got.headers["Message-ID"] == "<1@example.com>")
        #expect(got.headers["Date"] == "Sun, 13 Sep 2020 12:26:40 +0000")
        #expect(got.headers["Auto-Submitted"] == "auto-generated")
        #expect(got.parts.map(\.[0]) == ["text/plain", "text/html"])
        #expect(got.parts[0][1].replacing("\r\n", with: "\n").trimmingCharacters(in: .newlines) == mail.text)
        #expect(got.parts[1][1].trimmingCharacters(in: .newlines) == mail.html)
        #expect(got.defects == 0)
        #expect(got.longest <= 78)
    }

    @Test func `no header can be smuggled in`() async throws {
        let mailbox = try await mailbox()
        let client = MailClient(mailbox.settings())
        try await client.send(try message(subject: "a\r\nBcc: victim@example.com\r\n\r\nbody"))
        let got = try #require(try await mailbox.parsed().first)
        #expect(got.headers["Bcc"] == nil)
        #expect(got.to == ["owner@example.com"])
        for bad in ["a@b\r\nRCPT TO:<c@d>", "a b@c", "a@b@c", "@b", "a@", "<a@b", "a\"@b", "a>@b", ""] {
            #expect(throws: MailError.self) { try MailAddress(bad) }
        }
        var mail = try message()
        mail.headers = [("X\r\nBcc", "v@example.com")]
        #expect(try await failure(client, mail).code == .invalidMessage)
    }

    @Test func `refusals are told apart`() async throws {
        let mailbox = try await mailbox()
        let client = MailClient(mailbox.settings())
        let later = try await failure(client, try message(to: "later-x@example.com"))
        #expect(later.code == .refused(reply: 451))
        #expect(later.isRetryable)
        let never = try await failure(client, try message(to: "never-x@example.com"))
        #expect(never.code == .refused(reply: 550))
        #expect(!never.isRetryable)
        let wrong = try await failure(MailClient(mailbox.settings(password: "canary-wrong")), try message())
        #expect(wrong.code == .authenticationRefused)
        #expect(!"\(wrong)".contains("canary"))
        var untrusting = mailbox.settings()
        untrusting.authorityFile = nil
        #expect(try await failure(MailClient(untrusting), try message()).code == .tlsFailed)
        try await client.send(try message())
        #expect(try await mailbox.parsed().count == 1)
        try await mailbox.server.kill()
        let gone = try await failure(MailClient(mailbox.settings()), try message())
        #expect(gone.code == .couldNotConnect)
        #expect(gone.message.hasSuffix(": Connection refused"), "\(gone.message)")
        #expect(!gone.sent)
    }

    @Test func `a server without STARTTLS gets neither password nor mail`() async throws {
        let plain = try await FixtureServer("Tests/Fixtures/servers/plain_smtp.py")
        let settings = MailClient.Settings(
            host: "127.0.0.1", port: plain.port, username: "plimsoll", password: "canary", timeout: .seconds(5))
        let error = try await failure(MailClient(settings), try message())
        #expect(error.code == .tlsFailed)
        #expect(!error.sent)
    }
}
