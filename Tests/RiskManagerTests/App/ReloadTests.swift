import Domain
import Foundation
import Outbound
import ServiceKit
import TestKit
import Testing

@testable import RiskManagerApp

/// A changed settings file while the service runs.
struct ReloadTests {
    @Test func `limits change at once, a bad file changes nothing, and what needs a restart is named`() async throws {
        try await withFloor { floor in
            let folder = FileManager.default.temporaryDirectory.appending(path: "reload-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appending(path: "plimsoll.yaml")
            let text = try floor.settings(folder: folder)
            try text.write(to: file, atomically: true, encoding: .utf8)
            let rules = floor.instruments
            let lines = LogLines()
            let service = try await HostedService(
                "risk-manager", settings: try Settings.load(path: file.path), file: file.path, listen: .anyLoopback,
                sink: lines, read: Main.read
            ) { context, api in
                Build(context, api, RiskSettings(context.reader), instruments: { _ in rules }).services
            }
            let running = Task { try await service.run() }
            let client = Client(port: try await service.port)
            try await client.untilReady()
            func metric(_ line: String) async throws {
                try await eventually(line, within: .seconds(20)) {
                    try await client.send(.get, "/metrics").text.split(separator: "\n").contains(line[...]) ? true : nil
                }
            }
            let drawdown = #"plimsoll_limit{account="main",limit="drawdown"}"#
            try await floor.withBus { bus in
                for symbol in floor.symbols { floor.say(price("100"), of: symbol, at: floor.close, on: bus) }
                try await metric("\(drawdown) 0.1")
            }
            // A limit of one account, and one of all.
            try text.replacing("open_positions: 100", with: "open_positions: 100, drawdown: 0.08")
                .replacing("{id: main,", with: "{id: main, limits: {drawdown: 0.06},")
                .write(to: file, atomically: true, encoding: .utf8)
            try await metric("\(drawdown) 0.06")
            try await metric(#"plimsoll_limit{account="other",limit="drawdown"} 0.08"#)
            #expect(
                lines.lines.contains { $0.contains("settings changed") && $0.contains("accounts[0].limits.drawdown") })
            try await metric("plimsoll_settings_reload_failed 0")
            // A file with faults: the limits from before hold.
            try text.replacing("open_positions: 100", with: "open_positions: 100, drawdown: 0.5, drawdowm: 0.05")
                .write(to: file, atomically: true, encoding: .utf8)
            try await metric("plimsoll_settings_reload_failed 1")
            let told = try #require(lines.lines.last { $0.contains("settings not reloaded") })
            #expect(told.contains("risk.limits.drawdown = ") && told.contains("did you mean risk.limits.drawdown?"))
            try await metric("\(drawdown) 0.06")
            // What is read at the start only.
            try text.replacing("deposit: 5000", with: "deposit: 6000").write(
                to: file, atomically: true, encoding: .utf8)
            try await metric("plimsoll_settings_restart_needed 1")
            try await metric("plimsoll_settings_reload_failed 0")
            try await metric("\(drawdown) 0.1")
            #expect(lines.lines.contains { $0.contains("hold after a restart") && $0.contains("accounts[1].deposit") })
            try text.write(to: file, atomically: true, encoding: .utf8)
            try await metric("plimsoll_settings_restart_needed 0")
            running.cancel()
            _ = await running.result
        }
    }
}
