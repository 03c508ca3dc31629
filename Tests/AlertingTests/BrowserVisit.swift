import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit
import Testing

/// Somebody with a browser at the page of a running alerting.
struct BrowserVisit {
    static let phone = 360
    static let desk = 1100

    let alarm: AlertingProcess
    let browser: Browser
    private let program: RunningProgram
    /// Where the pictures go: the variable names a folder that outlives the test.
    private let pictures: URL

    init(_ database: TestDatabase, prometheus: Int? = nil, rules: String = "") async throws {
        let alarm = try await AlertingProcess(database, prometheus: prometheus, rules: rules)
        self.alarm = alarm
        async let starting = alarm.start()
        browser = try await Browser(in: alarm.folder)
        program = try await starting
        let folder = ProcessInfo.processInfo.environment["PLIMSOLL_TEST_PICTURES"]
        pictures = folder.map { URL(filePath: $0) } ?? alarm.folder.appending(path: "pictures")
        try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
        try await browser.resize(width: Self.desk)
        try await browser.prefer(.light)
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(alarm.port)\(path)" }

    func logIn() async throws {
        try await browser.go(to: url("/ui/"))
        try await browser.fill("key", AlertingProcess.pageKey)
        try await browser.click("Log in")
        try await browser.sees("Log out")
    }

    /// The browser has nothing to complain of, nothing is cut off on a desk or a phone, and dark is dark.
    func inspect(_ name: String) async throws {
        var grounds: Set<String> = []
        for (width, scheme) in [(Self.desk, Browser.Scheme.light), (Self.phone, .dark)] {
            try await browser.resize(width: width)
            try await browser.prefer(scheme)
            #expect(try await overflow() == 0, "\(name) is wider than \(width)")
            let ground = try await browser.run("return getComputedStyle(document.body).backgroundColor")
            grounds.insert("\(ground)")
            try await browser.picture().write(to: pictures.appending(path: "\(name)-\(width)-\(scheme).png"))
        }
        #expect(grounds.count == 2, "\(name) is \(grounds) by light and by dark")
        try await browser.resize(width: Self.desk)
        try await browser.prefer(.light)
        let complaints = try await browser.complaints()
        #expect(complaints == [], "\(name)")
    }

    /// Pixels that lie beyond the right edge.
    func overflow() async throws -> Int {
        let beyond = try await browser.run(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return try #require(beyond as? Int)
    }

    /// What the tab key reaches, in order, by its words; all of it must be seen to have the focus.
    func tabStops() async throws -> [String] {
        var stops: [String] = []
        for _ in 0..<80 {
            try await browser.press(.tab)
            let found = try await browser.run(
                """
                const at = document.activeElement;
                if (!at || at === document.body) return null;
                const style = getComputedStyle(at);
                const words = at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.name || at.tagName;
                return [words.trim(), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
                """)
            guard let found = found as? [Any], let words = found.first as? String else { return stops }
            #expect(found.last as? Bool == true, "\(words) does not show that it has the focus")
            stops.append(words)
        }
        return stops
    }

    /// What the rule compares with, as a Prometheus that reads the service's figures works it out.
    func expectThreshold(_ name: String, _ value: Int, prometheus: Int) async throws {
        let expression =
            "scalar(max(last_over_time(plimsoll_alert_threshold{threshold=\"\(name)\"}[5m])) or vector(-1))"
        let query = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        try await eventually("Prometheus goes by \(value)") {
            let answer = try await alarm.client.send(
                HTTPRequest(.get, "http://127.0.0.1:\(prometheus)/api/v1/query?query=\(query)"))
            return answer.text.contains("\"\(value)\"]") ? true : nil
        }
    }

    /// Another instance's visitor saves settings.
    func saveElsewhere(_ database: TestDatabase) async throws {
        try await database.servers.sql(
            """
            INSERT INTO alerting_settings (version, by_whom, thresholds)
            SELECT max(version) + 1, 'another', '{}' FROM alerting_settings
            """, database: database.name)
    }

    func end() async throws {
        try await browser.quit()
        #expect(try await program.terminate() == 0)
    }
}
