import Domain
import Foundation
import Outbound
import ServiceKit
import TestKit
import Testing

@testable import AlertingApp
@testable import AlertingCore

/// Slack's and Telegram's APIs over real sockets; the sink keeps their limits and their refusals.
@Suite(.timeLimit(.minutes(1)))
struct ReceiverTests {
    private struct Kept: Decodable {
        let path: String
        let headers: [String: String]
        let body: String
    }

    private let client = HTTPClient()
    private let sink: FixtureServer

    init() async throws {
        let folder = try Scratch.folder()
        sink = try await FixtureServer(
            "ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/kept"], folder: folder)
    }

    private var address: String { "http://127.0.0.1:\(sink.port)" }

    private func kept() async throws -> [Kept] {
        let response = try await client.send(HTTPRequest(.get, "\(address)/"))
        return try JSONDecoder().decode([Kept].self, from: Data(response.body))
    }

    private func answer(_ json: String) async throws {
        _ = try await client.send(HTTPRequest(.put, "\(address)/answer", body: Array(json.utf8)))
    }

    /// `count` alerts, each with texts of so many characters.
    private func parcel(
        _ count: Int = 1, resolved: Bool = false, summary: String = "it <is> & down", words: Int = 0,
        thread: MessageThread? = nil
    ) -> Parcel {
        let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
        let end = resolved ? now : now + .minutes(5)
        let alerts = (0..<count).map { number in
            Alert(
                labels: Labels(["alertname": "SourceDown", "severity": "critical", "instance": "\(number)"]),
                annotations: Labels([
                    "summary": summary, "description": String(repeating: "é&<😀", count: words),
                    "runbook_url": "https://example.com/runbook",
                ]), startsAt: now - .minutes(1), endsAt: end, updatedAt: now, endIsTimeout: false, generatorURL: "",
                kind: .condition)
        }
        let names = alerts.map(\.fingerprint).sorted()
        let notice = Notice(
            key: ToldKey(group: "{}:{alertname=\"SourceDown\"}", destination: "owner/chat/0"), receiver: "owner",
            groupLabels: Labels(["alertname": "SourceDown"]), alerts: alerts,
            entry: ToldEntry(
                firing: resolved ? [] : names, resolved: resolved ? names : [], at: now, expiresAt: now + .days(1)),
            reason: .first,
            at: now)
        return Parcel(notice: notice, id: notice.id, now: now, thread: thread)
    }

    private func slack(channel: String = "#alerts", token: String = "xoxb-canary", wording: Wording = .plain)
        -> SlackBotReceiver
    {
        SlackBotReceiver(
            settings: .init(
                token: Secret(token), channel: channel, address: "\(address)/slack/", updatesMessage: true,
                repliesInThread: true), client: client, wording: wording)
    }

    private func telegram(chat: String = "42", wording: Wording = .plain) -> TelegramReceiver {
        TelegramReceiver(
            .init(token: Secret("123:canary"), chat: chat, topic: nil, address: address, isSilent: false),
            client: client, wording: wording)
    }

    @Test func `Slack: one message an incident, kept up to date, its news in the thread`() async throws {
        guard case .delivered(_, let thread?) = await slack().deliver(parcel()) else {
            Issue.record("not posted")
            return
        }
        #expect(thread.place == "C0ALERTS")
        let answer = await slack().deliver(parcel(resolved: true, thread: thread))
        #expect(answer == .delivered("replied in the thread", thread: thread))
        let calls = try await kept()
        #expect(calls.map(\.path) == ["/slack/chat.postMessage", "/slack/chat.update", "/slack/chat.postMessage"])
        #expect(calls[0].body.contains("&lt;is&gt; &amp; down") && calls[0].body.contains("#c62828"))
        #expect(calls[1].body.contains("RESOLVED") && calls[1].body.contains("#2e7d32"))
        #expect(calls[2].body.contains("\"thread_ts\":\"\(thread.message)\""))
        // Somebody deleted the message: the news go out all the same.
        let lost = MessageThread(place: "C0ALERTS", message: "1.1")
        guard case .delivered("posted", let anew?) = await slack().deliver(parcel(thread: lost)) else {
            Issue.record("not posted anew")
            return
        }
        #expect(anew != lost)
    }

    @Test func `Slack: what is refused for good and what may pass`() async throws {
        #expect(await slack(channel: "#nowhere").deliver(parcel()) == .refused("channel_not_found"))
        #expect(await slack(token: "xoxp").deliver(parcel()) == .refused("invalid_auth"))
        try await answer(#"{"status": 429, "headers": {"Retry-After": "7"}}"#)
        #expect(await slack().deliver(parcel()) == .retry("HTTP 429", after: .seconds(7)))
        try await answer(#"{"status": 200, "headers": {}, "body": "{\"ok\":false,\"error\":\"internal_error\"}"}"#)
        #expect(await slack().deliver(parcel()) == .retry("internal_error", after: nil))
        try await answer(#"{"body": "<html>hello</html>"}"#)
        #expect(await slack().deliver(parcel()) == .refused("HTTP 200, but not Slack's answer"))
    }

    @Test(arguments: [0, 10, 400, 5000]) func `Slack and Telegram: their limits are kept`(words: Int) async throws {
        for count in [1, 3, 60] {
            for summary in ["short", String(repeating: "&<👩‍👩‍👧‍👦", count: 1 + words)] {
                let parcel = parcel(count, summary: summary, words: words)
                for answer in [await slack().deliver(parcel), await telegram().deliver(parcel)] {
                    guard case .delivered = answer else {
                        Issue.record("\(count) \(answer)")
                        return
                    }
                }
                let page = "https://alerting.example.com/" + String(repeating: "a", count: 1200)
                let long = Wording(subject: { _ in summary }, text: { _ in summary + summary }, html: nil, page: page)
                let linked = Wording(page: page)
                for answer in [
                    await slack(wording: linked).deliver(parcel), await telegram(wording: linked).deliver(parcel),
                    await slack(wording: long).deliver(parcel), await telegram(wording: long).deliver(parcel),
                ] {
                    guard case .delivered = answer else {
                        Issue.record("template \(answer)")
                        return
                    }
                }
            }
        }
    }

    @Test func `whoever is told of what fires finds the page that asks whether to acknowledge it`() throws {
        let wording = Wording(page: "https://alerting.example.com")
        let notice = parcel().notice
        let address = try #require(wording.page(of: notice))
        #expect(address == "https://alerting.example.com/ui/?group=" + PageText.query(notice.key.group))
        #expect(Wording(page: "https://alerting.example.com/").page(of: notice) == address)
        #expect(wording.text(of: notice).hasSuffix("\n\nAcknowledge or silence: \(address)"))
        #expect(wording.html(of: notice).contains("<a href=\"\(address)\">Acknowledge or silence</a>"))
        #expect(
            TelegramText(notice, wording: wording).html.hasSuffix("<a href=\"\(address)\">Acknowledge or silence</a>"))
        let slack = String(decoding: try JSONEncoder().encode(SlackMessage(notice, wording: wording)), as: UTF8.self)
        #expect(slack.replacing("\\/", with: "/").contains("\"url\":\"\(address)\""))
        // Nothing to take care of, or nowhere to do it.
        #expect(wording.page(of: parcel(resolved: true).notice) == nil)
        #expect(wording.page(of: notice.with(reason: .test)) == nil)
        #expect(Wording.plain.page(of: notice) == nil)
        #expect(Wording(page: "https://" + String(repeating: "a", count: 1500)).page(of: notice) == nil)
        #expect(Incident.group(ofSteps: Incident.stepGroup("{}:{a=\"b\"}")) == "{}:{a=\"b\"}")
    }

    @Test func `Telegram: HTML, plain where that is refused, news as replies, a chat that moved`() async throws {
        let first = telegram()
        guard case .delivered(_, let thread?) = await first.deliver(parcel()) else {
            Issue.record("not sent")
            return
        }
        guard case .delivered(_, let same) = await first.deliver(parcel(resolved: true, thread: thread)) else {
            Issue.record("no reply")
            return
        }
        #expect(same == thread)
        #expect(try await kept().last?.body.contains("\"message_id\":\(thread.message)") == true)
        guard case .delivered = await first.deliver(parcel(summary: "refuse-html <b>")) else {
            Issue.record("no plain text")
            return
        }
        let plain = try await kept().suffix(2)
        #expect(plain.first?.body.contains("\"parse_mode\":\"HTML\"") == true)
        #expect(plain.last?.body.contains("parse_mode") == false)
        #expect(plain.last?.body.contains("refuse-html <b>") == true)
        guard case .delivered(_, let moved?) = await telegram(chat: "-100").deliver(parcel()) else {
            Issue.record("did not follow")
            return
        }
        #expect(moved.place == "-1001")
    }

    @Test func `Telegram: its wish to wait is obeyed, and no error shows the token`() async throws {
        #expect(
            await telegram(chat: "-403").deliver(parcel())
                == .refused("Telegram 403: Forbidden: bot was blocked by the user"))
        try await answer(
            #"{"status": 429, "body": "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\",\"parameters\":{\"retry_after\":9}}"}"#
        )
        #expect(
            await telegram().deliver(parcel()) == .retry("Telegram 429: Too Many Requests", after: .seconds(9)))
        try await sink.kill()
        let answer = await telegram().deliver(parcel())
        // Host and port are told, for whoever looks for the fault; the path holds the token.
        #expect(!answer.text.contains("canary") && !answer.text.contains("/bot"))
        guard case .retry = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func `webhook: the signature is good to an independent verifier, a repeat says so`() async throws {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let receiver = WebhookReceiver(
            url: Secret("\(address)/hook"), signingSecret: Secret(secret), client: client, externalURL: "",
            alertsMax: 2, authorization: Secret("Bearer abc"))
        var sent = parcel(5)
        sent = Parcel(notice: sent.notice, id: sent.id, now: SystemClock().now(), repeated: true)
        #expect(await receiver.deliver(sent) == .delivered("HTTP 200"))
        let post = try #require(try await kept().last)
        #expect(post.body.contains(#""truncatedAlerts":3"#) && post.body.contains(#""repeated":true"#))
        #expect(post.headers["Authorization"] == "Bearer abc")
        let record = String(decoding: try JSONEncoder().encode(post.headers), as: UTF8.self)
        let script = """
            import json, sys
            from standardwebhooks import Webhook
            headers = {name.lower(): value for name, value in json.loads(sys.argv[2]).items()}
            Webhook(sys.argv[1]).verify(sys.argv[3], headers)
            try:
                Webhook(sys.argv[1]).verify(sys.argv[3] + " ", headers)
            except Exception:
                print("good")
            """
        let said = try await Command.require(
            PythonPackages.python(with: "standardwebhooks==1.1.0"), ["-c", script, secret, record, post.body])
        #expect(said.contains("good"))
    }
}
