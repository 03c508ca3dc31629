import Contracts
import Domain
import MarketDataCore
import Store

/// The rows of candles and of their gaps.
struct CandleRecords: Sendable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Stores final candles; one that is there already under the same revision stays as it is.
    func store(_ candles: [Candle]) async throws {
        guard !candles.isEmpty else { return }
        try await database.execute(
            """
            INSERT INTO candles (symbol, timeframe, open_ns, revision, open, high, low, close, volume, trades, source)
            SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::numeric[], $6::numeric[],
                $7::numeric[], $8::numeric[], $9::numeric[], $10::bigint[], $11::text[])
            ON CONFLICT (symbol, timeframe, open_ns, revision) DO NOTHING
            """,
            [
                BoundArray(candles.map(\.symbol)), BoundArray(candles.map(\.timeframe)),
                BoundArray(candles.map(\.openTime)), BoundArray(candles.map(\.revision)),
                BoundArray(candles.map(\.open)), BoundArray(candles.map(\.high)), BoundArray(candles.map(\.low)),
                BoundArray(candles.map(\.close)), BoundArray(candles.map(\.volume)),
                BoundArray(candles.map(\.tradeCount)), BoundArray(candles.map(\.source.rawValue)),
            ])
    }

    /// Stores a gap with the event that tells of it; a gap that is known already tells nothing.
    func store(_ gap: CandleGap, event: Envelope<SuiteEvent>) async throws {
        try await database.transaction(attempts: 3) { transaction in
            let inserted = try await transaction.execute(
                """
                INSERT INTO candle_gaps (symbol, from_ns, to_ns, reason) VALUES ($1, $2, $3, $4)
                ON CONFLICT (symbol, from_ns) DO NOTHING
                """,
                [gap.symbol, gap.from, gap.to, "the exchange has no candles"])
            if inserted > 0 { try transaction.append(event, on: Channels.suiteEvents) }
        }
    }

    /// Removes candles that open more than `kept` before the newest of their market and timeframe, oldest first.
    ///
    /// - Returns: how many rows went, at most `limit`.
    func removeOld(
        _ symbol: Symbol, _ timeframe: Timeframe, kept: Timestamp.Span, limit: Int
    ) async throws -> Int {
        let rows = try await database.query(
            "SELECT remove_old_candles($1, $2, $3::bigint, $4::integer) AS removed",
            [symbol, timeframe, kept.nanoseconds, limit])
        return try rows.first?.int("removed") ?? 0
    }

    /// The newest stored open time of each timeframe, of those before `limit`.
    func newest(_ symbol: Symbol, before limit: Timestamp) async throws -> [Timeframe: Timestamp] {
        let rows = try await database.query(
            """
            SELECT timeframe, max(open_ns) AS open_ns FROM candles WHERE symbol = $1 AND open_ns < $2
            GROUP BY timeframe
            """,
            [symbol, limit])
        var newest: [Timeframe: Timestamp] = [:]
        for row in rows {
            guard let timeframe = Timeframe(rawValue: try row.text("timeframe")) else { continue }
            newest[timeframe] = Timestamp(nanoseconds: try row.int64("open_ns"))
        }
        return newest
    }
}
