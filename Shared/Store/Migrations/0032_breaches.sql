-- A limit on losses that was reached: it refuses entries until its day or month is over, or until the owner accepts the loss.
CREATE TABLE limit_breaches (
    id text PRIMARY KEY, account text NOT NULL REFERENCES accounts,
    limit_name text NOT NULL CHECK (limit_name IN ('daily_loss', 'drawdown', 'monthly_drawdown')),
    loss numeric(20, 8) NOT NULL, allowed numeric(20, 8) NOT NULL, since_ns bigint NOT NULL,
    action text NOT NULL CHECK (action IN ('refuse', 'halve', 'close')), reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz, ended_by text, end_reason text);
CREATE UNIQUE INDEX limit_breaches_open ON limit_breaches (account, limit_name) WHERE ended_at IS NULL;
GRANT INSERT ON limit_breaches TO risk_manager;
GRANT UPDATE (ended_at, ended_by, end_reason) ON limit_breaches TO risk_manager;

-- The last whole minute of exchange time at which the losses of an account were looked at.
ALTER TABLE accounts ADD COLUMN observed_ns bigint;
CREATE INDEX fills_time ON fills (account, filled_ns);

-- What an order held back when it was approved: its reservation ends with the order, and a decision about the moment before its
-- fill counts it again.
ALTER TABLE orders ADD COLUMN approved_reserve numeric(38, 8) NOT NULL DEFAULT 0;
