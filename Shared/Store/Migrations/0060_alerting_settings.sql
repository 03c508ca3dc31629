-- What was set on alerting's page: each version holds all of it, so that any two can be compared. Going back to an earlier
-- one makes a new one. Never changed.
CREATE TABLE alerting_settings (
    version bigint PRIMARY KEY CHECK (version > 0),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by_whom text NOT NULL,
    comment text NOT NULL DEFAULT '',
    -- Thresholds of Prometheus' rules by name, as decimal text; the others are as the rules say.
    thresholds jsonb NOT NULL DEFAULT '{}',
    -- The version whose contents this one has again.
    restores bigint REFERENCES alerting_settings);
GRANT SELECT, INSERT ON alerting_settings TO alerting;
GRANT SELECT ON alerting_settings TO operator;

-- The last success and the last trouble of each destination.
CREATE INDEX delivery_log_delivered ON delivery_log (destination, at) WHERE result = 'delivered';
CREATE INDEX delivery_log_trouble ON delivery_log (destination, at)
    WHERE result IN ('retry', 'failed', 'unknown', 'expired', 'dropped');
