import Domain
import HTTPTypes
import Hummingbird
import ServiceKit

/// Somebody who proved who they are; a route that needs one cannot be reached without.
struct PageVisitor: Sendable {
    let name: String
    /// Nil for a program with a key, which sends no forms from a browser.
    let session: Sessions.Session?
}

/// Tells visitors from strangers, and forms of the page from forged ones.
struct PageGuard: Sendable {
    static let cookie = "plimsoll_alerting"

    let keys: PageKeys
    let sessions: Sessions
    let clock: any WallClock

    /// Who asks: by the cookie of a session, or by `Authorization: Bearer KEY`.
    func visitor(_ request: Request) -> PageVisitor? {
        if let token = Self.token(request), let session = sessions.session(token, at: clock.now()) {
            return PageVisitor(name: session.name, session: session)
        }
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer ") else { return nil }
        return keys.name(for: String(header.dropFirst("Bearer ".count))).map { PageVisitor(name: $0, session: nil) }
    }

    /// Whether a form may have its effect: it came from this page, and carries the session's token.
    func admits(_ request: Request, _ visitor: PageVisitor, formToken: String?) -> Bool {
        guard let session = visitor.session else { return true }
        guard !Self.isForeign(request), let formToken, formToken.utf8.count == session.formToken.utf8.count else {
            return false
        }
        // Every byte is looked at, so the time says nothing.
        return zip(formToken.utf8, session.formToken.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// A page of somebody else sent the form, as the browser says.
    static func isForeign(_ request: Request) -> Bool {
        guard let site = HTTPField.Name("Sec-Fetch-Site").flatMap({ request.headers[$0] }) else { return false }
        return !["same-origin", "none"].contains(site)
    }

    static func token(_ request: Request) -> String? {
        for pair in request.headers[.cookie]?.split(separator: ";") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].drop(while: { $0 == " " }) == cookie { return String(parts[1]) }
        }
        return nil
    }

    /// - Parameter secure: people reach the page over https.
    static func cookie(_ token: String, secure: Bool) -> String {
        let age = token.isEmpty ? 0 : Int(Sessions.lifetime.seconds)
        return "\(cookie)=\(token); Path=/ui; Max-Age=\(age); HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "")
    }
}
