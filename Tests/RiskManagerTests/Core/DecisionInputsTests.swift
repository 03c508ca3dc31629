import Foundation
import RiskManagerCore
import Testing

struct DecisionInputsTests {
    @Test func `the row's inputs are stable JSON that reads back`() throws {
        let inputs = Case().with { $0.policy.limits.position = ratio("0.101") }.decide().inputs
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = try encoder.encode(inputs)
        #expect(try JSONDecoder().decode(DecisionInputs.self, from: bytes) == inputs)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"account":{"cash":"10000","dailyLoss":"0","drawdown":"0","equity":"10000","exposure":"0","#))
        #expect(text.contains(#""boundBy":"position""#))
        #expect(text.contains(#"{"allows":"10","cost":"1500","kind":"position","left":"1010"}"#))
    }
}
