import Bus
import ServiceKit
import Store

extension BusSettings {
    /// - `redis.host` (text, required), `redis.port` (number, required), `redis.password_file` (secret, optional).
    init(_ reader: SettingsReader) {
        self.init(
            host: reader.string("redis.host"), port: Int32(reader.integer("redis.port", in: 1...65_535)),
            password: reader.optionalSecret("redis.password_file")?.reveal())
    }
}

extension BusHooks {
    /// Counts into the service's metrics and tells its health whether Redis is there.
    init(_ context: ServiceContext) {
        let metrics = context.metrics
        let dependency = context.health.dependency("redis", required: false)
        let connected = metrics.gauge("plimsoll_bus_connected", "1 while both connections to Redis stand.")
        let published = metrics.counter("plimsoll_bus_published_total", "Messages that Redis took.")
        let received = metrics.counter("plimsoll_bus_messages_total", "Messages that arrived for a subscription.")
        self.init(
            connected: { isConnected in
                connected.set(isConnected)
                if isConnected { dependency.up() } else { dependency.down("no connection to Redis") }
            },
            published: { published.increment(by: Double($0)) },
            dropped: { reason, count in
                metrics.counter(
                    "plimsoll_bus_dropped_total", "Messages that did not leave or were not read.",
                    labels: ["reason": reason.rawValue]
                ).increment(by: Double(count))
            },
            received: { received.increment(by: Double($0)) },
            refused: { kind, reason in
                metrics.counter(
                    "plimsoll_messages_refused_total", "Messages that are not what their channel carries.",
                    labels: ["channel_kind": kind, "reason": reason]
                ).increment()
            })
    }
}

extension DatabaseSettings {
    /// - `database.host` (text), `database.port` (number), `database.name` (text), `database.password_file` (secret, `{role}` is
    ///   replaced), `database.pool_size` (1 … 20, default 4).
    init(_ reader: SettingsReader, role: String) {
        self.init(
            host: reader.string("database.host"), port: reader.integer("database.port", in: 1...65_535),
            database: reader.string("database.name"), user: role,
            password: reader.secret("database.password_file", placeholders: ["role": role]).reveal(),
            poolSize: reader.integer("database.pool_size", in: 1...20, default: 4), applicationName: role)
    }
}

extension StoreHooks {
    /// Counts into the service's metrics and tells its health whether Postgres is there.
    init(_ context: ServiceContext) {
        self.init()
        let metrics = context.metrics
        let dependency = context.health.dependency("postgres", required: false)
        let seconds = metrics.histogram("plimsoll_query_seconds", "How long the database took for a statement.")
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
}
