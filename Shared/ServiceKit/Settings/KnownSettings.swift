/// Every setting of the suite, so that a service can tell a misspelt key from another service's. `[]` stands for each item
/// of a list. The Tidy tests hold this list, config/plimsoll.yaml and docs/settings.md together.
package enum KnownSettings {
    /// All keys.
    package static let patterns: Set<String> = [
        "accept_dangerous",
        "log.level", "log.modules",
        "services.market_data", "services.strategy", "services.risk_manager", "services.execution", "services.alerting",
        "services.exchange_sim",
        "http.host", "http.names", "http.shutdown_limit",
        "database.host", "database.port", "database.name", "database.password_file", "database.pool_size",
        "retention.interval", "retention.events", "retention.dead_letters", "retention.decisions",
        "retention.goal_progress",
        "redis.host", "redis.port", "redis.password_file",
        "exchange.name", "exchange.rest_url", "exchange.websocket_url", "exchange.symbols", "exchange.weight_limit",
        "market_data.port", "market_data.stale_after", "market_data.price_jump_limit", "market_data.backfill",
        "market_data.future_limit", "market_data.candle_retention",
        "strategy.port", "strategy.instances", "strategy.upkeep_interval",
        "strategy.instances[].id", "strategy.instances[].kind", "strategy.instances[].timeframe",
        "strategy.instances[].symbols", "strategy.instances[].parameters",
        "risk.port", "risk.risk_per_trade", "risk.entry_expiry", "risk.stale_price_after", "risk.goal_boost",
        "risk.limits.position", "risk.limits.gross_exposure", "risk.limits.open_positions", "risk.limits.daily_loss",
        "risk.limits.drawdown", "risk.limits.monthly_drawdown", "risk.limits.monthly_drawdown_near_goal",
        "risk.reserve_margin", "risk.on_breach",
        "risk.goal_factors", "risk.goal_factors[].from", "risk.goal_factors[].factor",
        "risk.goal_preservation.from", "risk.goal_preservation.to", "risk.goal_preservation.factor",
        "rates", "rates[].from", "rates[].to", "rates[].rate",
        "accounts", "accounts[].id", "accounts[].venue", "accounts[].currency", "accounts[].deposit",
        "accounts[].strategies", "accounts[].risk_per_trade", "accounts[].on_breach",
        "accounts[].limits.position", "accounts[].limits.gross_exposure", "accounts[].limits.open_positions",
        "accounts[].limits.daily_loss", "accounts[].limits.drawdown", "accounts[].limits.monthly_drawdown",
        "accounts[].limits.monthly_drawdown_near_goal",
        "accounts[].api_key_file", "accounts[].api_secret_file",
        "execution.port", "execution.state_folder", "execution.request_timeout", "execution.receive_window",
        "execution.poll_interval", "execution.price_sanity", "execution.order_notional_cap",
        "execution.paper.latency", "execution.paper.fee", "execution.paper.slippage",
        "alerting.port", "alerting.config_file", "alerting.spool_folder", "alerting.external_url",
        "alerting.allow_private_receivers", "alerting.heartbeat_url_file", "alerting.heartbeat_every",
        "alerting.page_keys_file", "alerting.prometheus_url",
        "alerting.events_expire_after",
        "alerting.keep_alerts",
        "alerting.keep_notifications",
        "alerting.channels.slack.per_minute", "alerting.channels.slack.burst",
        "alerting.channels.slack.expires_after", "alerting.channels.slack.storm_limit",
        "alerting.channels.telegram.per_minute", "alerting.channels.telegram.burst",
        "alerting.channels.telegram.expires_after", "alerting.channels.telegram.storm_limit",
        "alerting.channels.email.per_minute", "alerting.channels.email.burst",
        "alerting.channels.email.expires_after", "alerting.channels.email.storm_limit",
        "alerting.channels.webhook.per_minute", "alerting.channels.webhook.burst",
        "alerting.channels.webhook.expires_after", "alerting.channels.webhook.storm_limit",
        "exchange_sim.port", "exchange_sim.mode", "exchange_sim.seed", "exchange_sim.speed", "exchange_sim.symbols",
        "exchange_sim.trades_per_second", "exchange_sim.history", "exchange_sim.recordings", "exchange_sim.start_ms",
        "exchange_sim.deposit", "exchange_sim.api_key_file", "exchange_sim.api_secret_file", "exchange_sim.maker_fee",
        "exchange_sim.taker_fee", "exchange_sim.commission", "exchange_sim.weight_limit", "exchange_sim.state_file",
    ]

    /// Maps whose keys are defined by whoever reads them.
    package static let openMaps: Set<String> = [
        "strategy.instances[].parameters", "log.modules", "market_data.candle_retention",
    ]

    /// Environment variables that are not settings.
    package static let otherVariablePrefixes = [
        "PLIMSOLL_TEST_", "PLIMSOLL_OPS_", "PLIMSOLL_VAR", "PLIMSOLL_ACCEPTANCE_", "PLIMSOLL_PROMETHEUS_URL",
        "PLIMSOLL_DASHBOARDS",
    ]
}
