import Domain

/// What one account has of each asset. Nothing is ever made or lost here: amounts move between free, locked and outside.
struct Balances: Codable, Sendable, Equatable {
    struct Amount: Codable, Sendable, Equatable {
        var free = Money.zero
        var locked = Money.zero
        var total: Money { free + locked }
    }

    private(set) var amounts: [String: Amount] = [:]

    subscript(_ asset: String) -> Amount { amounts[asset] ?? Amount() }

    /// Assets ever held, in alphabetical order.
    var assets: [String] { amounts.keys.sorted() }

    /// Money comes in from outside, or goes out when negative.
    mutating func add(_ amount: Money, of asset: String) { amounts[asset, default: Amount()].free += amount }

    /// Reserves; false, and nothing has changed, when there is not so much free.
    mutating func lock(_ amount: Money, of asset: String) -> Bool {
        guard self[asset].free >= amount else { return false }
        amounts[asset, default: Amount()].free -= amount
        amounts[asset, default: Amount()].locked += amount
        return true
    }

    mutating func unlock(_ amount: Money, of asset: String) {
        amounts[asset, default: Amount()].free += amount
        amounts[asset, default: Amount()].locked -= amount
    }

    /// Takes away, first from what is reserved here, the rest from what is free.
    mutating func spend(_ amount: Money, of asset: String, reserved: inout Money) {
        let part = min(amount, reserved)
        reserved -= part
        amounts[asset, default: Amount()].locked -= part
        amounts[asset, default: Amount()].free -= amount - part
    }
}
