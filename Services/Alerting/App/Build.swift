import AlertingCore
import Bus
import Contracts
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
        let hooks = StoreHooks(context, required: false)
        let database = Database(settings: databaseSettings, hooks: hooks)
        let bus = busSettings.map { Bus($0, logger: context.logger("bus"), hooks: BusHooks(context, required: false)) }
        let figures = AlertingFigures(
            context.metrics, kinds: Set(configuration.destinations.map(\.channel.kind)))
        let journal = Journal(
            store: AlertStore(database: database), spool: try Spool(folder: settings.spoolFolder), figures: figures,
            logger: context.logger("journal"))
        let receivers = ReceiverFactory(settings)
        let delivery = Delivery(
            configuration.destinations.map { destination in
                DestinationQueue(
                    destination, receiver: receivers.make(destination), journal: journal, clock: context.clock,
                    figures: figures, logger: context.logger("delivery"))
            }, logger: context.logger("delivery"))
        let desk = AlertDesk(
            configuration.book, journal: journal, delivery: delivery, clock: context.clock, figures: figures,
            logger: context.logger("desk"))
        let intake = SuiteEventIntake(
            bus: bus,
            reader: EventReader(
                database: database, settings: .init(consumer: "alerting", types: [SuiteEvent.type], start: .now),
                hooks: hooks, logger: context.logger("events")),
            desk: desk, figures: figures, logger: context.logger("events"))
        let reloader = ConfigurationReloader(configuration, settings: settings, context: context) {
            try await desk.reload($0)
        }
        AlertmanagerAPI(
            desk: desk, figures: figures, health: context.health, reloader: reloader, clock: context.clock,
            startedAt: context.clock.now()
        ).add(to: api)
        services = [bus].compactMap { $0 } + [delivery, desk, intake, reloader]
    }
}
