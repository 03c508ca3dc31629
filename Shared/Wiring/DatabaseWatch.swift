import ServiceKit
import ServiceLifecycle
import Store

/// Asks the database every two seconds, so that a service's health says what is so while it has nothing else to ask.
package struct DatabaseWatch: Service {
    private static let interval = Duration.seconds(2)

    let database: Database

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Whether it answers goes into the health by the hooks of the database.
                _ = try? await database.query("SELECT 1")
                // Cancelled: the loop ends.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
