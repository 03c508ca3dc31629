import ArgumentParser
import Backtest
import Domain
import Foundation

/// How much, of which account, and what for.
struct TransferOptions: ParsableArguments {
    @Argument(help: "The account.")
    var account: String

    @Argument(help: "In the account's currency, such as 250.00.")
    var amount: Money

    @Option(name: .long, help: "What for, for the books.")
    var note = ""

    @Option(name: .long, help: "A key of your own: a transfer sent twice with the same key is booked once.")
    var operation = UUID().uuidString

    @OptionGroup var suite: SuiteOptions

    func validate() throws {
        guard amount.isPositive else { throw ValidationError("the amount must be more than 0") }
    }
}

/// `plimsoll deposit`.
struct DepositCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deposit", abstract: "Books money that came in; it counts as neither profit nor loss.")
    @OptionGroup var options: TransferOptions

    func run() async throws { try await reporting { try await Transfer(options).book("deposit") } }
}

/// `plimsoll withdraw`.
struct WithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Books money that went out; it counts as neither profit nor loss.")
    @OptionGroup var options: TransferOptions

    func run() async throws { try await reporting { try await Transfer(options).book("withdrawal") } }
}

/// Books a transfer with risk-manager.
struct Transfer {
    private struct Order: Encodable {
        let amount: Money
        let by: String
        let note: String
        let operation: String
    }

    private struct Booked: Decodable {
        let id: String
        let account: String
        let amount: Money
    }

    private let options: TransferOptions

    init(_ options: TransferOptions) { self.options = options }

    func book(_ kind: String) async throws {
        let order = Order(
            amount: options.amount, by: ProcessInfo.processInfo.environment["USER"] ?? "operator",
            note: options.note.isEmpty ? kind : options.note, operation: options.operation)
        let booked = try await Suite.with(options.suite) { suite in
            try await suite.http.post(
                "risk-manager", "/api/accounts/\(options.account.urlPart)/\(kind)s", order, as: Booked.self)
        }
        print("\(booked.account)  \(kind) of \(Figures.money(booked.amount)) booked as \(booked.id)")
    }
}
