import ArgumentParser
import Bus
import Foundation
import Logging
import Store

/// Where the servers of the measured run are.
struct Servers: ParsableArguments {
    @Option(help: "Port of Redis on 127.0.0.1.") var redisPort: Int32
    @Option(help: "File with the password of Redis.") var redisPasswordFile: String

    func bus(hooks: BusHooks = BusHooks()) throws -> Bus {
        let password = try String(contentsOfFile: redisPasswordFile, encoding: .utf8)
        return Bus(
            BusSettings(
                host: "127.0.0.1", port: redisPort,
                password: password.trimmingCharacters(in: .whitespacesAndNewlines)),
            logger: Logger(label: "benchmarks"), hooks: hooks)
    }
}

/// The database of the measured run.
struct DatabaseServer: ParsableArguments {
    @Option(help: "Port of PgBouncer on 127.0.0.1.") var databasePort: Int
    @Option(help: "Name of the database.") var databaseName = "plimsoll"
    @Option(help: "Role to log in as.") var databaseUser = "risk_manager"
    @Option(help: "File with the role's password.") var databasePasswordFile: String

    func database() throws -> Database {
        let password = try String(contentsOfFile: databasePasswordFile, encoding: .utf8)
        return Database(
            settings: DatabaseSettings(
                host: "127.0.0.1", port: databasePort, database: databaseName, user: databaseUser,
                password: password.trimmingCharacters(in: .whitespacesAndNewlines), poolSize: 2))
    }
}
