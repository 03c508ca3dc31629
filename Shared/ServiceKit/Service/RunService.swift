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
/// of which is named on standard error. SIGHUP reads the settings again.
///
/// - Parameter read: reads all that `build` reads. With `--check` it is all that happens.
package func runService(
    _ name: String, arguments: [String] = Array(CommandLine.arguments.dropFirst()),
    read: SettingsRead? = nil, build: @escaping ServiceBuild
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
    case .run(let arguments) where arguments.check:
        exit(check(name, arguments, read ?? { _ in }))
    case .run(let arguments):
        let config = arguments.config
        exit(await serve(name, config, arguments.listen, read, build) { try Settings.load(path: config) })
    }
}

/// As `runService` with arguments, for a program that makes its settings itself.
package func runService(
    _ name: String, listen: ListenAddress?, settings: @Sendable () throws -> Settings,
    read: SettingsRead? = nil, build: @escaping ServiceBuild
) async -> Never {
    exit(await serve(name, nil, listen, read, build, settings))
}

/// Prints every fault and doubt, a line each.
private func check(_ name: String, _ arguments: ServiceArguments, _ read: SettingsRead) -> Int32 {
    let outcome = Settings.$opensSecrets.withValue(!arguments.withoutSecrets) {
        Result { () throws(SettingsError) in
            try SettingsCheck.run(name, try Settings.load(path: arguments.config), arguments.listen, read)
        }
    }
    switch outcome {
    case .success(let doubts):
        for doubt in doubts { print("doubt \(doubt)") }
        return 0
    case .failure(let error):
        for fault in error.faults { print("fault \(fault)") }
        return ExitStatus.settings
    }
}

private func serve(
    _ name: String, _ file: String?, _ listen: ListenAddress?, _ read: SettingsRead?,
    _ build: @escaping ServiceBuild, _ load: @Sendable () throws -> Settings
) async -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let writer = LogWriter()
    defer { writer.close() }
    do {
        let service = try await HostedService(
            name, settings: try load(), file: file, listen: listen, sink: writer, read: read, build: build)
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
    let hangups = Task {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { service.reload?.ring() }
    }
    defer { hangups.cancel() }
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
