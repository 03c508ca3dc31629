import ServiceKit
import ServiceLifecycle
import Store
import Wiring

/// Puts the service together from its settings.
struct Build {
    let services: [any Service]

    init(_ context: ServiceContext) { self.init(context, StrategySettings(context.reader)) }

    init(_ context: ServiceContext, _ settings: StrategySettings) {
        let shared = Infrastructure(context, role: .strategy)
        let records = StrategyRecords(shared.database)
        let service = StrategyService(
            settings, records: records, bus: shared.bus, figures: StrategyFigures(context.metrics, settings.instances),
            health: context.health, clock: context.clock, logger: context.logger)
        services = [shared.bus, shared.heartbeat, service, shared.watch]
    }
}
