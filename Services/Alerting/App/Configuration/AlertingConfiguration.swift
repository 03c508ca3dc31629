import AlertingCore
import Outbound
import ServiceKit

/// What `config/alerting.yml` says: who is told of what, where and how.
struct AlertingConfiguration: Sendable {
    /// One place that notices are sent to.
    struct Destination: Sendable {
        enum Channel: Sendable {
            case webhook(url: Secret, signingSecret: Secret?)
            case slack(url: Secret)
            case email(MailClient.Settings, from: MailAddress, to: [MailAddress])

            /// The label of the metrics.
            var kind: String {
                switch self {
                case .webhook: "webhook"
                case .slack: "slack"
                case .email: "email"
                }
            }
        }

        /// `receiver/kind/number`: stable as long as the file is.
        let name: String
        let channel: Channel
        let sendResolved: Bool
    }

    let book: AlertBook.Settings
    let destinations: [Destination]
    /// The file as it was read; it holds no secret.
    let original: String
}

/// The file cannot be used. Every fault with its line.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let faults: [String]
    var description: String { faults.joined(separator: "; ") }
}
