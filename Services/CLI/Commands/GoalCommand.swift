import ArgumentParser
import Backtest
import Domain
import Foundation

/// `plimsoll goal`.
struct GoalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "goal", abstract: "What is traded towards.",
        subcommands: [GoalCreate.self, GoalList.self, GoalChange.self, GoalEnd.self])
}

/// `plimsoll goal create`.
struct GoalCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "States a goal that begins now.")

    @Option(name: .long, help: "The account.")
    var account: String

    @Option(name: .long, help: "monthly_return (per cent), monthly_income or portfolio_value.")
    var kind: Goal.Kind

    @Option(name: .long, help: "Money, or per cent for monthly_return.")
    var target: Money

    @Option(
        name: .long, help: "The target's currency; the account's when not given. Another needs a rate in the settings.")
    var currency: String?

    @Option(name: .long, help: "A day such as 2026-12-31; the end of the month when not given.")
    var deadline: String?

    @Option(name: .long, help: "Whose goal it is.")
    var owner = ProcessInfo.processInfo.environment["USER"] ?? "operator"

    @Option(name: .long, help: "A key of your own: a goal sent twice with the same key is stated once.")
    var operation = UUID().uuidString

    @OptionGroup var suite: SuiteOptions

    private struct Order: Encodable {
        let owner: String
        let account: String
        let kind: Goal.Kind
        let target: Money
        let currency: String?
        let deadline: String?
        let operation: String
    }

    func validate() throws {
        guard target.isPositive else { throw ValidationError("the target must be more than 0") }
    }

    func run() async throws {
        try await reporting {
            let order = Order(
                owner: owner, account: account, kind: kind, target: target, currency: currency, deadline: deadline,
                operation: operation)
            let goal = try await Suite.with(suite) { suite in
                try await suite.http.post("risk-manager", "/api/goals", order, as: GoalLine.self)
            }
            print(GoalLine.table([goal]))
        }
    }
}

/// `plimsoll goal list`.
struct GoalList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "All goals and their progress.")

    @Option(name: .long, help: "Of this account only.")
    var account: String?

    @OptionGroup var suite: SuiteOptions

    private struct Answer: Decodable { let goals: [GoalLine] }

    func run() async throws {
        try await reporting {
            let filter = account.map { "?account=\($0.urlPart)" } ?? ""
            let answer = try await Suite.with(suite) { suite in
                try await suite.http.get("risk-manager", "/api/goals\(filter)", as: Answer.self)
            }
            print(
                answer.goals.isEmpty ? "No goals. State one with `plimsoll goal create`." : GoalLine.table(answer.goals)
            )
        }
    }
}

/// `plimsoll goal change`.
struct GoalChange: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change", abstract: "Changes the target or the date of a goal; both are kept in its log.")

    @Argument(help: "The goal, see `plimsoll goal list`.")
    var goal: String

    @Option(name: .long, help: "In the currency the goal was stated in, or per cent.")
    var target: Money?

    @Option(name: .long, help: "A day such as 2026-12-31.")
    var deadline: String?

    @OptionGroup var log: GoalLogOptions
    @OptionGroup var suite: SuiteOptions

    private struct Order: Encodable {
        let by: String
        let target: Money?
        let deadline: String?
        let reason: String?
    }

    func validate() throws {
        if target == nil, deadline == nil { throw ValidationError("give --target, --deadline or both") }
        if target?.isPositive == false { throw ValidationError("the target must be more than 0") }
    }

    func run() async throws {
        try await reporting {
            let order = Order(by: log.by, target: target, deadline: deadline, reason: log.reason)
            let changed = try await Suite.with(suite) { suite in
                try await suite.http.patch("risk-manager", "/api/goals/\(goal.urlPart)", order, as: GoalLine.self)
            }
            print(GoalLine.table([changed]))
        }
    }
}

/// `plimsoll goal end`.
struct GoalEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "Gives a goal up; what was recorded of it stays.")

    @Argument(help: "The goal, see `plimsoll goal list`.")
    var goal: String

    @OptionGroup var log: GoalLogOptions
    @OptionGroup var suite: SuiteOptions

    private struct Order: Encodable {
        let by: String
        let reason: String
    }

    func run() async throws {
        try await reporting {
            let order = Order(by: log.by, reason: log.reason ?? "ended from the command line")
            let ended = try await Suite.with(suite) { suite in
                try await suite.http.post(
                    "risk-manager", "/api/goals/\(goal.urlPart)/withdraw", order, as: GoalLine.self)
            }
            print(GoalLine.table([ended]))
        }
    }
}

/// Who changes a goal, and why.
struct GoalLogOptions: ParsableArguments {
    @Option(name: .long, help: "Why, for the goal's log.")
    var reason: String?

    @Option(name: .long, help: "Who, for the goal's log.")
    var by = ProcessInfo.processInfo.environment["USER"] ?? "operator"
}

/// A goal as risk-manager shows it.
struct GoalLine: Decodable, Equatable, Sendable {
    let id: String
    let owner: String
    let account: String
    let kind: String
    let target: Money
    /// The currency it was stated in where that is not the account's, and the target in it.
    var currency: String?
    var statedTarget: Money?
    let deadline: String
    let state: String
    let progress: Ratio?

    static func table(_ goals: [GoalLine]) -> String {
        var table = TextTable("GOAL", "ACCOUNT", "KIND", ">TARGET", ">PROGRESS", "UNTIL", "STATE", "OWNER")
        for goal in goals {
            table.add(
                goal.id, goal.account, goal.kind.replacing("_", with: " "), goal.targetText,
                goal.progress.map(Figures.percent) ?? "not yet", String(goal.deadline.prefix(10)), goal.state,
                goal.owner)
        }
        return table.text
    }

    private var targetText: String {
        guard let currency, let statedTarget else { return Self.target(kind, target) }
        return "\(Figures.money(statedTarget)) \(currency) = \(Figures.money(target))"
    }

    static func target(_ kind: String, _ target: Money) -> String {
        kind == Goal.Kind.monthlyReturn.rawValue ? "\(target) %" : Figures.money(target)
    }
}
