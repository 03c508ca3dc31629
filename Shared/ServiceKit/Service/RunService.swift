import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// Exit statuses, after sysexits.h.
enum ExitStatus {
    static let usage: Int32 = 64
    static let failed: Int32 = 70
    static let settings: Int32 = 78
}

/// Runs a service as this process: reads the command line and the settings, serves until SIGTERM or SIGINT, and exits.
///
/// Exit status 0 after a stop that was asked for, 64 for wrong arguments, 70 when a part failed, 78 for faulty settings, each
/// of which is named on standard error.
package func runService(
    _ name: String, arguments: [String] = Array(CommandLine.arguments.dropFirst()), build: @escaping ServiceBuild
) async -> Never {
    switch ServiceArguments.parse(arguments) {
    case .version:
        print("plimsoll \(name) \(BuildInfo.version)")
        exit(0)
    case .help:
        print(ServiceArguments.help(name))
        exit(0)
    case .usage(let problem):
        complain("\(name): \(problem)\n\(ServiceArguments.help(name))")
        exit(ExitStatus.usage)
    case .run(let arguments):
        exit(await serve(name, arguments.listen, build) { try Settings.load(path: arguments.config) })
    }
}

/// As `runService` with arguments, for a program that makes its settings itself.
package func runService(
    _ name: String, listen: ListenAddress?, settings: @Sendable () throws -> Settings, build: @escaping ServiceBuild
) async -> Never {
    exit(await serve(name, listen, build, settings))
}

private func serve(
    _ name: String, _ listen: ListenAddress?, _ build: @escaping ServiceBuild, _ load: @Sendable () throws -> Settings
) async -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let writer = LogWriter()
    defer { writer.close() }
    do {
        let service = try await HostedService(name, settings: try load(), listen: listen, sink: writer, build: build)
        let metrics = service.context.metrics
        let dropped = metrics.counter("plimsoll_log_dropped_total", "Log records lost because nobody read the log.")
        metrics.beforeRender { dropped.raise(to: Double(writer.dropped)) }
        return await run(service)
    } catch let error as SettingsError {
        complain("\(error)")
        return ExitStatus.settings
    } catch {
        complain("\(name) cannot start: \(error)")
        return ExitStatus.failed
    }
}

private func run(_ service: HostedService) async -> Int32 {
    let context = service.context
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: context.logger("lifecycle")))
    do {
        try await withLogger(context.logger) { _ in try await group.run() }
        return 0
    } catch {
        context.logger.critical("failed", metadata: ["error": "\(error)"])
        return ExitStatus.failed
    }
}

/// Writes to standard error, for what is said before there is a log.
private func complain(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
