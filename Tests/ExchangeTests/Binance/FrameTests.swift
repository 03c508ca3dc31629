import Domain
import Exchanges
import Foundation
import TestKit
import Testing

@Suite("Binance frames")
struct FrameTests {
    private let trade = """
        {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,\
        "p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}
        """

    @Test("A trade is read, wrapped or raw, whatever the order of its fields")
    func trades() throws {
        let expected = BinanceEvent.trade(
            Print(
                id: 3_735_683_259, symbol: try #require(Symbol("BTCUSDT")), price: try Price("61837.63"[...]),
                quantity: try Quantity("0.02"[...]), aggressor: .sell,
                time: Timestamp(milliseconds: 1_723_161_255_342)))
        #expect(try BinanceFrame.decode(trade) == expected)
        let raw = """
             { "M":true, "m":true, "T":1723161255342, "q":"0.02", "p":"61837.630", "t":3735683259, "s":"BTCUSDT",
              "E":1,"x":{"e":"no","t":[1,{}]}, "e":"trade" }
            """
        #expect(try BinanceFrame.decode(raw) == expected)
    }

    @Test("Quotes, answers and events without use are told apart")
    func others() throws {
        let quote = """
            {"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.5"}
            """
        guard case .bookTicker(let ticker) = try BinanceFrame.decode(quote) else {
            Issue.record("no quote")
            return
        }
        #expect(ticker.ask.description == "61837.64" && ticker.updateID == 50_093_239_212)
        #expect(try BinanceFrame.decode(#"{"result":null,"id":3}"#) == .reply(error: nil))
        #expect(
            try BinanceFrame.decode(#"{"error":{"code":2,"msg":"Invalid \"request\""},"id":3}"#)
                == .reply(error: BinanceRejection(code: 2, message: "Invalid \"request\"")))
        #expect(
            try BinanceFrame.decode(#"{"stream":"a","data":{"e":"depthUpdate","b":[]}}"#) == .ignored("depthUpdate"))
        #expect(try BinanceFrame.decode(#"{"e":"listenKeyExpired","E":1,"listenKey":"x"}"#) == .listenKeyExpired)
    }

    @Test("A cancellation is reported under the order's own id")
    func cancellation() throws {
        let text = """
            {"e":"executionReport","E":1,"s":"BTCUSDT","c":"cancel9","S":"SELL","o":"STOP_LOSS","f":"GTC","q":"1.0",\
            "p":"0.0","P":"90.0","g":4,"C":"mine","x":"CANCELED","X":"CANCELED","r":"NONE","i":9,"l":"0.0","z":"0.25",\
            "L":"0.0","n":"0","N":null,"T":5,"t":-1,"w":false,"m":false,"O":1,"Z":"0.0"}
            """
        guard case .executionReport(let report) = try BinanceFrame.decode(text) else {
            Issue.record("no report")
            return
        }
        #expect(report.clientOrderID == "mine" && report.orderListID == 4 && report.fill == nil)
        #expect(report.status == .canceled && report.status.state == .cancelled)
        #expect(report.filledQuantity.description == "0.25")
    }

    @Test(
        "What is not documented is an error that names its place",
        arguments: [
            ("", "malformed"), ("{", "malformed"), ("[]", "malformed"), ("{}x", "malformed"), ("nul", "malformed"),
            (#"{"e":"trade"}"#, "field"),
            (#"{"e":"trade","t":1,"s":"BTCUSDT","p":"1e5","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":"trade","t":1,"s":"BTCUSDT","p":"NaN","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":"trade","t":1,"s":"btc/usdt","p":"1","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":"trade","t":1.5,"s":"BTCUSDT","p":"1","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":"trade","t":99999999999999999999,"s":"BTCUSDT","p":"1","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":"trade","t":1,"s":"BTCUSDT","p":"99999999999999","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":"trade","t":1,"s":"BTCUSDT","p":"0.000000001","q":"1","T":1,"m":true}"#, "field"),
            (#"{"e":5}"#, "field"), (#"{"e":"\ud800"}"#, "field"),
        ])
    func malformed(text: String, reason: String) {
        #expect(throws: BinanceFrameError.self) { try BinanceFrame.decode(text) }
        do throws(BinanceFrameError) { _ = try BinanceFrame.decode(text) } catch { #expect(error.reason == reason) }
    }

    @Test("Deep and large frames are refused")
    func bounds() {
        for (text, reason) in [
            (String(repeating: "[", count: 100_000), "malformed"),
            ("{\"a\":" + String(repeating: "[", count: 100), "too_deep"),
            ("{\"a\":\"" + String(repeating: "x", count: 1 << 20) + "\"}", "too_large"),
        ] {
            do throws(BinanceFrameError) {
                _ = try BinanceFrame.decode(text)
                Issue.record("\(reason) was read")
            } catch {
                #expect(error.reason == reason)
            }
        }
    }

    @Test(
        "Damaged frames never crash, and an undamaged one after them is read", arguments: 1...30 as ClosedRange<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let samples = [
            trade, #"{"u":5,"s":"BTCUSDT","b":"1.0","B":"2.0","a":"1.1","A":"3.0"}"#,
            #"{"e":"listStatus","E":1,"s":"A","g":1,"l":"x","L":"y","C":"z","T":3,"O":[{"s":"A","i":1,"c":"d"}]}"#,
            #"{"e":"outboundAccountPosition","E":1,"u":1,"B":[{"a":"USDT","f":"1.0","l":"0"}]}"#,
            #"{"subscriptionId":0,"event":{"e":"kline","s":"A","k":{"t":1,"i":"1m","o":"1","c":"1","h":"1","l":"1"}}}"#,
            #"{"error":{"code":-1,"msg":"\u00e9\n"},"id":1}"#,
        ].map { Array($0.utf8) }
        for _ in 0..<3000 {
            var bytes = samples.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes, &random) }
            do throws(BinanceFrameError) { _ = try BinanceFrame.decode(bytes) } catch { #expect(!error.reason.isEmpty) }
        }
        guard case .trade = try BinanceFrame.decode(trade) else {
            Issue.record("seed \(seed)")
            return
        }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place...)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
        case 4: bytes.insert(contentsOf: Array("{\"[\\,:-9e.u0".utf8).shuffled(using: &random).prefix(3), at: place)
        default: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
        }
    }
}

@Suite(
    "Recorded Binance messages", .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
struct RecordedMessageTests {
    private func folder(_ name: String) throws -> URL {
        try #require(Repository.recordings).appending(path: "messages/binance").appending(path: name)
    }

    private func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOf: folder(name), encoding: .utf8).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// What the server sent in the recorded conversations about spot.
    private func pushes() throws -> [String] {
        var result: [String] = []
        for line in try lines("ws/jkorf-conversations.jsonl") {
            // The conversations called Concurrent have a number of the test's own before each frame.
            guard let name = line["name"] as? String, name.contains("/Spot/"), !name.hasSuffix("Concurrent") else {
                continue
            }
            guard let steps = line["steps"] as? [[String: Any]] else { continue }
            for step in steps where step["dir"] as? String == "server-push" {
                guard let raw = step["raw"] as? String else { continue }
                result.append(raw.replacingOccurrences(of: "|1|", with: "1"))
            }
        }
        return result
    }

    private func kind(_ event: BinanceEvent) -> String {
        switch event {
        case .trade: "trade"
        case .bookTicker: "bookTicker"
        case .kline: "kline"
        case .executionReport: "executionReport"
        case .listStatus: "listStatus"
        case .accountPosition: "outboundAccountPosition"
        case .reply: "reply"
        case .listenKeyExpired: "listenKeyExpired"
        case .ignored(let name): name
        }
    }

    @Test("Every frame of the recorded session decodes to what its stream says")
    func session() throws {
        var counts: [String: Int] = [:]
        for line in try lines("ws/cryptofeed-2021-10.jsonl") {
            guard let text = line["data"] as? String else { continue }
            counts[kind(try BinanceFrame.decode(text)), default: 0] += 1
        }
        #expect(counts == ["depthUpdate": 177, "bookTicker": 84, "aggTrade": 2, "kline": 2])
    }

    @Test("The documented user data events decode")
    func userData() throws {
        for (file, expected) in [
            ("account_position", "outboundAccountPosition"), ("account_position_wrapped", "outboundAccountPosition"),
            ("balance_update", "balanceUpdate"), ("balance_update_wrapped", "balanceUpdate"),
            ("execution_report_new", "executionReport"), ("execution_report_trade", "executionReport"),
            ("execution_report_canceled", "executionReport"), ("execution_report_wrapped", "executionReport"),
        ] {
            let text = try String(contentsOf: folder("ws/nautilus/\(file).json"), encoding: .utf8)
            #expect(kind(try BinanceFrame.decode(text)) == expected)
        }
    }

    @Test("The conversations of another library decode, each as what it is")
    func conversations() throws {
        var counts: [String: Int] = [:]
        for raw in try pushes() {
            do throws(BinanceFrameError) {
                counts[kind(try BinanceFrame.decode(raw)), default: 0] += 1
            } catch {
                counts[error.reason, default: 0] += 1
            }
        }
        #expect(counts["malformed", default: 0] == 0, "\(counts)")
        #expect((counts["trade"] ?? 0) > 0 && (counts["kline"] ?? 0) > 0, "\(counts)")
    }
}
