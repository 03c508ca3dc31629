import Foundation
import Outbound
import TestKit

/// Debian's Chromium, driven over the WebDriver protocol as a person would use it.
final class Browser: Sendable {
    /// The browser, or its driver, says no.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    enum Scheme: String, CaseIterable {
        case light, dark
    }

    /// Key codes of the protocol.
    enum Key: String {
        case tab = "\u{E004}"
        case enter = "\u{E007}"
    }

    /// The protocol's name of a reference to an element.
    private static let reference = "element-6066-11e4-a52e-4f735466cecf"

    private let driver: RunningProgram
    private let client = HTTPClient()
    private let address: String

    /// Starts a browser with a profile of its own in `folder`.
    init(in folder: URL) async throws {
        let driver = try RunningProgram(
            "/usr/bin/chromedriver", ["--port=0"], log: folder.appending(path: "chromedriver.log"))
        let port = try await eventually("chromedriver listens", within: .seconds(30)) {
            try driver.log().firstMatch(of: /successfully on port (\d+)/).flatMap { Int($0.1) }
        }
        self.driver = driver
        // Root in a container has no sandbox to offer; the pages are our own.
        let options: [String: Any] = [
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-extensions",
                "--user-data-dir=\(folder.path)/chromium",
            ],
        ]
        let capabilities: [String: Any] = [
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"],
        ]
        let base = "http://127.0.0.1:\(port)/session"
        let answer = try await Self.ask(
            client, .post, base, ["capabilities": ["alwaysMatch": capabilities]], timeout: .seconds(60))
        guard let session = (answer as? [String: Any])?["sessionId"] as? String else {
            throw Refused(description: "no session: \(answer)")
        }
        address = "\(base)/\(session)"
    }

    /// Ends the browser and its driver.
    func quit() async throws {
        _ = try await ask(.delete, "")
        // It has nothing to lose.
        try await driver.kill()
    }

    // MARK: - What a person does

    func go(to url: String) async throws { _ = try await ask(.post, "/url", ["url": url]) }

    /// Clicks a button or a link by its words.
    func click(_ words: String) async throws {
        let path = "//*[self::button or self::a][normalize-space()='\(words)' or @aria-label='\(words)']"
        _ = try await ask(.post, "/element/\(try await element("xpath", path))/click")
    }

    /// Opens or closes what a summary that begins so hides.
    func unfold(_ words: String) async throws {
        let path = "//summary[starts-with(normalize-space(), '\(words)')]"
        _ = try await ask(.post, "/element/\(try await element("xpath", path))/click")
    }

    /// Writes into a field, over what is there.
    func fill(_ name: String, _ text: String) async throws {
        let id = try await element("css selector", "main [name=\(name)]:not([type=hidden])")
        _ = try await ask(.post, "/element/\(id)/clear")
        _ = try await ask(.post, "/element/\(id)/value", ["text": text])
    }

    /// Presses keys wherever the focus is.
    func press(_ keys: Key...) async throws { try await type(keys.map(\.rawValue).joined()) }

    func type(_ text: String) async throws {
        let actions = text.flatMap { sign in
            [["type": "keyDown", "value": String(sign)], ["type": "keyUp", "value": String(sign)]]
        }
        _ = try await ask(.post, "/actions", ["actions": [["type": "key", "id": "keys", "actions": actions]]])
    }

    // MARK: - What a person sees

    /// The words of the page.
    func text() async throws -> String { try await run("return document.body.innerText") as? String ?? "" }

    /// Waits until the page shows the words.
    func sees(_ words: String) async throws {
        var last = ""
        do {
            try await eventually("the page shows \(words)", within: .seconds(20)) {
                last = try await text()
                return last.contains(words) ? true : nil
            }
        } catch let error as NeverHappened {
            throw Refused(description: "\(error); it shows: \(last)")
        }
    }

    /// What the browser has to say of the page since it was last asked: errors, violations of the policy, warnings.
    func complaints() async throws -> [String] {
        let entries = try await ask(.post, "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        // That a form was answered with its fault is what the page is meant to do.
        return entries.map { "\($0["level"] ?? ""): \($0["message"] ?? "")" }
            .filter { !$0.contains("responded with a status of 422") }
    }

    /// Runs a script and gives what it returns.
    func run(_ script: String) async throws -> Any {
        try await ask(.post, "/execute/sync", ["script": script, "args": [Any]()])
    }

    /// A window of so many pixels, as a phone or a desk has it.
    func resize(width: Int, height: Int = 800) async throws {
        try await command(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500])
    }

    func prefer(_ scheme: Scheme) async throws {
        try await command(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": scheme.rawValue]]])
    }

    /// A picture of the whole page as PNG.
    func picture() async throws -> Data {
        let height = try await run("return document.documentElement.scrollHeight") as? Int ?? 800
        let width = try await run("return window.innerWidth") as? Int ?? 800
        let clip: [String: Any] = ["x": 0, "y": 0, "width": width, "height": min(height, 3000), "scale": 1]
        let answer = try await command(
            "Page.captureScreenshot", ["format": "png", "captureBeyondViewport": true, "clip": clip])
        guard let text = (answer as? [String: Any])?["data"] as? String, let data = Data(base64Encoded: text) else {
            throw Refused(description: "no picture")
        }
        return data
    }

    // MARK: - The protocol

    private func element(_ using: String, _ value: String) async throws -> String {
        let answer = try await ask(.post, "/element", ["using": using, "value": value])
        guard let id = (answer as? [String: Any])?[Self.reference] as? String else {
            throw Refused(description: "no element \(value)")
        }
        return id
    }

    /// One of Chromium's own commands.
    @discardableResult
    private func command(_ name: String, _ parameters: [String: Any]) async throws -> Any {
        try await ask(.post, "/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    private func ask(_ method: HTTPRequest.Method, _ path: String, _ body: [String: Any] = [:]) async throws -> Any {
        try await Self.ask(client, method, address + path, body, timeout: .seconds(30))
    }

    private static func ask(
        _ client: HTTPClient, _ method: HTTPRequest.Method, _ url: String, _ body: [String: Any], timeout: Duration
    ) async throws -> Any {
        let data = method == .delete ? Data() : try JSONSerialization.data(withJSONObject: body)
        let response = try await client.send(
            HTTPRequest(
                method, url, headers: [("Content-Type", "application/json")], body: Array(data), timeout: timeout,
                responseLimit: 32 << 20))
        let answer = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
        guard response.status == 200, let value = answer?["value"] else {
            throw Refused(description: "\(url.suffix(60)): \(response.text.prefix(600))")
        }
        return value
    }
}
