import Domain
import ExecutionCore
import Logging
import Store

/// What happened at the venue and cannot be booked must not keep the rest of the market from being booked and protected.
extension SymbolDesk {
    /// Books fills; one that the books refuse is set aside, and the others are booked without it.
    ///
    /// - Throws: `StoreError` when the books are away, or ours no longer.
    func bookOrSetAside(_ fills: [Fill], of id: String, venueID: String?) async throws -> AccountBooks.Booked? {
        do {
            if let booked = try await parts.books.book(fills, of: id, lot: instrument.lotSize, venueID: venueID) {
                return booked
            }
            // Accounts may share one at the exchange: each hears of the others' orders.
            guard try await !parts.books.isAnothers(id) else { return nil }
            for fill in fills { try await setAside(fill, of: id, because: "no order with this id is in the books") }
            return nil
        } catch let error as StoreError where error.isAboutTheContent {
            guard fills.count == 1, let fill = fills.first else {
                return try await bookSingly(fills, of: id, venueID: venueID)
            }
            try await setAside(fill, of: id, because: error.description)
            return nil
        }
    }

    private func setAside(_ fill: Fill, of id: String, because reason: String) async throws {
        try await parts.books.setAside(fill, of: id, because: reason)
        isLoaded = false
        parts.logger.critical(
            "a fill cannot be booked and is set aside: the account takes no new risk",
            metadata: [
                "order": "\(id)", "symbol": "\(symbol)", "trade": "\(fill.venueTradeID)", "error": "\(reason)",
            ])
    }

    private func bookSingly(_ fills: [Fill], of id: String, venueID: String?) async throws -> AccountBooks.Booked? {
        var all: AccountBooks.Booked?
        for fill in fills {
            guard let one = try await bookOrSetAside([fill], of: id, venueID: venueID) else { continue }
            all = AccountBooks.Booked(
                fills: (all?.fills ?? []) + one.fills, order: one.order, closed: (all?.closed ?? []) + one.closed)
        }
        return all
    }

    /// Somebody asks for another try.
    func retryAsideNow() {
        nextAsideRetry = .now
        inbox.poke()
    }

    /// Tries again to book what was set aside in this market: what was missing before it may be there now.
    func retryAside() async throws {
        guard ContinuousClock.now >= nextAsideRetry else { return }
        nextAsideRetry = .now + .seconds(30)
        for (id, fill) in try await parts.books.aside(symbol) {
            do {
                let booked = try await parts.books.book(
                    [fill], of: id, lot: instrument.lotSize, venueID: nil, settling: "execution")
                // Of an order that the books do not know: only somebody can tell what to do with it.
                guard booked != nil else { continue }
                isLoaded = false
                parts.logger.notice(
                    "a fill that was set aside is booked",
                    metadata: ["order": "\(id)", "symbol": "\(symbol)", "trade": "\(fill.venueTradeID)"])
            } catch let error as StoreError where error.isAboutTheContent {
                try await parts.books.setAside(fill, of: id, because: error.description)
            }
        }
    }
}

extension StoreError {
    /// The books are there and ours, and will not take this: the same again will be refused again.
    fileprivate var isAboutTheContent: Bool {
        !isRetryable && ![.closed, .leaseLost, .timedOut, .schema].contains(code)
    }
}
