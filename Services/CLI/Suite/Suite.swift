import Outbound
import ServiceKit
import Store

/// The running suite as the operator reaches it: role `operator` in the database, HTTP at the services.
struct Suite: Sendable {
    let database: Database
    let address: SuiteAddress
    let http: ServiceCalls

    /// Reads what is needed of the settings; connects to nothing yet.
    ///
    /// - Throws: `SettingsError`.
    init(_ options: SuiteOptions) throws {
        let settings = try Settings.load(path: options.config)
        let reader = settings.reader
        let database = DatabaseSettings(operatorOf: reader)
        address = SuiteAddress(reader)
        try reader.finish()
        self.database = Database(settings: database)
        http = ServiceCalls(address: address, client: HTTPClient())
    }

    /// Runs `body` with the suite and hangs up after it.
    static func with<Answer>(_ options: SuiteOptions, _ body: (Suite) async throws -> Answer) async throws -> Answer {
        let suite = try Suite(options)
        let outcome: Result<Answer, any Error>
        do { outcome = .success(try await body(suite)) } catch { outcome = .failure(error) }
        await suite.database.close()
        do { return try outcome.get() } catch let error as StoreError {
            throw Failure(error, settings: suite.database.settings)
        }
    }
}

extension DatabaseSettings {
    /// - `database.host`, `database.port`, `database.name`, `database.password_file`: as for the services, in the role `operator`.
    init(operatorOf reader: SettingsReader) {
        let role = DatabaseRole.operator.rawValue
        self.init(
            host: reader.string("database.host"), port: reader.integer("database.port", in: 1...65_535),
            database: reader.string("database.name"), user: role,
            password: reader.secret("database.password_file", placeholders: ["role": role]).reveal(), poolSize: 2,
            applicationName: "plimsoll")
    }
}
