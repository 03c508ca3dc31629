import CCurl

/// Hands mail to one SMTP server, over TLS always.
package final class MailClient: Sendable {
    package struct Settings: Sendable {
        package enum Security: String, Sendable, CaseIterable {
            /// STARTTLS is demanded; without it nothing is sent.
            case startTLS = "starttls"
            /// TLS from the first byte, as on port 465.
            case implicitTLS = "tls"
        }

        package var host: String
        package var port: Int
        package var security: Security
        /// Empty: no authentication.
        package var username: String
        package var password: String
        /// A PEM file of authorities instead of the system's.
        package var authorityFile: String?
        package var timeout: Duration
        package var addresses: AddressPolicy

        package init(
            host: String, port: Int, security: Security = .startTLS, username: String = "", password: String = "",
            authorityFile: String? = nil, timeout: Duration = .seconds(30), addresses: AddressPolicy = .anywhere
        ) {
            self.host = host
            self.port = port
            self.security = security
            self.username = username
            self.password = password
            self.authorityFile = authorityFile
            self.timeout = timeout
            self.addresses = addresses
        }
    }

    private let settings: Settings
    private let engine = TransferEngine(name: "mail-client", limit: 64, connectionsPerHost: 4)

    package init(_ settings: Settings) { self.settings = settings }

    deinit { engine.close() }

    package func close() { engine.close() }

    /// Sends a mail to all its receivers; one that is refused refuses the mail.
    package func send(_ message: MailMessage) async throws(MailError) {
        let outcome = await engine.perform(try plan(message))
        if let error = Self.error(outcome, at: "\(settings.host):\(settings.port)") { throw error }
    }

    private func plan(_ message: MailMessage) throws(MailError) -> TransferPlan {
        let scheme = settings.security == .implicitTLS ? "smtps" : "smtp"
        let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"/?#@\\".utf8.contains($0) }) else {
            throw MailError(code: .invalidMessage, sent: false, message: "the host is not usable")
        }
        var plan = TransferPlan(url: "\(scheme)://\(host):\(settings.port)")
        plan.upload = try message.render()
        plan.recipients = message.to.map { "<\($0.address)>" }
        plan.addresses = settings.addresses
        plan.once = true
        plan.responseLimit = 1 << 16
        plan.numbers = [
            (CURLOPT_TIMEOUT_MS, settings.timeout.curlMilliseconds), (CURLOPT_CONNECTTIMEOUT_MS, 10_000),
            (CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)),
        ]
        plan.strings = [
            (CURLOPT_PROTOCOLS_STR, scheme), (CURLOPT_MAIL_FROM, "<\(message.from.address)>"),
        ]
        if !settings.username.isEmpty {
            plan.strings += [(CURLOPT_USERNAME, settings.username), (CURLOPT_PASSWORD, settings.password)]
        }
        if let file = settings.authorityFile { plan.strings.append((CURLOPT_CAINFO, file)) }
        return plan
    }

    private static func error(_ outcome: TransferOutcome, at place: String) -> MailError? {
        guard outcome.stop != nil || outcome.code != CURLE_OK else { return nil }
        let refused = outcome.status >= 400
        let message = outcome.words(at: place)
        return MailError(code: code(outcome), sent: outcome.uploadEnded && !refused, message: message)
    }

    private static func code(_ outcome: TransferOutcome) -> MailError.Code {
        switch outcome.stop {
        case .cancelled: return .cancelled
        case .closed: return .closed
        case .overloaded: return .overloaded
        case .unusable: return .invalidMessage
        case nil: break
        }
        if outcome.addressRefused { return .addressRefused }
        switch outcome.code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: return .couldNotConnect
        case CURLE_USE_SSL_FAILED, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            return .tlsFailed
        case CURLE_LOGIN_DENIED: return .authenticationRefused
        case CURLE_OPERATION_TIMEDOUT: return .timedOut
        default: return outcome.status >= 400 ? .refused(reply: outcome.status) : .connectionLost
        }
    }
}

extension MailClient.Settings: CustomStringConvertible, CustomReflectable {
    /// Without the password.
    package var description: String { "\(security.rawValue)://\(host):\(port)" }
    package var customMirror: Mirror { Mirror(self, children: ["server": description]) }
}
