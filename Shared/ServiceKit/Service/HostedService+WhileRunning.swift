import ServiceLifecycle

extension HostedService {
    /// Runs the service, calls `body` with its HTTP port as soon as it listens, then stops it gracefully. For tests and tools.
    ///
    /// - Throws: what the service or `body` throws.
    package func whileRunning<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: self, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: context.logger("lifecycle")))
        let running = Task { try await group.run() }
        do {
            let result = try await body(try await port)
            await group.triggerGracefulShutdown()
            try await running.value
            return result
        } catch {
            await group.triggerGracefulShutdown()
            try await running.value
            throw error
        }
    }
}
