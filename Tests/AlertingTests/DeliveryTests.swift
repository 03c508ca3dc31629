import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// From a post of Prometheus to three inboxes, with everything in between going wrong.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct DeliveryTests {
    @Test func `all three hear of it and of its end, and every attempt is a row`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            #expect(try await alarm.post("SourceDown") == 200)
            try await eventually("all three hear of it") {
                let count = (try await alarm.kept(alarm.slack).count, try await alarm.kept(alarm.webhook).count)
                let mails = try alarm.mails().count
                return count == (1, 1) && mails == 1 ? true : nil
            }
            let listed = try await alarm.send(.get, "/api/v2/alerts").text
            #expect(listed.contains("SourceDown") && listed.contains(#""state":"active""#))
            #expect(try await alarm.post("SourceDown", resolved: true) == 200)
            for _ in 0..<3 { #expect(try await alarm.post("SourceDown", resolved: true) == 200) }
            try await eventually("all three hear of its end") {
                let count = (try await alarm.kept(alarm.slack).count, try await alarm.kept(alarm.webhook).count)
                let mails = try alarm.mails().count
                return count == (2, 2) && mails == 2 ? true : nil
            }
            let metrics = try await alarm.send(.get, "/metrics").text
            #expect(metrics.contains(#"plimsoll_notifications_total{channel="slack",result="delivered"} 2"#))
            try await alarm.settled()
            #expect(try await alarm.kept(alarm.slack).count == 2)
            let posts = try await alarm.kept(alarm.webhook)
            #expect(posts[0].body.contains(#""status":"firing""#) && posts[1].body.contains(#""status":"resolved""#))
            try await verify(posts[0])
            let slack = try await alarm.kept(alarm.slack)[0].body
            #expect(slack.contains("&lt;is&gt; &amp; down") && slack.contains("#c62828"))
            let pool = database.connect(.alerting, poolSize: 1)
            let rows = try await pool.query(
                """
                SELECT state, count(*) AS n, sum(attempts) AS attempts FROM notifications
                WHERE group_key LIKE '%SourceDown%' GROUP BY state
                """)
            #expect(
                try rows.map { "\(try $0.text("state")) \(try $0.int("n")) \(try $0.int("attempts"))" } == [
                    "delivered 6 6"
                ])
            let attempts: SQL = """
                SELECT 1 FROM delivery_log a JOIN notifications n ON n.id = a.notification_id
                WHERE a.result = 'delivered' AND n.group_key LIKE '%SourceDown%'
                """
            #expect(try await pool.query(attempts).count == 6)
            await pool.close()
            #expect(try await program.terminate() == 0)
            #expect(!(try program.log()).contains("canary"))
        }
    }

    /// The signature by another program's arithmetic.
    private func verify(_ post: AlertingProcess.Kept) async throws {
        let headers = Dictionary(post.headers.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
        let script = """
            import sys, hmac, hashlib, base64
            key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            print("v1," + base64.b64encode(hmac.new(key, sys.argv[1].encode(), hashlib.sha256).digest()).decode())
            """
        let signed = "\(headers["webhook-id"] ?? "").\(headers["webhook-timestamp"] ?? "").\(post.body)"
        let wanted = try await Command.require("/usr/bin/python3", ["-c", script, signed])
        #expect(headers["webhook-signature"] == wanted.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    @Test func `a hung receiver delays nobody else, and a wish to wait is obeyed`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            try await alarm.answer(alarm.webhook, #"{"delay": 3600}"#)
            try await alarm.answer(alarm.slack, #"{"status": 429, "headers": {"Retry-After": "3"}}"#)
            let started = ContinuousClock.now
            try await alarm.post("One")
            try await eventually("slack refuses") { try await alarm.kept(alarm.slack).count == 1 ? true : nil }
            try await alarm.answer(alarm.slack, #"{"status": 200, "headers": {}}"#)
            try await alarm.post("Two")
            try await eventually("mail hears of both") { (try alarm.mails()).count == 2 ? true : nil }
            #expect(ContinuousClock.now - started < .seconds(6))
            let posts = try await eventually("slack hears of both in the end") {
                let posts = try await alarm.kept(alarm.slack)
                return posts.count >= 3 ? posts : nil
            }
            #expect(posts[1].at - posts[0].at >= 2.9)
            #expect(try await program.terminate(within: .seconds(30)) == 0)
        }
    }

    @Test func `killed in the midst of retries, it goes on after the start, and tells the end once`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            func written(_ count: Int, _ table: String, _ condition: String) async throws {
                try await eventually("\(table): \(count) \(condition)", within: .seconds(20)) {
                    let sql = "SELECT count(*) >= \(count) FROM \(table) WHERE \(condition)"
                    return try await database.servers.sql(sql, database: database.name) == "t" ? true : nil
                }
            }
            var program = try await alarm.start()
            try await alarm.answer(alarm.slack, #"{"status": 503}"#)
            try await alarm.post("Crash")
            try await written(2, "delivery_log", "result = 'retry'")
            try await written(2, "notifications", "state = 'delivered'")
            try await program.kill()
            try await alarm.answer(alarm.slack, #"{"status": 200}"#)
            program = try await alarm.start()
            try await written(3, "notifications", "state = 'delivered'")
            let posts = try await alarm.kept(alarm.webhook)
            #expect(posts.count == 1, "\(posts.map { "\($0.at) \($0.id) \($0.body)" })")
            #expect(try alarm.mails().count == 1)
            let slack = try await alarm.kept(alarm.slack).count
            try await alarm.post("Crash", resolved: true)
            try await program.kill()
            program = try await alarm.start()
            try await written(6, "notifications", "state = 'delivered'")
            try await alarm.settled()
            // What was on its way when it was killed is told again, once, as the same; what was written down is not.
            let ends = try await alarm.kept(alarm.slack).dropFirst(slack)
            #expect((1...2).contains(ends.count) && ends.allSatisfy { $0.body.contains("RESOLVED") })
            #expect(try await alarm.ids().count == 2)
            #expect((2...3).contains(try await alarm.kept(alarm.webhook).count))
            #expect((2...3).contains(try alarm.mails().count))
            _ = try await program.terminate()
        }
    }

    @Test func `what changes while a receiver is slow is told in turn, and only the last of it`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            try await alarm.answer(alarm.webhook, #"{"status": 503}"#)
            try await alarm.post("Flaps")
            func slackHeard(_ count: Int) async throws {
                try await eventually("the others hear of change \(count)", within: .seconds(20)) {
                    try await alarm.kept(alarm.slack).count == count ? true : nil
                }
            }
            try await slackHeard(1)
            for change in 2...6 {
                try await alarm.post("Flaps", resolved: change.isMultiple(of: 2))
                try await slackHeard(change)
            }
            let refused = try await alarm.kept(alarm.webhook).count
            try await alarm.answer(alarm.webhook, #"{"status": 200}"#)
            try await eventually("the slow one hears of the end", within: .seconds(30)) {
                try await alarm.kept(alarm.webhook).count > refused + 1 ? true : nil
            }
            try await alarm.settled()
            let told = try await alarm.kept(alarm.webhook).dropFirst(refused).map {
                $0.body.contains(#""status":"firing""#) ? "firing" : "resolved"
            }
            #expect(told == ["firing", "resolved"])
            let status = try await program.terminate()
            let log = try program.log()
            #expect(status == 0, "\(log.suffix(2000))")
        }
    }

    @Test func `without Postgres they hear of it all the same, over a kill, and the books are complete later`()
        async throws
    {
        let servers = try await TestServers.own()
        let database = try await TestDatabase.make(on: servers)
        let alarm = try await AlertingProcess(database)
        var program = try await alarm.start()
        try await alarm.post("Before")
        try await eventually("told") { (try alarm.mails()).count == 1 ? true : nil }
        try await servers.kill(.postgres)
        #expect(try await alarm.post("PostgresDown") == 200)
        try await eventually("told without Postgres", within: .seconds(20)) {
            let posts = try await alarm.kept(alarm.webhook)
            let mails = try alarm.mails().count
            return posts.contains { $0.body.contains("PostgresDown") } && mails == 2 ? true : nil
        }
        try await program.kill()
        program = try await alarm.start()
        try await alarm.post("PostgresDown", instance: "b")
        try await eventually("told after a kill without Postgres", within: .seconds(20)) {
            (try alarm.mails()).count == 3 ? true : nil
        }
        try await servers.start(.postgres)
        try await eventually("the books are complete", within: .seconds(20)) {
            // Not yet reachable is not yet complete.
            let sql = "SELECT count(*) FROM notifications WHERE state = 'delivered'"
            return try? await servers.sql(sql, database: database.name) == "9" ? true : nil
        }
        // In one post: of two, the first may be told of by itself.
        try await alarm.post("PostgresDown", instances: ["a", "b"], resolved: true)
        try await eventually("its end is told") { (try alarm.mails()).count == 4 ? true : nil }
        try await alarm.settled()
        let mails = try alarm.mails()
        #expect(mails.count == 4, "\(mails)")
        _ = try await program.terminate()
        try await servers.down()
    }

    @Test func `malformed posts are refused and the good among them kept`() async throws {
        try await withTestDatabase { database in
            let alarm = try await AlertingProcess(database)
            let program = try await alarm.start()
            let path = "/api/v2/alerts"
            #expect(try await alarm.send(.post, path, "[]").status == 200)
            for bad in ["{", "{}", "[1]", #"[{"labels":{}}]"#, #"[{"labels":{"a":1}}]"#] {
                #expect(try await alarm.send(.post, path, bad).status == 400, "\(bad)")
            }
            for bad in ["", #"[{}]"#, "[null]"] {
                #expect(try await alarm.send(.post, path, bad).status == 422, "\(bad)")
            }
            let mixed = #"[{"labels":{"a-b":"c"}},{"labels":{"alertname":"Good"},"endsAt":"0001-01-01T00:00:00Z"}]"#
            #expect(try await alarm.send(.post, path, mixed).status == 400)
            #expect(try await alarm.send(.get, path).text.contains("Good"))
            var random = SeededRandom(seed: 11)
            for _ in 0..<200 {
                let junk = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                    "[]{}\":,labesx01\\".randomElement(using: &random) ?? "x"
                }
                let status = try await alarm.send(.post, path, String(junk)).status
                #expect([400, 422].contains(status) || junk.starts(with: "[]"), "\(String(junk)) \(status)")
            }
            #expect(try await alarm.send(.get, "/api/v2/status").text.contains("\"original\""))
            #expect(try await alarm.send(.get, "/-/healthy").status == 200)
            _ = try await program.terminate()
        }
    }
}
