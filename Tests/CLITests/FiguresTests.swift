import Backtest
import Domain
import Testing

@testable import CLI

@Suite struct FiguresTests {
    @Test(
        arguments: [
            ("0", "0.00"), ("0.004", "0.00"), ("-0.004", "0.00"), ("0.005", "0.00"), ("0.015", "0.02"),
            ("12.5", "12.50"),
            ("999.999", "1,000.00"), ("1234567.891", "1,234,567.89"), ("-1000", "-1,000.00"),
        ])
    func `money has two decimals and thousands apart`(_ text: String, _ shown: String) throws {
        #expect(Figures.money(try Money(text)) == shown)
    }

    @Test(arguments: [("0.0325", "3.25 %"), ("1", "100.00 %"), ("-0.5", "-50.00 %"), ("0.00001", "0.00 %")])
    func `ratios are shown in per cent`(_ text: String, _ shown: String) throws {
        #expect(Figures.percent(try Ratio(text)) == shown)
    }

    @Test(arguments: [(-5, "0 s"), (45, "45 s"), (130, "2 min"), (7300, "2 h"), (200_000, "2 d")])
    func `ages are short`(_ seconds: Int64, _ shown: String) {
        #expect(Figures.age(.seconds(seconds)) == shown)
    }

    @Test func `a table is as wide as it needs to be`() {
        var table = TextTable("NAME", ">AMOUNT", "NOTE")
        table.add("a", "1.00", "x")
        table.add("longer", "1,000.00")
        #expect(
            table.text == """
                  NAME      AMOUNT  NOTE
                  a           1.00  x
                  longer  1,000.00
                """)
    }
}
