package import Bus
package import ServiceKit
package import Store

/// The bus and the database of a service, made from its settings and measured into its metrics and health.
///
/// An event that a transaction appends to the outbox is rung on the bus after the commit.
package struct Infrastructure: Sendable {
    package let bus: Bus
    package let database: Database
    /// Run it beside the bus: alerting hears when it stops.
    package let heartbeat: Heartbeat
    /// What the database tells; for readers of events too.
    package let hooks: StoreHooks
    /// Keeps the health of the database true; to be run with the service.
    package let watch: DatabaseWatch

    /// Reads the settings of the bus and the database, so that their faults are noted.
    package static func read(_ reader: SettingsReader, role: DatabaseRole) {
        _ = BusSettings(reader)
        _ = DatabaseSettings(reader, role: role)
    }

    /// Connects to nothing yet. For the keys see `BusSettings.init(_:)` and `DatabaseSettings.init(_:role:poolSize:)`.
    ///
    /// - Parameters:
    ///   - role: as whom the service logs in.
    ///   - readsEvents: whether the service reads `events`, and tells how far it is behind.
    package init(_ context: ServiceContext, role: DatabaseRole, readsEvents: Bool = false) {
        let bus = Bus(BusSettings(context.reader), logger: context.logger("bus"), hooks: BusHooks(context))
        var hooks = StoreHooks(context)
        if readsEvents { hooks.countEvents(in: context.metrics) }
        self.bus = bus
        heartbeat = Heartbeat(context, bus: bus)
        self.hooks = hooks
        database = Database(
            settings: DatabaseSettings(context.reader, role: role), hooks: hooks,
            ring: { bus.publish($0.bytes, on: $0.channel) })
        watch = DatabaseWatch(database: database)
    }
}
