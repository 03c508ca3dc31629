import ArgumentParser
import Foundation

/// For which accounts, by whom and why.
struct ControlOptions: ParsableArguments {
    @Argument(help: "The account; leave it out with --all.")
    var account: String?

    @Flag(name: .long, help: "All accounts.")
    var all = false

    @Option(name: .long, help: "Why, for the audit.")
    var reason: String?

    @Option(name: .long, help: "Who, for the audit.")
    var by = ProcessInfo.processInfo.environment["USER"] ?? "operator"

    @OptionGroup var suite: SuiteOptions

    func validate() throws {
        if account != nil, all { throw ValidationError("give an account or --all, not both") }
        if account == nil, !all { throw ValidationError("give an account, or --all") }
    }

    /// The account's name, or `all`.
    var target: String { account ?? "all" }
}

/// `plimsoll pause`.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Takes no new risk; exits go on. Name the account, or --all.")
    @OptionGroup var options: ControlOptions

    func run() async throws { try await reporting { try await ControlDesk(options).command("pause") } }
}

/// `plimsoll resume`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Trades again after a pause or a stop. Name the account, or --all.")
    @OptionGroup var options: ControlOptions

    @Flag(
        name: .long,
        help: "Also end limits on losses that were reached; from now on losses are measured from here.")
    var acceptLoss = false

    func run() async throws {
        try await reporting { try await ControlDesk(options).command("resume", acceptLoss: acceptLoss) }
    }
}

/// `plimsoll stop`.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Emergency stop: cancels and refuses entries. Name the account, or --all.",
        discussion: "Answers when no entry is on its way any more. The stop outlasts restarts; `resume` ends it.")
    @OptionGroup var options: ControlOptions

    @Flag(name: .long, help: "Also sell what is held.")
    var flatten = false

    func run() async throws { try await reporting { try await ControlDesk(options).command("stop", flatten: flatten) } }
}

/// Hands commands to risk-manager and says what came of them.
struct ControlDesk {
    /// What is commanded.
    struct Order: Encodable, Equatable {
        let by: String
        let reason: String
        let flatten: Bool
        let acceptLoss: Bool
        /// The same command sent twice is carried out once.
        let operation: String
    }

    /// How the accounts are after it.
    struct Answer: Decodable, Equatable {
        struct Account: Decodable, Equatable {
            let account: String
            let state: String
            let flatten: Bool
            let settled: Bool
            let entriesInFlight: [String]
            /// Limits on losses that refuse entries all the same, in words.
            let breaches: [String]
        }
        let accounts: [Account]
    }

    private let options: ControlOptions

    init(_ options: ControlOptions) { self.options = options }

    func command(_ action: String, flatten: Bool = false, acceptLoss: Bool = false) async throws {
        let target = options.target
        let order = Order(
            by: options.by, reason: options.reason ?? "\(action) from the command line", flatten: flatten,
            acceptLoss: acceptLoss, operation: UUID().uuidString)
        let answer = try await Suite.with(options.suite) { suite in
            try await suite.http.post(
                "risk-manager", "/api/control/\(target.urlPart)/\(action)", order, as: Answer.self)
        }
        print(Self.words(answer))
        if !answer.accounts.allSatisfy(\.settled) {
            throw Failure(
                "entries are still on their way to the venue, see above",
                mend: "look again with `plimsoll status`; exits and cancellations go on by themselves")
        }
    }

    /// One line for each account.
    static func words(_ answer: Answer) -> String {
        answer.accounts.map { account in
            let meaning =
                switch account.state {
                case "running": "running: entries and exits"
                case "paused": "paused: no new risk, exits go on"
                case "stopped" where account.flatten: "stopped: entries refused, what is held is being sold"
                case "stopped": "stopped: entries refused, only exits leave"
                default: account.state
                }
            let left = account.settled ? "" : "; still on their way: \(account.entriesInFlight.joined(separator: ", "))"
            let breaches = account.state == "running" ? account.breaches.map { "\n  no entry yet: \($0)" } : []
            return ("\(account.account)  \(meaning)\(left)" + breaches.joined()).wrapped()
        }.joined(separator: "\n")
    }
}

extension String {
    /// Fit to be one part of a URL's path.
    var urlPart: String {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_."))
        return addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
