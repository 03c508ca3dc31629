import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceKit

/// What a route of the page answers.
enum PageAnswer: Sendable {
    /// A template with its model.
    case content(template: String, model: [String: any Sendable], problem: String? = nil)
    /// After a form: go there, and say what was done.
    case go(to: String, message: String)
    case file(type: String, name: String, text: String)
}

/// Adds routes that only visitors reach; forms only from the page itself.
struct PageRouter: Sendable {
    typealias Handler = @Sendable (PageVisitor, PageForm) async throws -> PageAnswer

    /// What is in the bar at the top.
    static let bar = [
        ("/ui/", "Alerts"), ("/ui/silences", "Silences"), ("/ui/deliveries", "Deliveries"), ("/ui/routes", "Routes"),
    ]

    let access: PageGuard
    let templates: PageTemplates
    /// People reach the page over https: the cookie goes nowhere else.
    let secure: Bool

    /// A page of its own; `handler` gets the query.
    func get(_ path: String, _ title: String, on api: ServiceAPI, _ handler: @escaping Handler) {
        api.router.get(RouterPath(path)) { request, _ in
            guard let visitor = access.visitor(request) else { return Self.redirect("/ui/login") }
            let query = PageForm(request.uri.query ?? "")
            return respond(try await handler(visitor, query), path, title, visitor, message: query["done"])
        }
        api.describe(RouteDescription("GET", path, "The page: \(title.lowercased())."))
    }

    /// What a form does; `handler` gets its fields.
    func post(_ path: String, _ title: String, on api: ServiceAPI, _ handler: @escaping Handler) {
        api.router.post(RouterPath(path)) { request, context in
            guard let visitor = access.visitor(request) else { return Self.redirect("/ui/login") }
            let form = PageForm(String(decoding: try await JSONBody.data(of: request, context: context), as: UTF8.self))
            guard access.admits(request, visitor, formToken: form["form_token"]) else {
                throw Problem(.forbidden, "the form did not come from this page, or its session has ended")
            }
            return respond(try await handler(visitor, form), path, title, visitor, message: "")
        }
        api.describe(RouteDescription("POST", path, "A form of the page: \(title.lowercased())."))
    }

    /// Login, logout and the style sheet.
    func addOwnRoutes(to api: ServiceAPI) {
        api.router.get("/ui/page.css") { _, _ in
            Self.response(.ok, "text/css; charset=utf-8", templates.style, caching: "max-age=3600")
        }
        api.router.get("/ui/login") { _, _ in login(nil) }
        api.router.post("/ui/login") { request, context in
            let now = access.clock.now()
            if let wait = access.sessions.admitLogin(at: now) {
                var response = login("Too many tries. Wait \(wait) seconds.", .tooManyRequests)
                response.headers[.retryAfter] = "\(wait)"
                return response
            }
            let form = PageForm(String(decoding: try await JSONBody.data(of: request, context: context), as: UTF8.self))
            guard let name = access.keys.name(for: form["key"]) else {
                return login("Nobody has this key.", .forbidden)
            }
            return Self.redirect("/ui/", cookie: PageGuard.cookie(access.sessions.open(name, at: now), secure: secure))
        }
        api.router.post("/ui/logout") { request, _ in
            if let token = PageGuard.token(request) { access.sessions.close(token) }
            return Self.redirect("/ui/login", cookie: PageGuard.cookie("", secure: secure))
        }
    }

    private func login(_ problem: String?, _ status: HTTPResponse.Status = .ok) -> Response {
        let body = templates.render("login", [:])
        return page("Log in", body, bar: [], visitor: nil, problem: problem, message: nil, status)
    }

    private func respond(
        _ answer: PageAnswer, _ path: String, _ title: String, _ visitor: PageVisitor, message: String
    ) -> Response {
        switch answer {
        case .content(let template, var model, let problem):
            model["formToken"] = visitor.session?.formToken ?? ""
            let bar = Self.bar.map { ["path": $0.0, "name": $0.1, "current": $0.0 == path] as [String: any Sendable] }
            return page(
                title, templates.render(template, model), bar: bar, visitor: visitor, problem: problem,
                message: message.isEmpty ? nil : message, problem == nil ? .ok : .unprocessableContent)
        case .go(let target, let message):
            let separator = target.contains("?") ? "&" : "?"
            return Self.redirect("\(target)\(separator)done=\(Self.encoded(message))")
        case .file(let type, let name, let text):
            var response = Self.response(.ok, type, text)
            response.headers[.contentDisposition] = "attachment; filename=\"\(name)\""
            return response
        }
    }

    private func page(
        _ title: String, _ body: String, bar: [[String: any Sendable]], visitor: PageVisitor?, problem: String?,
        message: String?, _ status: HTTPResponse.Status
    ) -> Response {
        var model: [String: any Sendable] = ["title": title, "body": body, "pages": bar]
        model["visitor"] = visitor?.name
        model["formToken"] = visitor?.session?.formToken ?? ""
        model["problem"] = problem
        model["message"] = message
        return Self.response(status, "text/html; charset=utf-8", templates.render("layout", model))
    }

    private static func redirect(_ path: String, cookie: String? = nil) -> Response {
        var headers: HTTPFields = [.location: path]
        if let cookie { headers[.setCookie] = cookie }
        return Response(status: .seeOther, headers: headers)
    }

    /// Nothing but our own style, no scripts, nobody's frame.
    private static func response(
        _ status: HTTPResponse.Status, _ type: String, _ text: String, caching: String = "no-store"
    ) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: caching]
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
