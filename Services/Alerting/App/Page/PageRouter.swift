import HTTPTypes
import Hummingbird
import ServiceKit
import Store

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

    let access: PageGuard
    let responses: PageResponses

    var templates: PageTemplates { responses.templates }

    /// A page of its own; `handler` gets the query.
    func get(_ path: String, _ title: String, on api: ServiceAPI, _ handler: @escaping Handler) {
        api.router.get(RouterPath(path)) { request, _ in
            await answer(request, path, title) { visitor in
                try await handler(visitor, PageForm(request.uri.query ?? ""))
            }
        }
        api.describe(RouteDescription("GET", path, "The page: \(title.lowercased())."))
    }

    /// What a form does; `handler` gets its fields.
    func post(_ path: String, _ title: String, on api: ServiceAPI, _ handler: @escaping Handler) {
        api.router.post(RouterPath(path)) { request, context in
            await answer(request, path, title) { visitor in
                let body = try await JSONBody.data(of: request, context: context)
                let form = PageForm(String(decoding: body, as: UTF8.self))
                guard access.admits(request, visitor, formToken: form["form_token"]) else {
                    throw Problem(.forbidden, "The form did not come from this page, or its session has ended.")
                }
                return try await handler(visitor, form)
            }
        }
        api.describe(RouteDescription("POST", path, "A form of the page: \(title.lowercased())."))
    }

    private func answer(
        _ request: Request, _ path: String, _ title: String, _ handler: (PageVisitor) async throws -> PageAnswer
    ) async -> Response {
        guard let visitor = access.visitor(request) else { return responses.redirect(Self.login(for: request)) }
        if let wait = access.sessions.admitRequest(of: visitor.name, at: access.clock.now()) {
            return responses.slowedDown(visitor, seconds: wait)
        }
        do {
            switch try await handler(visitor) {
            case .content(let template, let model, let problem):
                let message = visitor.session.flatMap { access.sessions.takeMessage(in: $0.id) }
                return responses.page(
                    title, path, template, model, visitor: visitor, message: message, problem: problem,
                    problem == nil ? .ok : .unprocessableContent)
            case .go(let target, let message):
                if let session = visitor.session { access.sessions.leave(message, in: session.id) }
                return responses.redirect(target)
            case .file(let type, let name, let text): return responses.file(type, name, text)
            }
        } catch {
            return responses.failure(error, title, path, visitor)
        }
    }

    /// The login, from which a page that was asked for is gone on to.
    private static func login(for request: Request) -> String {
        let target = request.uri.string
        guard request.method == .get, target != "/ui/", isOwn(target) else { return "/ui/login" }
        return "/ui/login?next=\(PageText.query(target))"
    }

    /// Whether an address is one of this page's: nobody is led elsewhere.
    private static func isOwn(_ target: String) -> Bool {
        target.hasPrefix("/ui/") && target.utf8.count <= 4000
            && target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }
    }

    /// Login, logout and the style sheet.
    func addOwnRoutes(to api: ServiceAPI) {
        api.router.get("/") { _, _ in responses.redirect("/ui/") }
        api.router.get("/ui/page.css") { _, _ in responses.style() }
        api.router.get("/ui/login") { request, _ in
            responses.login(nil, next: PageForm(request.uri.query ?? "")["next"])
        }
        api.router.post("/ui/login") { request, context in
            guard !PageGuard.isForeign(request) else {
                return responses.login("The form did not come from this page.", next: "", .forbidden)
            }
            let now = access.clock.now()
            if let wait = access.sessions.admitLogin(at: now) { return responses.login(tooEarlyBy: wait) }
            let form = PageForm(String(decoding: try await JSONBody.data(of: request, context: context), as: UTF8.self))
            guard let name = access.keys.name(for: form["key"]) else {
                return responses.login("Nobody has this key.", next: form["next"], .forbidden)
            }
            let target = Self.isOwn(form["next"]) ? form["next"] : "/ui/"
            return responses.redirect(target, cookie: access.sessions.open(name, at: now))
        }
        api.router.post("/ui/logout") { request, _ in
            if let token = PageGuard.token(request) { access.sessions.close(token) }
            return responses.redirect("/ui/login", cookie: "")
        }
    }
}
