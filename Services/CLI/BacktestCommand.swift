import ArgumentParser
import Backtest
import Domain
import Foundation
import ServiceKit

/// `plimsoll backtest`.
struct BacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest", abstract: "Runs the suite's own rules over recorded bars, on the paper venue.",
        discussion: """
            Each --data belongs to the --symbol in the same place. Writes trades.csv, fills.csv, equity.csv, equity.svg and summary.txt into \
            the folder of --out and prints the summary. The same files and settings give the same bytes.
            """)

    @Option(name: .long, help: "A file of bars: timestamp (or date), open, high, low, close, volume; .csv or .csv.gz.")
    var data: [String]

    @Option(name: .long, help: "The market of the file, such as BTCUSDT.")
    var symbol: [String]

    @Option(name: .long, help: "The settings.")
    var config = "config/plimsoll.yaml"

    @Option(name: .long, help: "Which of the accounts to run; its money, its strategies. The first when not given.")
    var account: String?

    @Option(
        name: .long,
        help: """
            The markets' rules as execution keeps them: instruments.json in its state folder. Without it they are inferred from \
            the bars.
            """)
    var instruments: String?

    @Option(
        name: .long,
        help: "Candles that all strategies decide on instead of their own: 1m, 5m, 15m, 1h, 4h, 1d or 1w.")
    var timeframe: Timeframe?

    @Option(name: .long, help: "The folder for the results; made when it is not there.")
    var out: String

    func validate() throws {
        guard !data.isEmpty, data.count == symbol.count else {
            throw ValidationError("give one --symbol for each --data")
        }
        guard Set(symbol).count == symbol.count else { throw ValidationError("a symbol is given twice") }
        for name in symbol where Symbol(name) == nil {
            throw ValidationError("\"\(name)\" is no symbol: 1 to 20 of A-Z and 0-9")
        }
    }

    func run() async throws {
        do { try work() } catch let error as SettingsError {
            say("\(error)")
            throw ExitCode(78)
        } catch let error as BacktestFileError {
            say("\(error)")
            throw ExitCode(1)
        }
    }

    private func work() throws {
        let symbols = symbol.compactMap { Symbol($0) }
        let settings = try BacktestSettings(
            Settings.load(path: config), account: account, symbols: symbols, timeframe: timeframe)
        let files = try zip(data, symbols).map { try BacktestFile(path: $0, symbol: $1) }
        for (path, file) in zip(data, files) {
            let ids = settings.tooFine(for: file.bars)
            guard let first = ids.first else { continue }
            throw BacktestFileError(
                path: path,
                problem:
                    "its bars are wider than the candles that \(first) decides on: give wider ones with --timeframe")
        }
        let rules = try instruments.map { try InstrumentFile(path: $0, symbols: symbols).instruments }
        var backtest = Backtest(settings.setup(for: files.map(\.bars), instruments: rules))
        var feed = BarFeed(files.map(\.bars))
        let clock = ContinuousClock()
        let begin = clock.now
        var told = begin
        while feed.next() {
            try backtest.take(feed.bars)
            if feed.taken.isMultiple(of: 1000), clock.now - told > .seconds(1) {
                told = clock.now
                say(
                    "\(feed.taken * 100 / max(feed.count, 1)) % of \(feed.count) bars, \(backtest.books.trades.count) trades"
                )
            }
        }
        say("\(feed.count) bars in \((clock.now - begin) / .milliseconds(1)) ms")
        try write(backtest, settings)
    }

    private func write(_ backtest: Backtest, _ settings: BacktestSettings) throws {
        let folder = URL(filePath: out)
        let summary = ResultFiles.summary(backtest.figures) + ResultFiles.decisions(backtest)
        let title =
            "\(settings.account), \(symbol.joined(separator: ", ")): net profit \(Figures.money(backtest.figures.netProfit))"
        let files = [
            ("trades.csv", ResultFiles.trades(backtest.books.trades)),
            ("fills.csv", ResultFiles.fills(backtest.books)),
            ("equity.csv", ResultFiles.equity(backtest.curve.points)),
            ("equity.svg", EquityPicture.draw(backtest.curve.points, title: title)), ("summary.txt", summary),
        ]
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files {
                try Data(text.utf8).write(to: folder.appending(path: name), options: .atomic)
            }
        } catch {
            throw BacktestFileError(path: out, problem: "the results cannot be written: \(error.localizedDescription)")
        }
        print(summary, terminator: "")
    }

    /// Tells the person at the terminal.
    private func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
