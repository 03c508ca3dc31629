import AlertingCore
import TestKit
import Testing

struct MatcherTests {
    @Test(arguments: [
        ("a=b", "b", true), ("a = \"b\"", "b", true), ("a!=b", "b", false), ("a!=b", "", true),
        ("a=~\"b.*\"", "bcd", true), ("a=~\"b.*\"", "abc", false), ("a=~\"x|y.+\"", "y", false),
        ("a=~\"x|y.+\"", "yz", true), ("a!~\"x|y\"", "x", false), ("a=\"\"", "", true), ("a=~\".*\"", "", true),
        ("a=~\"1\\\\.5\"", "1.5", true), ("a=~\"1\\\\.5\"", "1x5", false), ("a=~\"1\\.5\"", "1x5", false),
        ("a=~\"(?i)down\"", "DoWn", true), ("a=~\"[0-9]{2,3}\"", "1234", false), ("a=~\"\\\\pL+\"", "äö", true),
        ("a=~\".*\"", "two\nlines", false), ("a=\"ü\"", "ü", true), ("a=\"\\u00fc\"", "\\u00fc", true),
        ("\"a\"=\"\\u00fc\"", "ü", true), ("a=", "", true), ("a=b,c=d", "b,c=d", true),
        ("a=~\"b\\x00?c\"", "b\0c", true),
    ])
    func `a matcher`(text: String, value: String, matches: Bool) throws {
        #expect(try Matcher(text).matches(Labels(["a": value])) == matches)
    }

    @Test(arguments: [
        "foo", "=b", "a=\"b", "a=~\"(b\"", "a=~\"[b\"", "a=~\"*b\"", "a>b", "", "{a=b}", "a=~\"b{1001}\"",
        "a=~\"\\\\8\"", "a b=c",
    ])
    func `what is none`(text: String) {
        #expect(throws: Matcher.Failure.self) { try Matcher(text) }
    }

    @Test(arguments: [
        ("{foo = \"bar\", dings != \"bums\", }", #"foo="bar" dings!="bums""#),
        ("foo=bar,dings!=bums", #"foo="bar" dings!="bums""#),
        ("{}", ""), ("", ""), ("{quote=\"She said: \\\"Hi, ladies!\\\"\"}", #"quote="She said: \"Hi, ladies!\"""#),
        ("{\"näme\"=~\"5..\"}", #"näme=~"5..""#), ("foo=", #"foo="""#), ("{\"a b\"=\"c\\td\"}", #""a b"="c\td""#),
    ])
    func `lists of matchers`(text: String, expected: String) throws {
        #expect(try Matcher.list(text).map(\.description).joined(separator: " ") == expected)
    }

    @Test(arguments: ["{foo>bar", "foo=\"bar}\"x", "{foo}", "foo=bar,,", "{,}"])
    func `what is no list`(text: String) {
        #expect(throws: Matcher.Failure.self) { try Matcher.list(text) }
    }

    @Test func `texts of different bytes differ`() throws {
        #expect(try !Matcher("a", .equal, "e\u{301}").matches(value: "\u{e9}"))
    }

    @Test(arguments: UInt64(1)...8)
    func `whatever is written is read again, and nothing that is read makes it fail`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "a", "B_1", ":", "=", "!=", "=~", "!~", "~", "!", ",", "{", "}", "\"", "\\", "'", "`", " ", "\n", "\t", "ü",
            "😀",
            "\u{200b}", "\0", "(", ")", "[", "]", "*", "+", ".", "|", "x{2}", "\\n", "\\\"", "\\u00fc", "\\x41",
            "\\777",
        ]
        func text(_ most: Int) -> String {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
        }
        var read = 0
        for _ in 0..<3000 {
            guard let matchers = try? Matcher.list(text(8)) else { continue }
            read += 1
            for matcher in matchers where !matcher.name.isEmpty {
                #expect(try Matcher.list(matcher.description) == [matcher], "seed \(seed): \(matcher)")
            }
        }
        #expect(read > 30, "seed \(seed)")
        for _ in 0..<1000 {
            let matcher = try Matcher("n" + text(3), .equal, text(6))
            #expect(try Matcher.list("{\(matcher)}") == [matcher], "seed \(seed): \(matcher)")
        }
    }

    @Test func `a refusal has the words of Alertmanager`() {
        #expect(throws: Matcher.Failure.malformed("bad matcher format: foo")) { try Matcher("foo") }
        #expect(throws: Matcher.Failure.badPattern("error parsing regexp: missing closing ): `^(?:()$`")) {
            try Matcher("a", .matches, "(")
        }
    }

    @Test func `a pattern made to be slow is not, and one made to be big is refused`() throws {
        for evil in [String(repeating: ".*a", count: 200), "(x+x+)+y", "((a*)*)*b", "(a|aa)+c"] {
            let matcher = try Matcher("a", .matches, evil)
            let started = ContinuousClock.now
            #expect(!matcher.matches(value: String(repeating: "ax", count: 50_000) + "z"))
            #expect(ContinuousClock.now - started < .seconds(2), "\(evil)")
        }
        for big in [
            String(repeating: "a", count: 9000), "((\\pL{100}){9}){9}", String(repeating: "(a{999})", count: 900),
        ] {
            #expect(throws: Matcher.Failure.self) { try Matcher("a", .matches, big) }
        }
    }
}
