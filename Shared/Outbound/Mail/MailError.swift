/// Why a mail was not accepted.
package struct MailError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// An address or a header cannot be sent.
        case invalidMessage
        case couldNotConnect
        /// No STARTTLS, or a certificate that is not trusted: nothing was sent in the clear.
        case tlsFailed
        case authenticationRefused
        /// The server's reply, 400 to 599; below 500 a later try may succeed.
        case refused(reply: Int)
        case timedOut
        case connectionLost
        case addressRefused
        case cancelled
        case overloaded
        case closed
    }

    package let code: Code
    /// The whole text went out and no answer came: it may have been accepted.
    package let sent: Bool
    /// curl's words; never an address, a password or a text.
    package let message: String

    /// Whether the same mail may be accepted later.
    package var isRetryable: Bool {
        switch code {
        case .invalidMessage: false
        case .refused(let reply): reply < 500
        case .couldNotConnect, .tlsFailed, .authenticationRefused, .timedOut, .connectionLost, .addressRefused,
            .cancelled, .overloaded, .closed:
            true
        }
    }
}

extension MailError: CustomStringConvertible {
    package var description: String { "\(code): \(message)" }
}
