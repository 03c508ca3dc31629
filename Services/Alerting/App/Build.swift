import AlertingCore
import Bus
import Contracts
import Logging
import ServiceKit
import ServiceLifecycle
import Store
import Wiring

/// Puts the service together from its settings.
struct Build {
    let services: [any Service]

    /// - Parameter standalone: what the command line says instead of the settings file.
    init(_ context: ServiceContext, _ api: ServiceAPI, standalone: StandaloneArguments? = nil) throws {
        let settings = AlertingSettings(context.reader)
        var databaseSettings = standalone?.database ?? DatabaseSettings(context.reader, role: .alerting)
        // Somebody waits for each answer, and the spool is there: give up soon.
        databaseSettings.answerTimeout = .seconds(3)
        databaseSettings.connectTimeout = .seconds(2)
        databaseSettings.waitLimit = .seconds(2)
        let busSettings = standalone == nil ? BusSettings(context.reader) : standalone?.redis
        try context.reader.finish()
        guard let configuration = settings.configuration else { throw ConfigurationError(faults: ["no configuration"]) }
        var hooks = StoreHooks(context, required: false)
        hooks.countEvents(in: context.metrics)
        let database = Database(settings: databaseSettings, hooks: hooks)
        let bus = busSettings.map { Bus($0, logger: context.logger("bus"), hooks: BusHooks(context, required: false)) }
        let figures = AlertingFigures(
            context.metrics, kinds: Set(configuration.destinations.map(\.channel.kind)))
        let log = context.logger("journal")
        let spool = try Spool(folder: settings.spoolFolder) { file, records in
            log.error("records were set aside", metadata: ["file": "\(file)", "records": "\(records)"])
        }
        let store = AlertStore(database: database, writer: spool.instance)
        let journal = Journal(store: store, spool: spool, figures: figures, logger: log)
        let delivery = Delivery(
            settings.policies, journal: journal, clock: context.clock, figures: figures,
            logger: context.logger("delivery"))
        let receivers = ReceiverFactory(settings)
        let desk = AlertDesk(
            configuration, journal: journal, store: store, delivery: delivery, receivers: receivers.destinations,
            clock: context.clock, hearsServices: bus != nil, figures: figures, logger: context.logger("desk"))
        let leadership = Leadership(
            database: database, holder: "alerting-\(spool.instance)", journal: journal, desk: desk,
            logger: context.logger("leadership"))
        let caretaker = Caretaker(
            database: database, retention: settings.retention, desk: desk, figures: figures, clock: context.clock,
            logger: context.logger("caretaker"))
        let intake = SuiteEventIntake(
            bus: bus,
            reader: EventReader(
                database: database, settings: .init(consumer: "alerting", types: [SuiteEvent.type], start: .now),
                hooks: hooks, logger: context.logger("events")),
            desk: desk, figures: figures, logger: context.logger("events"))
        let reloader = ConfigurationReloader(configuration, settings: settings, context: context) {
            await desk.reload($0)
        }
        AlertmanagerAPI(
            desk: desk, figures: figures, health: context.health, reloader: reloader, clock: context.clock,
            startedAt: context.clock.now()
        ).add(to: api)
        NotificationRoutes(store: store, desk: desk).add(to: api)
        EscalationRoutes(desk: desk).add(to: api)
        AcknowledgementRoutes(desk: desk, clock: context.clock).add(to: api)
        let thresholds = ThresholdKeeper(store: store, metrics: context.metrics, logger: context.logger("thresholds"))
        if let keys = settings.pageKeys {
            try Page(
                keys: keys, desk: desk, store: store, thresholds: thresholds, delivery: delivery,
                prometheus: settings.prometheusURL.map { PrometheusClient(url: $0) },
                configuration: { reloader.current }, clock: context.clock,
                secure: settings.externalURL.hasPrefix("https://"), logger: context.logger("page")
            ).add(to: api)
        }
        // Stopped from the last to the first: what is under way is told and written down before the others may lead.
        let life: [any Service] =
            bus.map { [$0, Heartbeat(context, bus: $0), HeartbeatIntake(bus: $0, desk: desk)] as [any Service] } ?? []
        services =
            life + [journal, leadership, delivery, desk, caretaker, intake, reloader, thresholds]
            + [settings.outgoing.map { OutgoingHeartbeat($0, client: receivers.client, desk: desk, context: context) }]
            .compactMap { $0 }
    }
}
