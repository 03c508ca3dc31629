package import ServiceKit
package import Store

extension DatabaseSettings {
    /// - `database.host` (text), `database.port` (number), `database.name` (text), `database.password_file` (secret, `{role}` is
    ///   replaced), `database.pool_size` (1 … 20, default 4).
    ///
    /// - Parameter poolSize: instead of the setting.
    package init(_ reader: SettingsReader, role: DatabaseRole, poolSize: Int? = nil) {
        let role = role.rawValue
        self.init(
            host: reader.string("database.host"), port: reader.integer("database.port", in: 1...65_535),
            database: reader.string("database.name"), user: role,
            password: reader.secret("database.password_file", placeholders: ["role": role]).reveal(),
            poolSize: poolSize ?? reader.integer("database.pool_size", in: 1...20, default: 4), applicationName: role)
    }
}

extension StoreHooks {
    /// Counts into the service's metrics and tells its health whether Postgres is there.
    ///
    /// - Parameter required: whether the service is not ready without Postgres.
    package init(_ context: ServiceContext, required: Bool = true) {
        self.init()
        let metrics = context.metrics
        let dependency = context.health.dependency("postgres", required: required)
        let seconds = metrics.histogram(
            "plimsoll_query_seconds", "How long the database took for what was asked in one round trip.")
        let pool = ["idle", "busy", "waiting"].map {
            metrics.gauge(
                "plimsoll_pool_connections", "Connections of the pool, and callers who wait.", labels: ["state": $0])
        }
        queryFinished = { seconds.observe($0) }
        poolChanged = { idle, busy, waiting in
            for (gauge, value) in zip(pool, [idle, busy, waiting]) { gauge.set(value) }
        }
        failed = { code in
            metrics.counter(
                "plimsoll_store_errors_total", "What the database did not do.", labels: ["kind": "\(code)"]
            ).increment()
        }
        reachable = { trouble in
            if let trouble { dependency.down(trouble) } else { dependency.up() }
        }
    }

    /// Tells too how far readers of events are behind, and what they could not apply.
    package mutating func countEvents(in metrics: Metrics) {
        consumerLag = { consumer, events, seconds in
            metrics.gauge(
                "plimsoll_event_lag", "Events that a consumer has not read.", labels: ["consumer": consumer]
            ).set(events)
            metrics.gauge(
                "plimsoll_event_lag_seconds", "Age of the oldest event that a consumer has not read.",
                labels: ["consumer": consumer]
            ).set(seconds)
        }
        deadLettered = { consumer in
            metrics.counter(
                "plimsoll_dead_letters_total", "Events that could not be applied.", labels: ["consumer": consumer]
            ).increment()
        }
        let horizon = metrics.gauge(
            "plimsoll_transaction_horizon_age_seconds", "How long the oldest transaction has held readers back.")
        horizonAge = { horizon.set($0) }
    }
}
