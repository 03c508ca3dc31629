import Domain
import Hummingbird
import Logging
import NIOCore
package import ServiceLifecycle
import Synchronization

/// Builds the parts of a service: reads the settings, adds routes, and gives back what is to run.
///
/// What is read is checked after the build, with all its faults; a build that cannot do with a harmless value in place of a
/// faulty one calls `context.reader.finish()` itself. A build must not wait for anything outside: a missing server is waited for in `run()`, with its state in the health of the
/// service. Services are given in the order of dependence; they are stopped in the reverse order, the HTTP server last.
package typealias ServiceBuild = @Sendable (ServiceContext, ServiceAPI) async throws -> [any Service]

/// A service with its HTTP server, without signals and without exit: what `runService` runs, and what tests start on port 0.
package final class HostedService: Service {
    package let context: ServiceContext
    private let services: [any Service]
    private let api: ServiceAPI
    private let listen: ListenAddress
    private let stopLimit: Duration
    private let bound = OneTimeValue<Int>()
    /// Reads the settings file again; nil where the settings came from no file.
    package let reload: SettingsReload?

    /// Reads the settings and builds; nothing runs yet.
    ///
    /// - Parameters:
    ///   - file: where `settings` were read from, which is then looked at again and again; nil for nowhere.
    ///   - listen: overrides `http.host` and the port of the service's section.
    ///   - read: reads all that `build` reads, so that no build sees a faulty value, and a changed file is judged whole.
    /// - Throws: `SettingsError` with every fault, or what `build` throws.
    package init(
        _ name: String, settings: Settings, file: String? = nil, listen: ListenAddress? = nil, sink: any LogSink,
        clock: any WallClock = SystemClock(), read: SettingsRead? = nil, build: ServiceBuild
    ) async throws {
        let name = ServiceName(name)
        let reader = settings.reader
        let kit = KitSettings(reader, name, listen)
        if let read {
            read(reader)
            try reader.finish()
        }
        let metrics = Metrics()
        stopLimit = kit.stopLimit
        self.listen = kit.listen
        let output = LogOutput(
            sink: sink, levels: kit.levels, redactor: settings.redactor, metrics: metrics, clock: clock)
        let reload = file.map { file in
            SettingsReload(
                path: file, settings: settings, metrics: metrics,
                logger: output.logger(service: name.name, label: "\(name.name).settings")
            ) { reader in
                _ = KitSettings(reader, name, listen)
                read?(reader)
            }
        }
        reload?.onChange(LogLevels.keys) { output.set(LogLevels(reader: $0)) }
        self.reload = reload
        self.context = ServiceContext(
            name: name, instance: Self.instance(name, clock), reader: reader, metrics: metrics,
            health: Health(metrics: metrics, clock: clock), clock: clock, output: output, reload: reload)
        let limits = BodyLimits()
        self.api = ServiceAPI(
            router: Self.router(context, limits), limits: limits,
            commandGuard: CommandGuard(names: kit.names + [kit.listen.host]))
        do {
            self.services = try await build(context, api)
        } catch {
            // Faults found so far explain most failures of a build better than the failure does.
            try reader.finish()
            throw error
        }
        for warning in try reader.finish() {
            context.logger.warning("doubtful setting", metadata: ["setting": "\(warning)"])
        }
        registerStandardMetrics()
        addStandardRoutes()
    }

    /// The port the HTTP server listens on, as soon as it does.
    package var port: Int { get async throws { try await bound.value } }

    /// Runs everything until the task is cancelled, a graceful shutdown is triggered or a part fails.
    package func run() async throws {
        let logger = context.logger
        var configuration = ServiceGroupConfiguration(
            services: [application(logger)] + [reload].compactMap { $0 } + services, logger: context.logger("lifecycle")
        )
        configuration.maximumGracefulShutdownDuration = stopLimit
        configuration.maximumCancellationDuration = .seconds(5)
        let group = ServiceGroup(configuration: configuration)
        logger.info("starting", metadata: ["version": "\(BuildInfo.version)", "instance": "\(context.instance)"])
        do {
            try await withGracefulShutdownHandler {
                try await group.run()
            } onGracefulShutdown: {
                self.context.health.beginStopping()
                logger.info("stopping")
            }
        } catch {
            bound.fail(error)
            throw error
        }
        bound.fail(CancellationError())
        logger.info("stopped")
    }
}

extension HostedService {
    private static func router(_ context: ServiceContext, _ limits: BodyLimits) -> ServiceRouter {
        let router = ServiceRouter(context: ServiceRequestContext.self)
        router.add(middleware: RequestMetricsMiddleware(metrics: context.metrics))
        router.add(middleware: ProblemMiddleware(logger: context.logger("http"), limits: limits))
        return router
    }

    private func application(_ logger: Logger) -> any Service {
        let metrics = context.metrics
        return Application(
            router: api.router,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [MalformedRequestCounter(metrics: metrics)], idleTimeout: .seconds(75))),
            configuration: ApplicationConfiguration(
                address: .hostname(listen.host, port: listen.port), serverName: "plimsoll",
                availableConnectionsDelegate: .maximum(512, logger: logger)),
            onServerRunning: { [bound, context] channel in
                guard let port = channel.localAddress?.port else { return }
                context.logger.info("listening", metadata: ["port": "\(port)"])
                bound.succeed(port)
            },
            logger: context.logger("http"))
    }

    private func addStandardRoutes() {
        let api = api
        StandardRoutes(
            service: context.name.name, health: context.health, metrics: context.metrics, describe: { api.routes }
        ).add(to: api.router)
    }

    private func registerStandardMetrics() {
        context.metrics.gauge(
            "plimsoll_build_info", "Always 1; what is running.",
            labels: ["version": BuildInfo.version, "service": context.name.name]
        ).set(1)
        ProcessMetrics.register(in: context.metrics)
    }

    private static func instance(_ name: ServiceName, _ clock: any WallClock) -> String {
        "\(name.name)-\(ProcessIdentity.host)-\(ProcessIdentity.number)-\(String(clock.now().milliseconds, radix: 36))"
    }
}
