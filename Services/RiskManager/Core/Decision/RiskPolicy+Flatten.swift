package import Domain

extension RiskPolicy {
    /// Orders that close every open position of an account which is not being closed already.
    ///
    /// - Parameters:
    ///   - command: the id of the command that asked, which becomes the correlation.
    ///   - instruments: the venue's rules; a symbol without rules is sold as it is held.
    ///   - attempt: how many flatten orders there were before for the position with this id; a new one gets a new id.
    ///   - action: `.halve` for half of each position.
    ///   - time: exchange time.
    package func flatten(
        _ account: AccountSnapshot, command: String, reason: String, prices: [Symbol: PricePoint],
        instruments: [Symbol: Instrument], action: BreachAction = .close, at time: Timestamp,
        attempt: (HeldPosition) -> Int
    ) -> [Decision] {
        let performance = Performance(account, prices: prices, at: time)
        return account.openPositions.compactMap { position in
            let free = account.leaving(position.symbol).reduce(position.quantity) { $0 - $1.remaining }
            let wanted = action == .halve ? Quantity(raw: min(free.raw, position.quantity.raw / 2)) : free
            let quantity = instruments[position.symbol].map { wanted.roundedDown(to: $0.lotSize) } ?? wanted
            guard quantity.isPositive else { return nil }
            let id = DerivedID.make("dec", command, account.id, position.id, String(attempt(position)))
            let order = Order(
                id: DerivedID.make("ord", id), account: account.id, symbol: position.symbol, side: .sell,
                type: .market, purpose: .flatten, quantity: quantity, strategy: position.strategy, reason: reason,
                correlation: command, decidedAt: time, expiresAt: nil)
            let price = prices[position.symbol]
            let inputs = DecisionInputs(
                action: "flatten", strategy: position.strategy, symbol: position.symbol, state: account.state,
                account: DecisionInputs.AccountFigures(account, performance), price: price?.price,
                priceTime: price?.time)
            let approved = ApprovedOrder(order: order, decisionID: id, reserved: .zero)
            return Decision(
                id: id, account: account.id, signalID: "", outcome: .approved(approved), inputs: inputs,
                decidedAt: time)
        }
    }
}
