import Domain

/// The results as text, the same for the same run to the byte.
package enum ResultFiles {
    /// One line a trade, times in UTC, oldest first.
    package static func trades(_ trades: [TradeRecord]) -> String {
        var text =
            "id,symbol,strategy,opened_at,closed_at,quantity,entry_price,exit_price,realised,fees,profit,r_multiple,reason\n"
        for trade in trades {
            let fields = [
                trade.id, trade.symbol.name, trade.strategy, "\(trade.openedAt)", "\(trade.closedAt)",
                "\(trade.quantity)", "\(trade.entryPrice)", "\(trade.exitPrice)", "\(trade.realised)", "\(trade.fees)",
                "\(trade.profit)", trade.multiple.map { "\($0)" } ?? "", trade.reason,
            ]
            text += fields.joined(separator: ",") + "\n"
        }
        return text
    }

    /// One line a fill, times in UTC, oldest first; `reason` is what its order was for.
    package static func fills(_ books: BacktestBooks) -> String {
        var text = "time,symbol,side,price,quantity,fee,reason,order\n"
        for (fill, purpose) in zip(books.fills, books.purposes) {
            let fields = [
                "\(fill.time)", fill.symbol.name, fill.side.rawValue, "\(fill.price)", "\(fill.quantity)",
                "\(fill.fee)",
                purpose.rawValue, fill.orderID,
            ]
            text += fields.joined(separator: ",") + "\n"
        }
        return text
    }

    /// One line a recorded moment.
    package static func equity(_ points: [EquityPoint]) -> String {
        var text = "time,cash,equity,drawdown\n"
        for point in points {
            text += "\(point.time),\(point.cash),\(point.equity),\(point.drawdown)\n"
        }
        return text
    }

    /// The figures, for people: a line each.
    package static func summary(_ figures: RunFigures) -> String {
        func share(_ ratio: Ratio?) -> String { ratio.map(Figures.percent) ?? "none" }
        func number(_ ratio: Ratio?) -> String { ratio.map { Figures.number($0.approximate) } ?? "none" }
        let money = Figures.money
        let lines = [
            ("start equity", money(figures.startEquity)), ("end equity", money(figures.endEquity)),
            ("net profit", "\(Figures.profit(figures.netProfit)) (\(share(figures.netReturn)))"),
            ("fees", money(figures.fees)),
            ("max drawdown", "\(share(figures.maximumDrawdown)) (\(money(figures.maximumDrawdownLoss)))"),
            ("Sharpe", figures.sharpe.map(Figures.number) ?? "none"), ("trades", "\(figures.trades)"),
            ("win rate", share(figures.winRate)), ("profit factor", number(figures.profitFactor)),
            ("mean R", number(figures.averageMultiple)),
            ("exposure time", share(figures.exposureTime)),
        ]
        return lines.map { name, value in
            name + String(repeating: " ", count: 16 - name.count) + value + "\n"
        }.joined()
    }
}

extension ResultFiles {
    /// How many signals there were and what was decided, a line each by code.
    package static func decisions(_ backtest: Backtest) -> String {
        let lines = [("signals", backtest.signals.count)] + backtest.decisions.sorted { $0.key < $1.key }
        return lines.map { name, count in
            name + String(repeating: " ", count: max(24 - name.count, 1)) + "\(count)\n"
        }.joined()
    }
}
