import Contracts
import Domain
import Foundation
import TestKit
import Testing

/// Bytes from anybody on Redis: a channel, what it carries, and who reads it.
struct HostileMessages {
    let channel: String
    let kind: String
    let readers: [String]
    let good: [UInt8]
    private let refusal: @Sendable ([UInt8]) -> String?

    private init<Body: Message>(_ channel: Channel<Body>, fixture: String, readers: [String]) throws {
        self.channel = channel.name
        self.kind = Body.type
        self.readers = readers
        let file = Repository.root.appending(path: "Tests/Fixtures/contracts/\(fixture).v1.json")
        good = Array(try Data(contentsOf: file)).filter { $0 != UInt8(ascii: "\n") }
        refusal = { bytes in
            do throws(MessageCodec.Failure) {
                _ = try MessageCodec.decode(bytes, as: Body.self)
                return nil
            } catch {
                switch error {
                case .tooLarge: return "too_large"
                case .malformed: return "malformed"
                case .unexpected: return "unexpected"
                }
            }
        }
        try #require(refusal(good) == nil, "\(fixture)")
    }

    static func all() throws -> [HostileMessages] {
        let symbol = try #require(Symbol("BTCUSDT"))
        return [
            try HostileMessages(Channels.prints(symbol), fixture: "prints", readers: ["risk-manager", "execution"]),
            try HostileMessages(Channels.quotes(symbol), fixture: "quote", readers: ["risk-manager"]),
            try HostileMessages(Channels.candles(symbol, .minute1), fixture: "candle", readers: ["strategy"]),
            try HostileMessages(Channels.signals, fixture: "signal.raised", readers: ["risk-manager"]),
            try HostileMessages(Channels.approvals, fixture: "order.approved", readers: ["execution"]),
            try HostileMessages(
                Channels.control, fixture: "control.changed", readers: ["risk-manager", "execution"]),
            try HostileMessages(Channels.positions, fixture: "position.changed", readers: ["risk-manager"]),
            try HostileMessages(Channels.suiteEvents, fixture: "suite.event", readers: ["alerting"]),
        ]
    }

    /// So many that are refused, each with the reason for which it must be; every tenth is of a version that nobody knows.
    func refused(_ count: Int, _ random: inout SeededRandom) -> [(bytes: [UInt8], reason: String)] {
        let newer = Array(String(decoding: good, as: UTF8.self).replacing("\"version\":1", with: "\"version\":9").utf8)
        var messages: [(bytes: [UInt8], reason: String)] = []
        while messages.count < count {
            let bytes = messages.count % 10 == 9 ? newer : Self.mutilated(good, &random)
            if let reason = refusal(bytes) { messages.append((bytes, reason)) }
        }
        return messages
    }

    /// Bytes changed, cut off, left out, put in, repeated, or others altogether.
    static func mutilated(_ good: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = good
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place...)
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(contentsOf: "{\"[\\,:-9.e".utf8.shuffled(using: &random).prefix(3), at: place)
            case 4: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
            default:
                bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
        }
        return bytes
    }
}
