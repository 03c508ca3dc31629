import ArgumentParser
import Domain
import Foundation

/// `plimsoll fills-set-aside`.
struct FillsAsideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fills-set-aside",
        abstract: "Fills that could not be booked, and what is to become of them.",
        discussion: "While one is set aside its account takes no new risk; see FillSetAside in docs/runbook.md.",
        subcommands: [FillsAsideList.self, FillsAsideRetry.self, FillsAsideDismiss.self],
        defaultSubcommand: FillsAsideList.self)
}

/// `plimsoll fills-set-aside list`.
struct FillsAsideList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows them with the reason, oldest first.")

    @OptionGroup var suite: SuiteOptions

    func run() async throws {
        try await reporting {
            let aside = try await Suite.with(suite) { suite in
                try await suite.http.get("execution", "/api/fills-set-aside", as: FillsAside.self)
            }
            print(aside.text)
        }
    }
}

/// Which fill, by whom and why.
struct FillAsideOptions: ParsableArguments {
    @Argument(help: "The account.")
    var account: String

    @Argument(help: "The market.")
    var symbol: String

    @Argument(help: "The venue's number of the trade, as `list` shows it.")
    var trade: String

    @Option(name: .long, help: "Why, for the books.")
    var reason: String?

    @Option(name: .long, help: "Who, for the books.")
    var by = ProcessInfo.processInfo.environment["USER"] ?? "operator"

    @OptionGroup var suite: SuiteOptions

    private struct Order: Encodable {
        let by: String
        let reason: String
    }

    private struct Done: Decodable {
        let account: String
        let symbol: String
        let trade: String
        let outcome: String
    }

    /// Hands the command to execution and says what came of it.
    func command(_ action: String) async throws {
        let order = Order(by: by, reason: reason ?? "\(action) from the command line")
        let path = [account, symbol, trade, action].map(\.urlPart).joined(separator: "/")
        let done = try await Suite.with(suite) { suite in
            try await suite.http.post("execution", "/api/fills-set-aside/\(path)", order, as: Done.self)
        }
        print("\(done.account)  trade \(done.trade) of \(done.symbol): \(done.outcome)")
    }
}

/// `plimsoll fills-set-aside retry`.
struct FillsAsideRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Tries now to book one; it is tried every 30 seconds anyway.",
        discussion: "See with `list` whether it worked: a fill that is booked is not set aside any more.")
    @OptionGroup var options: FillAsideOptions

    func run() async throws { try await reporting { try await options.command("retry") } }
}

/// `plimsoll fills-set-aside dismiss`.
struct FillsAsideDismiss: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss", abstract: "Gives one up for good, once the difference was put right by hand.",
        discussion: "It is never booked. A reason has to be given.")
    @OptionGroup var options: FillAsideOptions

    func validate() throws {
        if options.reason == nil { throw ValidationError("say with --reason how the difference was put right") }
    }

    func run() async throws { try await reporting { try await options.command("dismiss") } }
}

/// What execution tells of the fills that are set aside.
struct FillsAside: Decodable, Equatable {
    struct Entry: Decodable, Equatable {
        let account: String
        let symbol: String
        let trade: String
        let order: String
        let fill: Fill
        let reason: String
        let attempts: Int
    }

    let fills: [Entry]

    /// As it is printed.
    var text: String {
        guard !fills.isEmpty else { return "No fill is set aside." }
        var table = TextTable(
            "ACCOUNT", "SYMBOL", "TRADE", "SIDE", ">QUANTITY", ">PRICE", ">TRIES", "ORDER")
        for entry in fills {
            table.add(
                entry.account, entry.symbol, entry.trade, entry.fill.side.rawValue, entry.fill.quantity.description,
                entry.fill.price.description, String(entry.attempts), entry.order)
        }
        let reasons = fills.map { "  \($0.account) \($0.symbol) \($0.trade): \($0.reason)".wrapped() }
        return table.text + "\n\nREASONS\n" + reasons.joined(separator: "\n")
    }
}
