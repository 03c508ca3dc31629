import Crypto
import Domain
import Foundation
import Synchronization

/// Those who are logged in, in memory: a restart logs everybody out.
final class Sessions: Sendable {
    struct Session: Sendable, Equatable {
        /// What the session is kept under.
        let id: String
        let name: String
        /// Stands in every form; who does not know it did not see the page.
        let formToken: String
        var until: Timestamp
        /// What the last form did, to be shown once.
        var message: String?
    }

    private struct State {
        var sessions: [String: Session] = [:]
        var logins: TokenBucket
        /// By name, of those who have a key.
        var requests: [String: TokenBucket] = [:]
    }

    /// Seconds for which a session is good after its last use.
    static let lifetime = Timestamp.Span.minutes(12 * 60)
    /// The one that ends first makes room.
    private static let most = 200

    private let state: Mutex<State>

    init() {
        // Ten tries at once, then one in six seconds: nobody guesses a key like that.
        state = Mutex(State(logins: TokenBucket(perMinute: 10, burst: 10)))
    }

    /// - Returns: nil when a login may be tried, else the seconds to wait.
    func admitLogin(at now: Timestamp) -> Int? {
        state.withLock { $0.logins.take(at: now) }.map { Int(($0 - now).seconds.rounded(.up)) }
    }

    /// - Returns: nil when somebody with a key may ask for something, else the seconds to wait.
    func admitRequest(of name: String, at now: Timestamp) -> Int? {
        // Faster than hands can click; a program that runs wild is held back.
        let free = state.withLock {
            $0.requests[name, default: TokenBucket(perMinute: 600, burst: 120)].take(at: now)
        }
        return free.map { Int(($0 - now).seconds.rounded(.up)) }
    }

    /// Logs somebody in.
    ///
    /// - Returns: the token for the cookie.
    func open(_ name: String, at now: Timestamp) -> String {
        let token = Self.random()
        let id = Self.digest(token)
        let session = Session(id: id, name: name, formToken: Self.random(), until: now + Self.lifetime)
        state.withLock { state in
            state.sessions = state.sessions.filter { $0.value.until > now }
            if state.sessions.count >= Self.most,
                let first = state.sessions.min(by: { $0.value.until < $1.value.until })?.key
            {
                state.sessions[first] = nil
            }
            state.sessions[id] = session
        }
        return token
    }

    /// The session of a cookie, which is used by asking.
    func session(_ token: String, at now: Timestamp) -> Session? {
        let key = Self.digest(token)
        return state.withLock { state in
            guard let session = state.sessions[key], session.until > now else { return nil }
            state.sessions[key]?.until = now + Self.lifetime
            return session
        }
    }

    /// Keeps what a form did for the next page of the session.
    func leave(_ message: String, in id: String) { state.withLock { $0.sessions[id]?.message = message } }

    /// What the last form did; the second time there is nothing.
    func takeMessage(in id: String) -> String? {
        state.withLock { state in
            defer { state.sessions[id]?.message = nil }
            return state.sessions[id]?.message
        }
    }

    func close(_ token: String) { state.withLock { $0.sessions[Self.digest(token)] = nil } }

    /// Only digests are kept, so looking one up tells nothing by its time.
    private static func digest(_ token: String) -> String {
        Data(SHA256.hash(data: Data(token.utf8))).base64EncodedString()
    }

    private static func random() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
