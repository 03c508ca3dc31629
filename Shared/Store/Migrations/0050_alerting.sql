-- What alerting needs to go on after a restart.
ALTER TABLE alerts ADD COLUMN end_is_timeout boolean NOT NULL DEFAULT false;
ALTER TABLE alerts ADD COLUMN kind text NOT NULL DEFAULT 'condition' CHECK (kind IN ('condition', 'event'));

-- What each destination was last told of each group: sets of fingerprints.
CREATE TABLE notification_log (
    group_key text NOT NULL, destination text NOT NULL, firing jsonb NOT NULL, resolved jsonb NOT NULL,
    told_at timestamptz NOT NULL, PRIMARY KEY (group_key, destination));
GRANT SELECT ON notification_log TO market_data, strategy, risk_manager, execution, alerting, operator;
GRANT INSERT, UPDATE, DELETE ON notification_log TO alerting;
