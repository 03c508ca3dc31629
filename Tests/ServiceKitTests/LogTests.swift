import Domain
import Foundation
import Logging
import TestKit
import Testing

@testable import ServiceKit

@Suite struct LogTests {
    private let lines = LogLines()

    private func logger(_ levels: LogLevels = LogLevels(.trace), redactor: Redactor = Redactor()) -> Logger {
        LogOutput(
            sink: lines, levels: levels, redactor: redactor, metrics: Metrics(),
            clock: ManualClock(Timestamp(milliseconds: 1_619_323_260_000))
        ).logger(service: "execution", label: "execution.venue")
    }

    private func parsed(_ line: String) throws -> [String: Any] {
        #expect(!line.contains("\n"))
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(object as? [String: Any])
    }

    @Test func `a record is one line with time, level, service, module, message, correlation and fields`() {
        var logger = logger()
        logger[metadataKey: "correlation"] = "sig-1"
        logger[metadataKey: "order.id"] = "o1"
        logger.warning("sent", metadata: ["count": "\(3)", "list": ["a", .dictionary(["k": "v"])]])
        #expect(
            lines.lines == [
                #"{"at":"2021-04-25T04:01:00.000Z","level":"warning","service":"execution","module":"execution.venue","#
                    + #""message":"sent","correlation":"sig-1","fields":{"count":"3","list":["a",{"k":"v"}],"order.id":"o1"}}"#
            ])
    }

    @Test func `whatever is logged gives valid JSON of bounded length`() throws {
        var random = SeededRandom(seed: 42)
        for _ in 0..<400 {
            logger().info(
                "\(text(&random))",
                metadata: ["\(text(&random))": value(&random, depth: 0), "b": value(&random, depth: 0)])
        }
        #expect(lines.lines.count == 400)
        for line in lines.lines {
            _ = try parsed(line)
            #expect(line.utf8.count < 64_000, "seed \(random.seed)")
        }
    }

    private func text(_ random: inout SeededRandom) -> String {
        let scalars: [Unicode.Scalar] = [
            "\u{0}", "\n", "\r", "\"", "\\", "\u{7f}", "\u{2028}", "é", "🚢", "a", "\u{202e}", "\u{300}",
        ]
        let count = Int.random(in: 0...20, using: &random) == 0 ? 9000 : Int.random(in: 0...30, using: &random)
        var text = String.UnicodeScalarView()
        for _ in 0..<count { text.append(scalars.randomElement(using: &random) ?? "x") }
        return String(text)
    }

    private func value(_ random: inout SeededRandom, depth: Int) -> Logger.MetadataValue {
        switch Int.random(in: 0...(depth > 8 ? 1 : 3), using: &random) {
        case 0: return .string(text(&random))
        case 1: return .stringConvertible(Double.nan)
        case 2: return .array((0..<Int.random(in: 0...5, using: &random)).map { _ in value(&random, depth: depth + 1) })
        default:
            var fields: Logger.Metadata = [:]
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                fields[text(&random)] = value(&random, depth: depth + 1)
            }
            return .dictionary(fields)
        }
    }

    @Test func `long values are cut and say how long they were`() throws {
        let many = Dictionary(uniqueKeysWithValues: (0..<1000).map { ("k\($0)", Logger.MetadataValue.string("v")) })
        logger().info("x", metadata: ["long": .string(String(repeating: "é", count: 5000)), "many": .dictionary(many)])
        let fields = try #require(try parsed(lines.lines[0])["fields"] as? [String: Any])
        let long = try #require(fields["long"] as? String)
        #expect(long.hasSuffix("… (10000 bytes)"))
        #expect(long.utf8.count < 4200)
        let kept = try #require(fields["many"] as? [String: Any])
        #expect(kept.count == JSONLine.entriesMax + 1)
        #expect(kept["truncated"] as? Bool == true)
    }

    @Test func `a known secret is blotted out wherever it stands`() throws {
        let redactor = Redactor()
        redactor.remember(Secret("canary-123"))
        let logger = logger(redactor: redactor)
        logger.error(
            "failed with canary-123", error: NSError(domain: "canary-123", code: 1),
            metadata: [
                "correlation": "canary-123", "canary-123": "x", "nested": ["a", ["url": "https://h/canary-123?q"]],
            ])
        #expect(!lines.lines[0].contains("canary"))
        #expect(lines.lines[0].contains("<secret>"))
        _ = try parsed(lines.lines[0])
    }

    @Test func `levels are chosen by module`() throws {
        let yaml = "log: {level: warning, modules: {venue: debug, http: error}}"
        let reader = try Settings(yaml: yaml).reader
        let levels = LogLevels(reader: reader)
        try reader.finish()
        #expect(levels.level(for: "execution") == .warning)
        #expect(levels.level(for: "execution.venue") == .debug)
        #expect(levels.level(for: "execution.venue.binance") == .debug)
        #expect(levels.level(for: "execution.http") == .error)
        #expect(levels.level(for: "execution.feeds") == .warning)
        logger(levels).trace("not written")
        #expect(lines.lines.isEmpty)
    }

    @Test func `the writer writes all lines in order and does not wait for a reader`() throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        for index in 0..<100 { writer.write("line \(index)") }
        writer.close()
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text == (0..<100).map { "line \($0)\n" }.joined())
    }

    @Test func `a log nobody reads drops lines, counts them and lets the process end`() {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let long = String(repeating: "x", count: 1000)
        for _ in 0..<LogWriter.linesMax * 3 { writer.write(long) }
        #expect(writer.dropped > LogWriter.linesMax / 2)
        let start = ContinuousClock.now
        writer.close(within: .milliseconds(50))
        #expect(ContinuousClock.now - start < .seconds(5))
        // Lets the writing thread go on to its end, as a service does: without SIGPIPE.
        signal(SIGPIPE, SIG_IGN)
        _ = try? pipe.fileHandleForReading.close()
    }
}
