import Contracts
import Domain
import Foundation
import Store
import StrategyCore

/// What the strategy service reads and writes in Postgres.
struct StrategyRecords: Sendable {
    /// Most candles of one market that one reading gives.
    static let candlesMax = 5000

    private let database: Database

    init(_ database: Database) { self.database = database }

    /// The open time of the newest stored candle of each market that has one.
    func newestCandles(_ markets: [Market]) async throws -> [Market: Timestamp] {
        var newest: [Market: Timestamp] = [:]
        for market in markets {
            let rows = try await database.query(
                "SELECT max(open_ns) AS open_ns FROM candles WHERE symbol = $1 AND timeframe = $2",
                [market.symbol, market.timeframe])
            newest[market] = try rows.first?.optional("open_ns")
        }
        return newest
    }

    /// Candles of several markets in the order of their closes, the newest revision of each.
    ///
    /// - Parameter starts: from which open time each market is read.
    /// - Returns: at most `candlesMax` a market; `isWhole` is false when a market has more.
    func candles(_ starts: [(market: Market, from: Timestamp)]) async throws -> (candles: [Candle], isWhole: Bool) {
        let rows = try await database.query(
            """
            SELECT wanted.symbol, wanted.timeframe, found.*
            FROM unnest($1::text[], $2::text[], $3::bigint[]) AS wanted (symbol, timeframe, from_ns)
            CROSS JOIN LATERAL (
                SELECT DISTINCT ON (candles.open_ns) candles.open_ns, candles.open, candles.high, candles.low,
                    candles.close, candles.volume, candles.trades, candles.revision, candles.source
                FROM candles
                WHERE candles.symbol = wanted.symbol AND candles.timeframe = wanted.timeframe
                    AND candles.open_ns >= wanted.from_ns
                ORDER BY candles.open_ns, candles.revision DESC LIMIT $4) AS found
            """,
            [
                BoundArray(starts.map(\.market.symbol)), BoundArray(starts.map(\.market.timeframe)),
                BoundArray(starts.map(\.from)), Self.candlesMax,
            ])
        var counts: [Market: Int] = [:]
        let candles = try rows.map { row in
            let candle = try Self.candle(row)
            counts[Market(symbol: candle.symbol, timeframe: candle.timeframe), default: 0] += 1
            return candle
        }
        let ordered = candles.sorted {
            ($0.closeTime, $0.symbol, $0.timeframe.span) < ($1.closeTime, $1.symbol, $1.timeframe.span)
        }
        return (ordered, counts.values.allSatisfy { $0 < Self.candlesMax })
    }

    /// Which of these signals risk-manager has booked.
    func booked(_ ids: [String]) async throws -> Set<String> {
        let rows = try await database.query("SELECT id FROM signals WHERE id = ANY ($1::text[])", [BoundArray(ids)])
        return Set(try rows.map { try $0.text("id") })
    }

    /// How far every instance got, by instance and symbol.
    func progress() async throws -> [(strategy: String, symbol: Symbol, lastClose: Timestamp)] {
        try await database.query("SELECT id, symbol, last_close_ns FROM strategy_instances").map { row in
            (try row.text("id"), try row.symbol("symbol"), try row.timestamp("last_close_ns"))
        }
    }

    /// Books how far instances got, and tells people of those that were stopped, in one transaction.
    func save(
        _ progress: [StrategyProgress], of instances: [String: StrategyInstance],
        reporting failures: [Envelope<SuiteEvent>]
    ) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let rows = try progress.compactMap { row -> [any Bindable]? in
            guard let instance = instances[row.strategy] else { return nil }
            let parameters = String(decoding: try encoder.encode(instance.parameters), as: UTF8.self)
            return [
                row.strategy, instance.kind.rawValue, row.symbol, instance.timeframe, parameters,
                row.failure == nil ? "running" : "stopped", row.failure ?? "", row.lastClose,
            ]
        }
        let columns = (0..<8).map { column in BoundArray(rows.map { $0[column] }) }
        try await database.transaction(attempts: 3) { transaction in
            try await transaction.query(
                """
                INSERT INTO strategy_instances
                    (id, kind, symbol, timeframe, parameters, state, state_reason, last_close_ns)
                SELECT id, kind, symbol, timeframe, parameters::jsonb, state, state_reason, last_close_ns
                FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::bigint[])
                    AS given (id, kind, symbol, timeframe, parameters, state, state_reason, last_close_ns)
                ON CONFLICT (id, symbol) DO UPDATE SET kind = excluded.kind, timeframe = excluded.timeframe,
                    parameters = excluded.parameters, state = excluded.state, state_reason = excluded.state_reason,
                    last_close_ns = excluded.last_close_ns, updated_at = now()
                """, columns)
            for failure in failures { try transaction.append(failure, on: Channels.suiteEvents) }
        }
    }

    private static func candle(_ row: Row) throws -> Candle {
        Candle(
            symbol: try row.symbol("symbol"), timeframe: try row.value("timeframe"),
            openTime: try row.timestamp("open_ns"),
            open: try row.price("open"), high: try row.price("high"), low: try row.price("low"),
            close: try row.price("close"), volume: try row.quantity("volume"), tradeCount: try row.int64("trades"),
            isFinal: true, revision: try row.int("revision"),
            source: Candle.Source(rawValue: try row.text("source")) ?? .mixed)
    }
}
