package import Bus
package import ServiceKit

extension BusSettings {
    /// - `redis.host` (text, required), `redis.port` (number, required), `redis.password_file` (secret, optional).
    package init(_ reader: SettingsReader) {
        self.init(
            host: reader.string("redis.host"), port: Int32(reader.integer("redis.port", in: 1...65_535)),
            password: reader.optionalSecret("redis.password_file")?.reveal())
    }
}

extension BusHooks {
    /// Counts into the service's metrics and tells its health whether Redis is there.
    ///
    /// - Parameter required: whether the service is not ready without Redis.
    package init(_ context: ServiceContext, required: Bool = true) {
        let metrics = context.metrics
        let dependency = context.health.dependency("redis", required: required)
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
            refused: { metrics.messageRefused($0, $1) })
    }
}

extension Metrics {
    /// Counts a message, or a part of one, that is not what its channel carries or cannot be true.
    package func messageRefused(_ kind: String, _ reason: String) {
        counter(
            "plimsoll_messages_refused_total", "Messages that are not what their channel carries.",
            labels: ["channel_kind": kind, "reason": reason]
        ).increment()
    }
}
