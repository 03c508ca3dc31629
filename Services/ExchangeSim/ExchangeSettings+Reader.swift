import Domain
import Exchanges
import ServiceKit

extension ExchangeSettings {
    private enum ModeName: String, CaseIterable, Sendable { case generator, replay }

    /// Reads the section `exchange_sim`; faults stay with the reader.
    ///
    /// - `port` (1…65535), `mode` (generator | replay), `seed`, `speed` (0 stands until told to move, else times as fast),
    ///   `symbols` (default: those of `exchange`), `trades_per_second` per market, `history` of the generated past,
    ///   `recordings` (files, replay only), `start_ms` (exchange time at the start), `deposit` in USDT,
    ///   `api_key_file` and `api_secret_file` (secret files), `taker_fee`, `maker_fee`,
    ///   `commission` (quote | received), `weight_limit`, `state_file` (optional; accounts and orders between runs).
    /// - Parameter listen: overrides `http.host` and `port`.
    init(_ reader: SettingsReader, listen: ListenAddress?) {
        let section = reader.scoped(to: "exchange_sim")
        switch section.oneOf("mode", ModeName.self, default: .generator) {
        case .generator:
            let traded = reader.symbols("exchange.symbols")
            self.init(mode: .generator(section.symbols("symbols", default: traded)))
        case .replay:
            let files = section.strings("recordings")
            if files.isEmpty { section.fault("recordings", "a replay needs at least one file") }
            self.init(mode: .replay(files))
        }
        let port = section.integer("port", in: 1...65_535)
        self.host = listen?.host ?? reader.string("http.host", default: "127.0.0.1")
        self.port = listen?.port ?? port
        let speed = section.number("speed", in: 0...10_000, default: 1)
        self.pace = speed == 0 ? .stepped : .running(speed)
        self.seed = UInt64(section.integer("seed", in: 0...Int.max, default: 1))
        self.tradesPerSecond = section.integer("trades_per_second", in: 1...100, default: 1)
        let history = section.duration(
            "history", in: .seconds(60)...(.seconds(30 * 86_400)), default: .seconds(2 * 86_400))
        self.history = .seconds(history.components.seconds)
        if section.has("start_ms") {
            self.start = Timestamp(
                milliseconds: Int64(section.integer("start_ms", in: 1_500_000_000_000...4_000_000_000_000)))
        }
        self.weightLimit = section.integer("weight_limit", in: 100...10_000_000, default: 6000)
        self.rules = Self.rules(section)
        self.accounts = [Self.account(section)]
        self.stateFile = section.optionalString("state_file")
    }

    private static func rules(_ section: SettingsReader) -> VenueRules {
        var rules = VenueRules()
        let highest = Ratio(5, over: 100)
        rules.takerFee = section.ratio("taker_fee", in: .zero...highest, default: rules.takerFee)
        rules.makerFee = section.ratio("maker_fee", in: .zero...highest, default: rules.makerFee)
        rules.commissionAsset = section.oneOf(
            "commission", VenueRules.CommissionAsset.self, default: rules.commissionAsset)
        return rules
    }

    private static func account(_ section: SettingsReader) -> Account {
        let key = section.secret("api_key_file")
        let secret = section.secret("api_secret_file")
        let most = Money(raw: 1_000_000_000 * 100_000_000)
        let deposit = section.money(
            "deposit", in: .zero...most, default: Money(raw: 10_000 * 100_000_000))
        return Account(
            signer: BinanceSigner(apiKey: key.reveal(), secret: secret.reveal()), balances: ["USDT": deposit])
    }
}
