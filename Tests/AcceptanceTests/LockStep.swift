import Domain
import Foundation
import Outbound
import Store
import StoreTestKit
import TestKit

/// Market-data, strategy, risk-manager and execution as processes, led through recorded bars print by print: the stand-in
/// exchange stands still until everything that followed from its last move is booked.
final class LockStep {
    /// What came of a run, a line each in the columns of the backtest's files.
    struct Results {
        let signals: Int
        let fills: [String]
        let trades: [String]
        /// How often each decision was made, `code count` a line.
        let decisions: [String]
        /// The limits on losses that were reached.
        let breaches: Int
    }

    /// A line of a recording is no bar.
    struct NoBar: Error { let line: String }

    static let services = ["market-data", "strategy", "risk-manager", "execution"]

    let folder: URL
    private let symbols: [Symbol]
    /// The bars that open together, in the order of their symbols.
    private let minutes: [[Candle]]
    private let dailyLoss: String
    private let database: TestDatabase
    private let books: Database
    private let client = HTTPClient()
    private let ports: [String: Int]
    private var programs: [RunningProgram] = []
    private var guarded: [Guarded] = []

    /// What the exits of the open position wait for.
    private struct Guarded: Equatable {
        let symbol: String
        let position: String
        let stop: Price
        let target: Price

        func isTouched(by prints: some Sequence<Print>) -> Bool {
            prints.contains { $0.symbol.name == symbol && ($0.price <= stop || $0.price >= target) }
        }
    }

    /// Starts everything; the exchange stands at the opening of the first bar.
    ///
    /// - Parameters:
    ///   - series: bars of each market; all of the same minutes.
    ///   - dailyLoss: `risk.limits.daily_loss`.
    init(_ series: [[Candle]], dailyLoss: String, on servers: TestServers) async throws {
        let series = series.sorted { ($0.first?.symbol.name ?? "") < ($1.first?.symbol.name ?? "") }
        symbols = series.compactMap(\.first?.symbol)
        minutes = (0..<(series.first?.count ?? 0)).map { index in series.map { $0[index] } }
        self.dailyLoss = dailyLoss
        folder = try Scratch.folder()
        database = try await TestDatabase.make(on: servers)
        books = Database(settings: database.superuser, hooks: StoreHooks(), ring: { _ in })
        let names = ["exchange-sim"] + Self.services
        let free = try await Command.require("/usr/bin/python3", ["-c", Self.portsScript, String(names.count)])
        ports = Dictionary(
            zip(names, free.split(separator: "\n").compactMap { Int($0) }), uniquingKeysWith: { first, _ in first })
        try write()
        for name in names {
            let log = folder.appending(path: "\(name).log")
            let arguments = ["--config", folder.appending(path: "plimsoll.yaml").path]
            programs.append(try RunningProgram(RunningProgram.product(name), arguments, folder: folder, log: log))
            if name == "exchange-sim" { try await ready(name) }
        }
        for name in Self.services { try await ready(name) }
    }

    private static let portsScript = """
        import socket, sys
        sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
        for s in sockets: s.bind(('127.0.0.1', 0))
        for s in sockets: print(s.getsockname()[1])
        """

    /// Plays all bars.
    func play() async throws {
        for (index, bars) in minutes.enumerated() {
            let prints = bars.map { Array(BarPrints($0)) }
            try await advance(past: prints[0][0], of: index, prints: prints.flatMap { $0.prefix(1) })
            // While no exit fires, nothing can happen before the next candle is final.
            let rest = prints.flatMap { $0.dropFirst() }
            guard guarded.contains(where: { $0.isTouched(by: rest) }) || index == minutes.count - 1 else { continue }
            try await advance(past: prints[0][3], of: index, prints: rest)
        }
    }

    /// Ends all programs; what they wrote stays when one of them fails to.
    func stop() async {
        for program in programs.reversed() { _ = try? await program.terminate() }
        await books.close()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: stepping

    /// Moves the exchange on to just past a print of the bar at `index` and waits until all that follows is done.
    private func advance(past print: Print, of index: Int, prints: some Sequence<Print>) async throws {
        let fired = guarded.filter { $0.isTouched(by: prints) }.map(\.position)
        let moment = print.time.milliseconds + 1
        let answer = try await client.send(
            HTTPRequest(.post, try address("exchange-sim", "/control/advance?to=\(moment)")))
        guard answer.status == 200 else { throw Unexpected(what: "advancing: \(answer.status) \(answer.text)") }
        var last = ""
        do {
            guarded = try await eventually("all is quiet after \(print.time)", within: .seconds(30)) {
                let (isQuiet, now, words) = try await look(candles: index * symbols.count, fired: fired)
                last = words
                return isQuiet ? now : nil
            }
        } catch let error as NeverHappened {
            throw Unexpected(what: "\(error): \(last)")
        }
    }

    struct Unexpected: Error, CustomStringConvertible {
        let what: String
        var description: String { what }
    }

    /// - Parameters:
    ///   - candles: so many must be stored and evaluated.
    ///   - fired: the positions of which an exit must be filled.
    private func look(candles: Int, fired: [String]) async throws -> (isQuiet: Bool, now: [Guarded], words: String) {
        let figures = try await metrics("strategy")
        let evaluated = Self.sum("plimsoll_strategy_evaluations_total", figures)
        let raised = Self.sum("plimsoll_signals_total", figures)
        let rows = try await books.query(
            """
            SELECT (SELECT count(*) FROM candles WHERE timeframe = '1m') AS candles,
                (SELECT count(*) FROM decisions) AS decided,
                (SELECT count(*) FROM orders WHERE state IN ('approved', 'submitting', 'partially_filled')
                    OR (state = 'open' AND purpose IN ('entry', 'exit'))) AS moving,
                (SELECT count(*) FROM positions WHERE quantity > 0) AS held,
                (SELECT count(*) FROM orders WHERE state = 'open' AND position_id = ANY ($1::text[])) AS unfired,
                (SELECT count(*) FROM orders WHERE state = 'open') AS resting
            """, [BoundArray(fired)])
        guard let row = rows.first else { throw Unexpected(what: "no row") }
        let stored = try row.int64("candles")
        let (decided, moving) = (try row.int64("decided"), try row.int64("moving"))
        let (held, resting) = (try row.int64("held"), try row.int64("resting"))
        let unfired = try row.int64("unfired")
        let isQuiet =
            stored >= candles && evaluated >= candles && decided == raised && moving == 0 && resting == 2 * held
            && unfired == 0
        return (
            isQuiet, isQuiet && held > 0 ? try await exits() : [],
            """
            \(stored) of \(candles) candles, \(evaluated) evaluated, \(raised) signals, \(decided) decisions, \
            \(moving) orders moving, \(held) positions, \(resting) resting orders, \(unfired) to fire
            """
        )
    }

    private func exits() async throws -> [Guarded] {
        try await books.query(
            """
            SELECT symbol, position_id, max(trigger_price) FILTER (WHERE purpose = 'stop_loss') AS stop,
                max(trigger_price) FILTER (WHERE purpose = 'take_profit') AS target
            FROM orders WHERE state = 'open' GROUP BY symbol, position_id
            """
        ).map { row in
            Guarded(
                symbol: try row.text("symbol"), position: try row.text("position_id"), stop: try row.price("stop"),
                target: try row.price("target"))
        }
    }

    private func metrics(_ service: String) async throws -> String {
        try await client.send(HTTPRequest(.get, try address(service, "/metrics"))).text
    }

    private static func sum(_ name: String, _ figures: String) -> Int {
        figures.split(separator: "\n").filter { $0.hasPrefix(name + "{") }
            .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }.exactInteger
    }

    private func ready(_ name: String) async throws {
        _ = try await eventually("\(name) is ready", within: .seconds(60)) {
            let answer = try? await client.send(HTTPRequest(.get, try address(name, "/health/ready")))
            return answer?.status == 200 ? true : nil
        }
    }

    private func address(_ service: String, _ path: String) throws -> String {
        guard let port = ports[service] else { throw Unexpected(what: "no port of \(service)") }
        return "http://127.0.0.1:\(port)\(path)"
    }

    // MARK: results

    /// What is in the books of the suite.
    func results() async throws -> Results {
        let fills = try await books.query(
            """
            SELECT f.filled_ns, f.symbol, f.side, f.price, f.quantity, f.fee, o.purpose, f.order_id
            FROM fills f JOIN orders o ON o.id = f.order_id ORDER BY f.filled_ns, f.symbol, f.booked
            """
        ).map { row in
            let amounts = "\(try row.price("price")),\(try row.quantity("quantity")),\(try row.money("fee"))"
            let order = "\(try row.text("purpose")),\(try row.text("order_id"))"
            return
                "\(try row.timestamp("filled_ns")),\(try row.text("symbol")),\(try row.text("side")),\(amounts),\(order)"
        }
        let trades = try await books.query("SELECT * FROM trades ORDER BY closed_ns, symbol").map { row in
            let names = "\(try row.text("id")),\(try row.text("symbol")),\(try row.text("strategy"))"
            let times = "\(try row.timestamp("opened_ns")),\(try row.timestamp("closed_ns"))"
            let prices = "\(try row.price("entry_price")),\(try row.price("exit_price"))"
            let money = "\(try row.money("realised")),\(try row.money("fees"))"
            return "\(names),\(times),\(try row.quantity("quantity")),\(prices),\(money),\(try row.text("reason"))"
        }
        let signals = try await books.query("SELECT count(*) AS count FROM signals").first?.int64("count") ?? 0
        let decisions = try await books.query(
            "SELECT code, count(*) AS count FROM decisions WHERE signal_id IS NOT NULL GROUP BY code ORDER BY code"
        ).map { "\(try $0.text("code")) \(try $0.int64("count"))" }
        let breaches = try await books.query("SELECT count(*) AS count FROM limit_breaches").first?.int64("count") ?? 0
        return Results(
            signals: Int(signals), fills: fills, trades: trades, decisions: decisions, breaches: Int(breaches))
    }

    /// What `plimsoll backtest` makes of the same bars, settings and rules of the market.
    func backtest() async throws -> Results {
        let out = folder.appending(path: "backtest")
        let summary = try await Command.require(
            RunningProgram.product("plimsoll"),
            [
                "backtest", "--config", folder.appending(path: "plimsoll.yaml").path, "--instruments",
                folder.appending(path: "execution/instruments.json").path, "--out", out.path,
            ] + symbols.flatMap { ["--data", recording($0).path, "--symbol", $0.name] })
        let counts = summary.split(separator: "\n").drop { !$0.hasPrefix("signals ") }
            .map { $0.split(separator: " ").joined(separator: " ") }
        let signals = counts.first?.split(separator: " ").last
        let breaches = counts.filter { $0.hasPrefix("breached_") }.compactMap {
            Int($0.split(separator: " ").last ?? "")
        }
        func lines(_ name: String) throws -> [[Substring]] {
            try String(contentsOf: out.appending(path: name), encoding: .utf8).split(separator: "\n").dropFirst()
                .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        }
        return Results(
            signals: signals.flatMap { Int($0) } ?? -1,
            fills: try lines("fills.csv").map { $0.joined(separator: ",") }.sorted {
                let (left, right) = ($0.split(separator: ","), $1.split(separator: ","))
                return (left[0], left[1]) < (right[0], right[1])
            },
            // Without profit and its multiple, which follow from the rest.
            trades: try lines("trades.csv").map { ($0.prefix(10) + $0.suffix(1)).joined(separator: ",") }.sorted {
                let (left, right) = ($0.split(separator: ","), $1.split(separator: ","))
                return (left[4], left[1]) < (right[4], right[1])
            }, decisions: counts.dropFirst().filter { !$0.hasPrefix("breached_") && !$0.hasPrefix("blocked_") },
            breaches: breaches.reduce(0, +))
    }

    // MARK: files

    private func recording(_ symbol: Symbol) -> URL { folder.appending(path: "\(symbol)-1m.csv") }

    /// A bar of a recording.
    static func bar(_ line: Substring, _ symbol: Symbol) throws -> Candle {
        let cell = line.split(separator: ",")
        guard cell.count >= 6, let time = Int64(cell[0])
        else { throw NoBar(line: String(line)) }
        return Candle(
            symbol: symbol, timeframe: .minute1, openTime: Timestamp(milliseconds: time), open: try Price(cell[1]),
            high: try Price(cell[2]), low: try Price(cell[3]), close: try Price(cell[4]), volume: try Quantity(cell[5]),
            tradeCount: 0, isFinal: true)
    }

    private func write() throws {
        let servers = database.servers
        for (name, text) in [("redis", servers.redisPassword), ("key", "a-key-for-tests"), ("secret", "a-secret")] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        for (index, symbol) in symbols.enumerated() {
            var text = "timestamp,open,high,low,close,volume\n"
            for bar in minutes.map({ $0[index] }) {
                text +=
                    "\(bar.openTime.milliseconds),\(bar.open),\(bar.high),\(bar.low),\(bar.close),\(bar.volume)\n"
            }
            try text.write(to: recording(symbol), atomically: true, encoding: .utf8)
        }
        try settings.write(to: folder.appending(path: "plimsoll.yaml"), atomically: true, encoding: .utf8)
    }

    /// The limits are wide and the patience long: what is compared is what is traded, not how fast this machine is.
    private var settings: String {
        let servers = database.servers
        func port(_ name: String) -> Int { ports[name] ?? 0 }
        let markets = symbols.map(\.name).joined(separator: ", ")
        let recordings = symbols.map { recording($0).path }.joined(separator: ", ")
        return """
            accept_dangerous: [risk.limits.daily_loss, risk.limits.monthly_drawdown,
              risk.limits.monthly_drawdown_near_goal]
            http: {host: 127.0.0.1}
            database: {host: \(servers.host), port: \(servers.pgbouncerPort), name: \(database.name),
              password_file: "\(servers.folder.path)/secrets/postgres-{role}", pool_size: 3}
            redis: {host: \(servers.host), port: \(servers.redisPort), password_file: \(folder.path)/redis}
            exchange: {name: binance, rest_url: "http://127.0.0.1:\(port("exchange-sim"))",
              websocket_url: "ws://127.0.0.1:\(port("exchange-sim"))", symbols: [\(markets)], weight_limit: 1000000}
            market_data: {port: \(port("market-data")), stale_after: 5m}
            strategy:
              port: \(port("strategy"))
              upkeep_interval: 200ms
              instances:
                - {id: momentum, kind: momentum, timeframe: 1m, symbols: [\(markets)],
                  parameters: {fast: 3, slow: 8, atr: 14, stop_atr: 2, target_atr: 3}}
            risk:
              port: \(port("risk-manager"))
              entry_expiry: 5m
              stale_price_after: 5m
              limits: {daily_loss: \(dailyLoss), drawdown: 0.3, monthly_drawdown: 0.5, monthly_drawdown_near_goal: 0.5}
            accounts:
              - {id: paper, venue: paper, currency: USDT, deposit: 10000, strategies: [momentum]}
            execution:
              port: \(port("execution"))
              state_folder: \(folder.path)/execution
              order_notional_cap: 5000
              paper: {latency: 50ms, fee: 0.001, slippage: 0.0002}
            exchange_sim: {port: \(port("exchange-sim")), mode: replay, recordings: [\(recordings)], speed: 0,
              api_key_file: \(folder.path)/key, api_secret_file: \(folder.path)/secret, weight_limit: 1000000}
            """
    }
}

extension Double {
    /// A count that was printed as a number.
    fileprivate var exactInteger: Int { Int(exactly: self) ?? -1 }
}
