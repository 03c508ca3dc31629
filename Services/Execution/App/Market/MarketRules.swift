import Domain
import Exchanges
import Foundation
import Logging
import Synchronization

/// The rules of the markets, asked for when a market is first looked after. What the exchange said the last time is kept in a
/// file and serves while it is away, or when it no longer lists the market.
final class MarketRules: Sendable {
    private let exchange: @Sendable ([Symbol]) async throws -> [Symbol: Instrument]
    private let file: URL
    private let logger: Logger
    private let known = Mutex<[Symbol: Instrument]>([:])

    /// - Parameters:
    ///   - folder: of execution's own.
    ///   - exchange: asks for the rules of markets; one that it does not trade is missing in the answer.
    init(
        folder: String, logger: Logger, exchange: @escaping @Sendable ([Symbol]) async throws -> [Symbol: Instrument]
    ) {
        self.exchange = exchange
        self.logger = logger
        file = URL(filePath: folder).appending(path: "instruments.json")
    }

    /// What is known without asking.
    subscript(_ symbol: Symbol) -> Instrument? { known.withLock { $0[symbol] } }

    /// Nobody can tell the rules of these markets.
    struct Missing: Error, CustomStringConvertible {
        let symbols: [Symbol]
        let reason: String
        var description: String { "no rules of \(symbols.map(\.name).joined(separator: ", ")): \(reason)" }
    }

    /// Learns the rules of `symbols`.
    ///
    /// - Throws: `Missing` when there is one that neither the exchange nor the file tells of; the others are known then.
    func learn(_ symbols: [Symbol]) async throws(Missing) {
        var reason = "the exchange does not trade them"
        do {
            let found = try await exchange(symbols)
            known.withLock { $0.merge(found) { $1 } }
            do { try keep() } catch {
                logger.error("the rules of the markets could not be kept", metadata: ["error": "\(error)"])
            }
        } catch {
            reason = "\(error)"
        }
        let wanted = symbols.filter { self[$0] == nil }
        let kept = wanted.isEmpty ? [:] : recall()
        known.withLock { known in for symbol in wanted { known[symbol] = kept[symbol] } }
        let missing = symbols.filter { self[$0] == nil }
        if !missing.isEmpty { throw Missing(symbols: missing, reason: reason) }
    }

    /// The file keeps what is known now, and what it knew of other markets.
    private func keep() throws {
        let folder = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let all = recall().merging(known.withLock { $0 }) { $1 }
        try JSONEncoder().encode(all.values.sorted { $0.symbol < $1.symbol }).write(to: file, options: .atomic)
    }

    private func recall() -> [Symbol: Instrument] {
        guard FileManager.default.fileExists(atPath: file.path) else { return [:] }
        do {
            let kept = try JSONDecoder().decode([Instrument].self, from: Data(contentsOf: file))
            return Dictionary(kept.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })
        } catch {
            logger.error(
                "the kept rules of the markets cannot be read: the exchange has to tell them",
                metadata: ["file": "\(file.path)", "error": "\(error)"])
            return [:]
        }
    }
}
