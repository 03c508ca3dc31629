import Contracts
import Domain
import RiskManagerCore
import Store

extension RiskBooks {
    /// The books say something else of an account than the settings.
    struct AccountConflict: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the accounts of the settings that are not there, each with its first deposit. Doing it again has no effect.
    ///
    /// - Throws: `AccountConflict` when an account's venue or currency is another in the books; `StoreError`.
    func ensure(_ accounts: [RiskSettings.Account]) async throws {
        for account in accounts {
            try await database.transaction(attempts: 3) { transaction in
                try await transaction.execute(
                    "INSERT INTO accounts (id, currency, venue) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    [account.id, account.currency, account.venue])
                let locked = try await lock(account.id, transaction)
                guard locked.currency == account.currency, locked.venue == account.venue else {
                    throw AccountConflict(
                        description: """
                            account \(account.id) is booked in \(locked.currency) at \(locked.venue), the settings say \
                            \(account.currency) at \(account.venue): give the new one another id
                            """)
                }
                guard account.deposit.isPositive else { return }
                let transfer = Transfer(
                    id: DerivedID.make("trf", account.id, "first deposit"), account: account.id, kind: .deposit,
                    amount: account.deposit, note: "first deposit, from the settings")
                _ = try await book(transfer, locked, transaction)
            }
        }
    }

    /// Money that moves in or out.
    struct Transfer: Sendable {
        let id: String
        let account: String
        let kind: Kind
        let amount: Money
        let note: String

        enum Kind: String, Sendable, Codable, CaseIterable, Bindable {
            case deposit
            case withdrawal
        }
    }

    /// Why money cannot move.
    enum TransferRefused: Error, Equatable {
        case moreThanFreeCash(free: Money)
        case otherTransferWithThisOperation
    }

    /// Books a deposit or withdrawal once. The heights that losses are measured from move along.
    ///
    /// - Throws: `TransferRefused`, `UnknownAccount`, `StoreError`.
    func transfer(_ transfer: Transfer) async throws {
        try await database.transaction(attempts: 3) { transaction in
            let locked = try await lock(transfer.account, transaction)
            if try await book(transfer, locked, transaction) { return }
            let same = try await transaction.query(
                "SELECT 1 FROM account_transfers WHERE id = $1 AND account = $2 AND kind = $3 AND amount = $4",
                [transfer.id, transfer.account, transfer.kind, transfer.amount])
            guard !same.isEmpty else { throw TransferRefused.otherTransferWithThisOperation }
        }
    }

    /// False when a transfer with this id is booked already.
    private func book(_ transfer: Transfer, _ locked: Locked, _ transaction: Transaction) async throws -> Bool {
        let inserted = try await transaction.execute(
            """
            INSERT INTO account_transfers (id, account, kind, amount, note) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            """, [transfer.id, transfer.account, transfer.kind, transfer.amount, transfer.note])
        guard inserted == 1 else { return false }
        let isDeposit = transfer.kind == .deposit
        let free = locked.snapshot.cash - locked.snapshot.reserved
        guard isDeposit || transfer.amount <= free else { throw TransferRefused.moreThanFreeCash(free: free) }
        let latest = market.latest
        let performance = Performance(locked.snapshot, prices: latest.prices, at: latest.time)
        var marks = locked.snapshot.marks
        let change = isDeposit ? transfer.amount : -transfer.amount
        marks.transfer(
            profit: performance.profit, equity: performance.equity, newEquity: performance.equity + change)
        try await transaction.execute(
            """
            UPDATE accounts SET cash = cash + $2, deposits = deposits + $3, withdrawals = withdrawals + $4,
                peak_profit = $5, month_peak_profit = $6, day_start_profit = $7 WHERE id = $1
            """,
            [
                transfer.account, change, isDeposit ? transfer.amount : .zero, isDeposit ? .zero : transfer.amount,
                marks.peak, marks.monthPeak, marks.dayStart,
            ])
        return true
    }

    /// Keeps the marks of an account when they moved.
    func store(_ marks: ProfitMarks, of locked: Locked, _ transaction: Transaction) {
        guard marks != locked.snapshot.marks, let day = marks.day else { return }
        transaction.later(
            """
            UPDATE accounts SET peak_profit = $2, month_peak_profit = $3, day_start_profit = $4, day = $5::date
            WHERE id = $1
            """, [locked.snapshot.id, marks.peak, marks.monthPeak, marks.dayStart, day.description])
    }
}
