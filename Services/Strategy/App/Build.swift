import Bus
import ServiceKit
import ServiceLifecycle
import Store

/// Puts the service together from its settings.
struct Build {
    let services: [any Service]

    init(_ context: ServiceContext) { self.init(context, StrategySettings(context.reader)) }

    init(_ context: ServiceContext, _ settings: StrategySettings) {
        let bus = Bus(BusSettings(context.reader), logger: context.logger("bus"), hooks: BusHooks(context))
        let database = Database(
            settings: DatabaseSettings(context.reader, role: "strategy"), hooks: StoreHooks(context),
            ring: { bus.publish($0.bytes, on: $0.channel) })
        let records = StrategyRecords(database)
        let service = StrategyService(
            settings, records: records, bus: bus, figures: StrategyFigures(context.metrics, settings.instances),
            health: context.health, clock: context.clock, logger: context.logger)
        services = [bus, service]
    }
}
