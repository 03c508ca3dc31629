import Bus
import Domain
import Outbound
import ServiceKit
import Store

/// What a preflight reads of the settings, secrets apart: those are looked at file by file.
struct PreflightSettings: Sendable {
    struct Account: Sendable {
        let id: String
        let venue: String
        let keyFile: String?
        let secretFile: String?
    }

    let database: (host: String, port: Int, name: String, passwordFile: String)
    let redis: (host: String, port: Int, passwordFile: String?)
    let exchange: String
    let restURL: String
    let symbols: [Symbol]
    let accounts: [Account]
    let alertingFile: String
    let address: SuiteAddress

    /// - `database.*`, `redis.*`, `exchange.*`, `accounts[]`, `alerting.config_file`: as the services read them.
    init(_ reader: SettingsReader) {
        database = (
            reader.string("database.host"), reader.integer("database.port", in: 1...65_535),
            reader.string("database.name"), reader.string("database.password_file")
        )
        redis = (
            reader.string("redis.host"), reader.integer("redis.port", in: 1...65_535),
            reader.optionalString("redis.password_file")
        )
        exchange = reader.string("exchange.name")
        restURL = reader.url("exchange.rest_url", schemes: ["http", "https"])
        symbols = reader.symbols("exchange.symbols")
        let items = reader.items("accounts")
        if items.isEmpty { reader.fault("accounts", "is missing; allowed: at least one account") }
        accounts = items.map { item in
            Account(
                id: item.string("id"), venue: item.string("venue"), keyFile: item.optionalString("api_key_file"),
                secretFile: item.optionalString("api_secret_file"))
        }
        alertingFile = reader.string("alerting.config_file", default: "config/alerting.yml")
        address = SuiteAddress(reader)
    }
}
