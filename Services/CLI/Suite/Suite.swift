import Outbound
import ServiceKit
import Store
import Wiring

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
        var database = DatabaseSettings(reader, role: .operator, poolSize: 2)
        database.applicationName = "plimsoll"
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
