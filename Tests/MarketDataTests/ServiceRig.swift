import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit

@testable import ExchangeSim

/// The real service as a process, against the stand-in exchange, real Redis and real Postgres.
struct ServiceRig {
    let exchange: ExchangeServer
    let database: TestDatabase
    let records: Database
    let folder: URL
    private let config: URL
    private let client = HTTPClient()

    /// Runs `body` with an exchange of these settings and a fresh database.
    static func run(
        _ exchange: ExchangeSettings, symbols: [Symbol], staleAfter: String = "60s",
        futureLimit: String = "3650d", _ body: (ServiceRig) async throws -> Void
    ) async throws {
        try await withTestDatabase { database in
            var settings = exchange
            settings.weightLimit = 10_000_000
            let server = try await ExchangeServer.start(settings)
            let records = database.connect(.marketData)
            do {
                try await body(
                    ServiceRig(
                        exchange: server, database: database, records: records, symbols: symbols,
                        staleAfter: staleAfter, futureLimit: futureLimit))
            } catch {
                await server.stop()
                await records.close()
                throw error
            }
            await server.stop()
            await records.close()
        }
    }

    private init(
        exchange: ExchangeServer, database: TestDatabase, records: Database, symbols: [Symbol], staleAfter: String,
        futureLimit: String
    ) throws {
        self.exchange = exchange
        self.database = database
        self.records = records
        folder = FileManager.default.temporaryDirectory.appending(path: "market-data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        config = folder.appending(path: "plimsoll.yaml")
        let servers = database.servers
        let redisPassword = folder.appending(path: "redis-password")
        try servers.redisPassword.write(to: redisPassword, atomically: true, encoding: .utf8)
        let yaml = """
            database:
              host: \(servers.host)
              port: \(servers.pgbouncerPort)
              name: \(database.name)
              password_file: \(servers.folder.path)/secrets/postgres-{role}
            redis: {host: \(servers.host), port: \(servers.redisPort), password_file: \(redisPassword.path)}
            exchange:
              name: binance
              rest_url: http://127.0.0.1:\(exchange.port)
              websocket_url: ws://127.0.0.1:\(exchange.port)
              symbols: [\(symbols.map(\.name).joined(separator: ", "))]
              weight_limit: 10000000
            market_data: {port: 8081, stale_after: \(staleAfter), future_limit: \(futureLimit), backfill: 1d}
            """
        try yaml.write(to: config, atomically: true, encoding: .utf8)
    }

    /// Starts the service and waits until it is ready.
    func start(_ name: String = "first") async throws -> (program: RunningProgram, port: Int) {
        let log = folder.appending(path: "\(name).log")
        let program = try RunningProgram(
            RunningProgram.product("market-data"), ["--config", config.path, "--listen", "127.0.0.1:0"], log: log)
        let port = try await eventually("market-data listens", within: .seconds(20)) {
            try Self.port(in: program.log())
        }
        return (program, port)
    }

    /// The port in the log line that says where the service listens.
    private static func port(in log: String) -> Int? {
        guard let line = log.split(separator: "\n").first(where: { $0.contains("\"listening\"") }),
            let range = line.range(of: "\"port\":\"")
        else { return nil }
        return Int(line[range.upperBound...].prefix { $0.isNumber })
    }

    /// Waits until the service is ready.
    func ready(_ port: Int) async throws {
        _ = try await eventually("market-data is ready", within: .seconds(60)) {
            try await get("/health/ready", port: port).status == 200 ? true : nil
        }
    }

    /// The status of a path of the service, and what it says.
    func get(_ path: String, port: Int) async throws -> (status: Int, body: String) {
        let response = try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(port)\(path)"))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// The sum of a metric's series whose line contains all of `labels`.
    func metric(_ name: String, _ labels: String..., port: Int) async throws -> Double {
        let page = try await get("/metrics", port: port).body
        return page.split(separator: "\n").filter { line in
            (line.hasPrefix("\(name){") || line.hasPrefix("\(name) ")) && labels.allSatisfy { line.contains($0) }
        }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// Whether a candle is stored.
    func stores(_ symbol: Symbol, _ timeframe: Timeframe, at time: Timestamp) async throws -> Bool {
        try await !records.query(
            "SELECT 1 AS one FROM candles WHERE symbol = $1 AND timeframe = $2 AND open_ns = $3",
            [symbol, timeframe, time]
        ).isEmpty
    }

    /// The newest revision of each stored candle, by open time.
    func candles(_ symbol: Symbol, _ timeframe: Timeframe) async throws -> [Timestamp: StoredCandle] {
        let rows = try await records.query(
            """
            SELECT DISTINCT ON (candles.open_ns) candles.open_ns, open, high, low, close, volume, source FROM candles
            WHERE symbol = $1 AND timeframe = $2 ORDER BY candles.open_ns, candles.revision DESC
            """, [symbol, timeframe])
        var stored: [Timestamp: StoredCandle] = [:]
        for row in rows {
            stored[Timestamp(nanoseconds: try row.int64("open_ns"))] = StoredCandle(
                open: try row.value("open"), high: try row.value("high"), low: try row.value("low"),
                close: try row.value("close"), volume: try row.value("volume"), source: try row.text("source"))
        }
        return stored
    }
}

/// The figures of a row of `candles`.
struct StoredCandle: Equatable, CustomStringConvertible {
    let open: Price
    let high: Price
    let low: Price
    let close: Price
    let volume: Quantity
    var source = ""

    var description: String { "\(open) \(high) \(low) \(close) \(volume) \(source)" }

    static func == (left: StoredCandle, right: StoredCandle) -> Bool {
        left.open == right.open && left.high == right.high && left.low == right.low && left.close == right.close
            && left.volume == right.volume
    }

    init(open: Price, high: Price, low: Price, close: Price, volume: Quantity, source: String) {
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.source = source
    }

    /// In steps of 1e-8.
    var figures: [Int64] { [open.raw, high.raw, low.raw, close.raw, volume.raw] }
}
