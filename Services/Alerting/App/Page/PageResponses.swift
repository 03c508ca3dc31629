import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceKit
import Store

/// The page's answers to browsers: everything in one frame, with headers that let nothing else in.
struct PageResponses: Sendable {
    /// What is in the bar at the top.
    private static let bar = [
        ("/ui/", "Alerts"), ("/ui/escalation", "Escalation"), ("/ui/silences", "Silences"),
        ("/ui/channels", "Channels"),
        ("/ui/deliveries", "Deliveries"), ("/ui/routes", "Routes"),
        ("/ui/thresholds", "Thresholds"), ("/ui/settings", "Settings"),
    ]

    let templates: PageTemplates
    /// People reach the page over https: the cookie goes nowhere else.
    let secure: Bool
    let logger: Logger

    /// A template in the frame.
    func page(
        _ title: String, _ path: String, _ template: String, _ model: [String: any Sendable], visitor: PageVisitor?,
        message: String? = nil, problem: String? = nil, _ status: HTTPResponse.Status = .ok
    ) -> Response {
        var model = model
        model["formToken"] = visitor?.session?.formToken ?? ""
        var frame: [String: any Sendable] = [
            "title": title, "style": templates.styleVersion, "body": templates.render(template, model),
            "formToken": visitor?.session?.formToken ?? "",
            "pages": visitor == nil ? [] : Self.pages(path),
        ]
        frame["visitor"] = visitor?.name
        frame["message"] = message
        frame["problem"] = problem
        return response(status, "text/html; charset=utf-8", templates.render("layout", frame))
    }

    private static func pages(_ path: String) -> [[String: any Sendable]] {
        bar.map { root, name in ["path": root, "name": name, "current": isIn(root, path)] }
    }

    /// - Parameter next: what to go on to.
    func login(_ problem: String?, next: String = "", _ status: HTTPResponse.Status = .ok) -> Response {
        page("Log in", "/ui/login", "login", ["next": next], visitor: nil, problem: problem, status)
    }

    /// Somebody tries keys too fast.
    func login(tooEarlyBy seconds: Int) -> Response {
        var response = login("Too many tries. Wait \(PageText.count(seconds, "second")).", next: "", .tooManyRequests)
        response.headers[.retryAfter] = "\(seconds)"
        return response
    }

    func slowedDown(_ visitor: PageVisitor, seconds: Int) -> Response {
        var response = page(
            "Too fast", "", "nothing", [:], visitor: visitor,
            problem: "Too many requests. Wait \(PageText.count(seconds, "second")).",
            .tooManyRequests)
        response.headers[.retryAfter] = "\(seconds)"
        return response
    }

    /// Says what went wrong; what the visitor is not to blame for is logged.
    func failure(_ error: any Error, _ title: String, _ path: String, _ visitor: PageVisitor) -> Response {
        let (status, words): (HTTPResponse.Status, String) =
            switch error {
            case let problem as Problem: (problem.status, problem.detail)
            case is StoreError:
                (.serviceUnavailable, "The database does not answer. Nothing was changed; try again soon.")
            case is AlertDesk.Busy: (.serviceUnavailable, "Too much is under way. Nothing was changed; try again soon.")
            default: (.internalServerError, "That failed. The log of this service says why.")
            }
        if status.kind == .serverError {
            logger.error("the page failed at a request", metadata: ["path": "\(path)", "error": "\(error)"])
        }
        return page(title, path, "nothing", [:], visitor: visitor, problem: words, status)
    }

    func file(_ type: String, _ name: String, _ text: String) -> Response {
        var response = response(.ok, type, text)
        response.headers[.contentDisposition] = "attachment; filename=\"\(name)\""
        return response
    }

    func style() -> Response {
        response(.ok, "text/css; charset=utf-8", templates.style, caching: "max-age=604800, immutable")
    }

    /// - Parameter cookie: the session's token from now on; empty: there is none.
    func redirect(_ path: String, cookie: String? = nil) -> Response {
        var headers: HTTPFields = [.location: path]
        if let cookie { headers[.setCookie] = PageGuard.cookie(cookie, secure: secure) }
        return Response(status: .seeOther, headers: headers)
    }

    /// Nothing but our own style, no scripts, nobody's frame.
    private func response(
        _ status: HTTPResponse.Status, _ type: String, _ text: String, caching: String = "no-store"
    ) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: caching]
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        if let name = HTTPField.Name("Cross-Origin-Opener-Policy") { headers[name] = "same-origin" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func isIn(_ root: String, _ path: String) -> Bool {
        root == "/ui/" ? path == root : path == root || path.hasPrefix(root + "/")
    }
}
