package import Domain

/// The paper venue over several symbols: a value that the live suite and the backtest use alike.
package struct PaperVenue: Sendable {
    package let costs: PaperCosts
    private let keptPrints: Int
    private var books: [Symbol: PaperBook] = [:]

    /// - Parameter keptPrints: per symbol, how many prints a late order can look back on; 0 where orders are never late.
    package init(costs: PaperCosts, instruments: [Instrument], keptPrints: Int = 0) {
        self.costs = costs
        self.keptPrints = keptPrints
        for instrument in instruments { list(instrument) }
    }

    /// Opens a market, once.
    package mutating func list(_ instrument: Instrument) {
        guard books[instrument.symbol] == nil else { return }
        books[instrument.symbol] = PaperBook(instrument: instrument, costs: costs, keptPrints: keptPrints)
    }

    package func instrument(_ symbol: Symbol) -> Instrument? { books[symbol]?.instrument }

    /// Takes a print in and gives what it filled.
    package mutating func handle(_ print: Print) -> [PaperReport] { handle(Tick(print), of: print.symbol) }

    package mutating func handle(_ tick: Tick, of symbol: Symbol) -> [PaperReport] {
        books[symbol]?.handle(tick) ?? []
    }

    /// Takes in prints that were missed when they happened, oldest first.
    package mutating func makeUp(for ticks: [Tick], of symbol: Symbol) -> [PaperReport] {
        books[symbol]?.makeUp(for: ticks) ?? []
    }

    /// Takes an order; nil for a market that is not listed.
    package mutating func place(_ order: Order) -> [PaperReport]? { books[order.symbol]?.place(order) }

    /// Takes a pair of which the first to fill cancels the other; nil for a market that is not listed.
    package mutating func place(stop: Order, target: Order) -> [PaperReport]? {
        books[stop.symbol]?.place(stop: stop, target: target)
    }

    /// Takes an order and its partner back.
    package mutating func cancel(_ id: String, of symbol: Symbol) -> [String] { books[symbol]?.cancel(id) ?? [] }

    package func status(of id: String, in symbol: Symbol) -> VenueStatus? { books[symbol]?.status(of: id) }

    /// The orders that are not over, by symbol.
    package var open: [Order] { books.keys.sorted().flatMap { books[$0]?.open ?? [] } }
}
