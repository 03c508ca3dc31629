import Foundation
import FoundationNetworking
import Testing

@testable import ServiceKit

/// Prometheus' own tool reads the page of a real service.
@Suite struct PromtoolTests {
    @Test func `promtool finds nothing to say about the page`() async throws {
        let tool = "/usr/bin/promtool"
        try #require(FileManager.default.isExecutableFile(atPath: tool), "promtool is missing: apt install prometheus")
        let service = try await HostedService(
            "example", settings: try Settings(yaml: ""), listen: .anyLoopback, sink: LogLines()
        ) { context, _ in
            context.health.dependency("postgres").up()
            return []
        }
        let page = try await service.whileRunning { port in
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
            _ = try await URLSession.shared.data(from: url)
            return try await URLSession.shared.data(from: url).0
        }
        #expect(
            String(decoding: page, as: UTF8.self).contains(#"plimsoll_http_request_seconds_bucket{route="/metrics""#))
        let (status, output) = try check(page, with: tool)
        #expect(status == 0, "\(output)")
        let bad = try check(Data("plimsoll_requests 1\n".utf8), with: tool)
        #expect(bad.status != 0, "the tool itself must be able to fail")
    }

    private func check(_ page: Data, with tool: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = ["check", "metrics"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: page)
        try input.fileHandleForWriting.close()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
