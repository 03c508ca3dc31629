import AlertingCore
import Outbound
import ServiceKit

/// What an alertmanager.yml says: who is told of what, where and how.
struct AlertingConfiguration: Sendable {
    /// One place that notices are sent to.
    struct Destination: Sendable {
        enum Channel: Sendable {
            /// `alertsMax` 0 is as many as there are; `authorization` is the value of the header of that name.
            case webhook(url: Secret, signingSecret: Secret?, authorization: Secret?, alertsMax: Int)
            case slack(url: Secret)
            case slackBot(SlackBotReceiver.Settings)
            case email(
                MailClient.Settings, from: MailAddress, to: [MailAddress], headers: [(name: String, value: String)])
            case telegram(TelegramReceiver.Settings)

            /// The label of the metrics.
            var kind: String {
                switch self {
                case .webhook: "webhook"
                case .slack, .slackBot: "slack"
                case .email: "email"
                case .telegram: "telegram"
                }
            }
        }

        /// `receiver/kind/number`: stable as long as the file is.
        let name: String
        let channel: Channel
        let sendResolved: Bool
        /// The operator's templates, where there are some.
        var wording = Wording.plain
    }

    let book: AlertBook.Settings
    let escalation: EscalationBook.Settings
    let watch: DeadMansSwitch.Settings
    /// Nil: none is made.
    let dailyTest: DailyTest?
    /// In the order of the file.
    let receivers: [String]
    let destinations: [Destination]
    /// The file as the API shows it: no secret is in it, and only what Alertmanager's own tools understand.
    let original: String
    /// What is doubtful.
    let warnings: [String]
    /// Every secret that was read, so that no log shows one.
    let secrets: [Secret]
    /// The paths of template files, whose last part may hold `*`.
    let templates: [String]
}

/// The file cannot be used. Every fault with its line.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let faults: [String]
    var description: String { faults.joined(separator: "; ") }
}
