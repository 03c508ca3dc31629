-- What each service may do. The roles are made by `plimsoll migrate`, which also gives them their passwords.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO market_data, strategy, risk_manager, execution, alerting, operator;

ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT ON TABLES TO market_data, strategy, risk_manager, execution, alerting, operator;

GRANT INSERT ON events TO market_data, strategy, risk_manager, execution, operator;
GRANT INSERT, UPDATE ON event_keys TO market_data, strategy, risk_manager, execution, operator;
GRANT INSERT, UPDATE ON cursors, consumer_keys, leases TO market_data, strategy, risk_manager, execution, alerting, operator;
GRANT INSERT ON consumed_events, dead_letters TO market_data, strategy, risk_manager, execution, alerting;

GRANT INSERT, UPDATE ON candles, candle_gaps TO market_data;
GRANT INSERT, UPDATE ON strategy_instances TO strategy;

GRANT INSERT ON signals, decisions TO risk_manager;
GRANT INSERT, UPDATE ON accounts, account_transfers, financial_goals, goal_progress_history TO risk_manager;
GRANT INSERT ON goal_adjustment_log, control_audit TO risk_manager;
GRANT INSERT ON orders TO risk_manager;
GRANT UPDATE (state, state_reason, reserved, updated_at) ON orders TO risk_manager;

GRANT INSERT, UPDATE ON orders, fills, positions, trades, strategy_performance TO execution;
GRANT UPDATE (cash, realised, fees) ON accounts TO execution;

GRANT INSERT, UPDATE, DELETE ON alerts, notifications, silences TO alerting;
GRANT INSERT ON notification_attempts TO alerting;

-- An approval cannot be forged: only risk-manager books an order that takes risk; execution books what only reduces it.
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY orders_read ON orders FOR SELECT USING (true);
CREATE POLICY orders_by_risk ON orders FOR INSERT TO risk_manager WITH CHECK (true);
CREATE POLICY orders_by_execution ON orders FOR INSERT TO execution WITH CHECK (reduce_only);
CREATE POLICY orders_progress ON orders FOR UPDATE TO risk_manager, execution USING (true) WITH CHECK (true);
