import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

@testable import AlertingApp

/// Thresholds: the catalogue and the rules, what people write, and what is made of Prometheus' answers.
@Suite struct ThresholdTests {
    @Test func `the catalogue says what prometheus slash rules says`() throws {
        let folder = Repository.root.appending(path: "prometheus/rules")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let text = try files.map { try String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
        let rules = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for threshold in ThresholdCatalog.all {
            var rule = "- alert: \(threshold.alert) expr: >- \(threshold.rule) "
            if threshold.holds > .seconds(0) { rule += "for: \(Self.duration(threshold.holds)) " }
            if threshold.keepsFiring > .seconds(0) {
                rule += "keep_firing_for: \(Self.duration(threshold.keepsFiring)) "
            }
            #expect(rules.contains(rule + "labels:"), "\(rule)")
            #expect(threshold.isAllowed(threshold.standard))
        }
        let named = Set(text.matches(of: /plimsoll_alert_threshold\{threshold="([a-z_]+)"\}/).map { String($0.1) })
        #expect(named == Set(ThresholdCatalog.all.map(\.name)))
        #expect(named.count == ThresholdCatalog.all.count)
    }

    private static func duration(_ span: Timestamp.Span) -> String {
        let seconds = span.nanoseconds / 1_000_000_000
        return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }

    @Test func `what people write is read in the unit they see, within bounds`() throws {
        let lag = try #require(ThresholdCatalog["source_lag"])
        #expect(try lag.value("7.5").description == "7.5")
        #expect(try lag.value("7,5").description == "7.5")
        for text in ["", "x", "0", "-1", "601", "1e3", "NaN", "99999999999999999999"] {
            #expect(throws: Threshold.Refusal.self, "\(text)") { try lag.value(text) }
        }
        #expect(throws: Threshold.Refusal.outOfBounds("between 0.1 and 600 seconds")) { try lag.value("0.01") }
        let share = try #require(ThresholdCatalog["drawdown"])
        #expect(try share.value("62.5").description == "0.625")
        #expect(share.words(for: try share.value("62.5")) == "62.5 % of the limit")
        #expect(throws: Threshold.Refusal.self) { try share.value("101") }
        #expect(throws: Threshold.Refusal.self) { try share.value("50.0000001") }
    }

    @Test func `an alert is what lasts as long as the rule wants, and what comes back soon is the same one`() throws {
        let lag = try #require(ThresholdCatalog["source_lag"])
        let loss = try #require(ThresholdCatalog["drawdown"])
        func series(_ times: [Double]) -> PrometheusClient.Series {
            PrometheusClient.Series(labels: ["symbol": "BTCUSDT"], points: times.map { ($0, 9) })
        }
        // For a minute: three looks in a row; two are too short.
        let looks = series([0, 30, 60, 300, 330, 900, 930, 960, 990])
        let episodes = ThresholdForecast.episodes([looks, series([0])], lag)
        #expect(episodes.map(\.start) == [900, 0])
        #expect(episodes.map(\.end) == [990, 60])
        // At once, and kept for five minutes.
        #expect(ThresholdForecast.episodes([series([0, 300, 330, 900])], loss).map(\.start) == [900, 0])
        #expect(ThresholdForecast.episodes([], loss).isEmpty)
    }

    @Test func `the curve has the highest of each part, gaps where nothing is known, and room for the line`() {
        let from = Timestamp(seconds: 0)
        let points = stride(from: 0, to: 80_000, by: 30).map { (at: Double($0), value: $0 < 40_000 ? 2.0 : 8.0) }
        let curve = ThresholdCurve(points + [(at: 600_000.0, value: 1.0)], from: from, to: from + .days(7))
        #expect(curve.highest == 8 && curve.since == 0)
        let picture = curve.picture(10)
        #expect(picture.lines.count == 2 && picture.lines[0].hasPrefix("0,"))
        #expect(picture.level == "11.7")
        #expect(ThresholdCurve([], from: from, to: from + .days(7)).picture(10).lines.isEmpty)
    }

    @Test func `versions differ in what changed, and are exported as files`() throws {
        let before = SettingsVersion(
            number: 3, at: Timestamp(seconds: 1), by: "owner", comment: "",
            thresholds: ["event_backlog": try Ratio("60"), "drawdown": try Ratio("0.4")], restores: nil)
        let changes = before.changes(to: ["event_backlog": try Ratio("90"), "source_lag": try Ratio("2")])
        #expect(changes.map(\.name) == ["drawdown", "event_backlog", "source_lag"])
        #expect(changes.map { $0.after?.description } == [nil, "90", "2"])
        let export = SettingsExport(version: before, routing: "route:\n  receiver: owner\n", at: Timestamp(seconds: 2))
        #expect(export.routing.contains("# EventBacklog: 60 seconds (else 10 seconds)\n"))
        #expect(export.routing.contains("# Drawdown: 40 % of the limit (else 50 % of the limit)\n"))
        #expect(export.routing.hasSuffix("\nroute:\n  receiver: owner\n"))
        #expect(export.thresholds.contains("labels: {threshold: event_backlog}\n        expr: vector(60)\n"))
        #expect(SettingsExport(version: .initial, routing: "", at: .zero).thresholds.hasSuffix("rules: []\n"))
    }

    @Test func `a Prometheus that hangs, is away or is none is named as such`() async throws {
        let folder = try Scratch.folder()
        let other = try await FixtureServer("ops/sinks/webhook.py", ["--port", "0", "--file", folder.path + "/other"])
        func failure(_ port: Int, _ expression: String = "up") async -> String {
            let client = PrometheusClient(url: "http://127.0.0.1:\(port)", timeout: .milliseconds(400))
            do throws(PrometheusClient.Failure) {
                _ = try await client.range(
                    expression, from: Timestamp(seconds: 0), to: Timestamp(seconds: 3600), stepSeconds: 30)
                return ""
            } catch { return error.description }
        }
        func answer(_ json: String) async throws {
            _ = try await HTTPClient().send(
                HTTPRequest(.put, "http://127.0.0.1:\(other.port)/answer", body: Array(json.utf8)))
        }
        #expect(await failure(other.port) == "What answers (HTTP 200) is no Prometheus.")
        try await answer(#"{"status": 404}"#)
        #expect(await failure(other.port) == "What answers (HTTP 404) is no Prometheus.")
        try await answer(#"{"status": 400, "body": "{\"status\":\"error\",\"error\":\"parse error\"}"}"#)
        #expect(await failure(other.port) == "Prometheus refuses: parse error")
        try await answer(#"{"delay": 3600}"#)
        #expect(await failure(other.port) == "Prometheus does not answer in time.")
        try await other.kill()
        #expect(await failure(other.port) == "Prometheus cannot be reached (could_not_connect).")
    }

    @Test func `of those who save at once one wins, and what was saved is never changed`() async throws {
        try await withTestDatabase { database in
            let books = Database(settings: database.settings(.alerting))
            let store = AlertStore(database: books, writer: "test")
            #expect(try await store.settings() == .initial)
            let winners = await withTaskGroup(of: Int64?.self) { group in
                for number in 1...8 {
                    group.addTask {
                        let draft = SettingsDraft(
                            base: 0, thresholds: ["event_backlog": Ratio(raw: Int64(number) * 100_000_000)],
                            by: "visitor-\(number)", comment: "why", action: "set threshold", detail: "\(number)")
                        // The others are refused; the count below says how many.
                        return try? await store.save(draft).number
                    }
                }
                return await group.reduce(into: [Int64]()) { if let number = $1 { $0.append(number) } }
            }
            #expect(winners == [Int64(1)])
            let saved = try await store.settings()
            #expect(saved.number == 1 && saved.thresholds.count == 1 && saved.restores == nil)
            let late = SettingsDraft(base: 7, thresholds: [:], by: "x", comment: "", action: "x", detail: "")
            await #expect(throws: AlertStore.SettingsConflict.self) { _ = try await store.save(late) }
            let audit = try await books.query(
                "SELECT by_whom, detail FROM alerting_audit WHERE action = 'set threshold'")
            #expect(try audit.map { try $0.text("by_whom") } == [saved.by])
            for statement: SQL in [
                "UPDATE alerting_settings SET comment = 'x'", "DELETE FROM alerting_settings",
            ] {
                await #expect(throws: StoreError.self) { try await books.execute(statement) }
            }
            await books.close()
        }
    }
}
