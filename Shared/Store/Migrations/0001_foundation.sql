-- The books of the suite. Wall time is timestamptz, exchange time is bigint nanoseconds since the epoch (…_ns).
-- Money, prices and quantities are numeric with eight decimals, exactly what the services compute with.

-- What happened, in the transaction in which it happened. Read in (xid, seq) order below the oldest running transaction.
CREATE TABLE events (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    key_sequence bigint NOT NULL,
    correlation text NOT NULL,
    causation text NOT NULL DEFAULT '',
    channel text NOT NULL,
    body jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_cursor ON events (xid, seq);
CREATE INDEX events_id ON events (id);
CREATE INDEX events_key ON events (key, key_sequence);

-- The last sequence number handed out for each key.
CREATE TABLE event_keys (key text PRIMARY KEY, last_sequence bigint NOT NULL);

-- How far a consumer has read.
CREATE TABLE cursors (
    consumer text PRIMARY KEY, xid xid8 NOT NULL, seq bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());

-- Which events took effect, written in the transaction of the effect.
CREATE TABLE consumed_events (
    consumer text NOT NULL, event_id text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (consumer, event_id));

-- The last sequence number of each key that took effect: what is missing before an event is read before it.
CREATE TABLE consumer_keys (
    consumer text NOT NULL, key text NOT NULL, last_sequence bigint NOT NULL, PRIMARY KEY (consumer, key));

-- What could not be applied after retries.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, consumer text NOT NULL, event_id text NOT NULL, body jsonb NOT NULL,
    error text NOT NULL, at timestamptz NOT NULL DEFAULT now());

-- One writer at a time: an expiry and a fencing token that only grows.
CREATE TABLE leases (
    name text PRIMARY KEY, holder text NOT NULL, token bigint NOT NULL, expires_at timestamptz NOT NULL);

CREATE TABLE accounts (
    id text PRIMARY KEY,
    currency text NOT NULL,
    venue text NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'stopped')),
    cash numeric(38, 8) NOT NULL DEFAULT 0,
    deposits numeric(38, 8) NOT NULL DEFAULT 0,
    withdrawals numeric(38, 8) NOT NULL DEFAULT 0,
    realised numeric(38, 8) NOT NULL DEFAULT 0,
    fees numeric(38, 8) NOT NULL DEFAULT 0,
    -- Of equity less net deposits, so that money moved in or out is neither profit nor drawdown.
    peak_profit numeric(38, 8) NOT NULL DEFAULT 0,
    day date,
    day_start_profit numeric(38, 8) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE account_transfers (
    id text PRIMARY KEY, account text NOT NULL REFERENCES accounts, kind text NOT NULL CHECK (kind IN ('deposit', 'withdrawal')),
    amount numeric(38, 8) NOT NULL CHECK (amount > 0), note text NOT NULL DEFAULT '', at timestamptz NOT NULL DEFAULT now());

CREATE TABLE positions (
    account text NOT NULL REFERENCES accounts,
    symbol text NOT NULL,
    -- Derived from the order that opened it; a new one each time the quantity leaves zero.
    id text NOT NULL,
    quantity numeric(28, 8) NOT NULL CHECK (quantity >= 0),
    cost numeric(38, 8) NOT NULL,
    strategy text NOT NULL DEFAULT '',
    stop numeric(28, 8),
    target numeric(28, 8),
    opened_ns bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, symbol));

CREATE TABLE strategy_instances (
    id text PRIMARY KEY, kind text NOT NULL, symbol text NOT NULL, timeframe text NOT NULL, parameters jsonb NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped')), state_reason text NOT NULL DEFAULT '',
    last_close_ns bigint NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE strategy_performance (
    strategy text NOT NULL, account text NOT NULL, trades bigint NOT NULL DEFAULT 0, wins bigint NOT NULL DEFAULT 0,
    net_profit numeric(38, 8) NOT NULL DEFAULT 0, fees numeric(38, 8) NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (strategy, account));

CREATE TABLE signals (
    id text PRIMARY KEY, strategy text NOT NULL, symbol text NOT NULL, timeframe text NOT NULL, candle_close_ns bigint NOT NULL,
    action text NOT NULL CHECK (action IN ('enter', 'exit')), price numeric(28, 8) NOT NULL, stop numeric(28, 8),
    target numeric(28, 8), confidence numeric(10, 8) NOT NULL, reasons jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now());

CREATE TABLE decisions (
    id text PRIMARY KEY, signal_id text, account text NOT NULL REFERENCES accounts,
    outcome text NOT NULL CHECK (outcome IN ('approved', 'refused')),
    code text NOT NULL, reason text NOT NULL, inputs jsonb NOT NULL, decided_ns bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now());
CREATE INDEX decisions_signal ON decisions (signal_id);

CREATE TABLE orders (
    -- The client order id at the venue.
    id text PRIMARY KEY CHECK (length(id) <= 36),
    decision_id text REFERENCES decisions,
    account text NOT NULL REFERENCES accounts,
    symbol text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    type text NOT NULL CHECK (type IN ('market', 'limit', 'stop', 'take_profit')),
    purpose text NOT NULL CHECK (purpose IN ('entry', 'exit', 'stop_loss', 'take_profit', 'flatten')),
    reduce_only boolean NOT NULL GENERATED ALWAYS AS (purpose <> 'entry') STORED,
    quantity numeric(28, 8) NOT NULL CHECK (quantity > 0),
    limit_price numeric(28, 8),
    trigger_price numeric(28, 8),
    protective_stop numeric(28, 8),
    protective_target numeric(28, 8),
    strategy text NOT NULL DEFAULT '',
    reason text NOT NULL,
    correlation text NOT NULL,
    state text NOT NULL DEFAULT 'approved' CHECK (state IN (
        'approved', 'submitting', 'open', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired')),
    state_reason text NOT NULL DEFAULT '',
    -- Money held back from other entries until the order is terminal.
    reserved numeric(38, 8) NOT NULL DEFAULT 0,
    filled_quantity numeric(28, 8) NOT NULL DEFAULT 0,
    venue_order_id text,
    -- The position that a protective order guards, and the fencing token of the claim.
    position_id text,
    claim_token bigint,
    decided_ns bigint NOT NULL,
    expires_ns bigint,
    submitted_at timestamptz,
    -- Until when the venue may still accept the request that was sent last.
    valid_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX orders_live ON orders (account, state) WHERE state IN ('approved', 'submitting', 'open', 'partially_filled');
CREATE INDEX orders_correlation ON orders (correlation);

CREATE TABLE fills (
    account text NOT NULL REFERENCES accounts, symbol text NOT NULL, venue_trade_id text NOT NULL,
    order_id text NOT NULL REFERENCES orders, side text NOT NULL CHECK (side IN ('buy', 'sell')),
    price numeric(28, 8) NOT NULL CHECK (price > 0), quantity numeric(28, 8) NOT NULL CHECK (quantity > 0),
    fee numeric(38, 8) NOT NULL, fee_in_base numeric(28, 8) NOT NULL DEFAULT 0, maker boolean NOT NULL,
    filled_ns bigint NOT NULL, booked bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, symbol, venue_trade_id));
CREATE INDEX fills_order ON fills (order_id);

-- Round trips: a position from its first fill to zero.
CREATE TABLE trades (
    id text PRIMARY KEY, account text NOT NULL REFERENCES accounts, symbol text NOT NULL, strategy text NOT NULL,
    quantity numeric(28, 8) NOT NULL, entry_price numeric(28, 8) NOT NULL, exit_price numeric(28, 8) NOT NULL,
    opened_ns bigint NOT NULL, closed_ns bigint NOT NULL, realised numeric(38, 8) NOT NULL, fees numeric(38, 8) NOT NULL,
    reason text NOT NULL, at timestamptz NOT NULL DEFAULT now());

CREATE TABLE candles (
    symbol text NOT NULL, timeframe text NOT NULL, open_ns bigint NOT NULL, revision integer NOT NULL DEFAULT 0,
    open numeric(28, 8) NOT NULL, high numeric(28, 8) NOT NULL, low numeric(28, 8) NOT NULL, close numeric(28, 8) NOT NULL,
    volume numeric(28, 8) NOT NULL, trades bigint NOT NULL, source text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (symbol, timeframe, open_ns, revision)) PARTITION BY RANGE (open_ns);
CREATE TABLE candles_default PARTITION OF candles DEFAULT;

-- Stretches for which the exchange has no trades to give.
CREATE TABLE candle_gaps (
    symbol text NOT NULL, from_ns bigint NOT NULL, to_ns bigint NOT NULL, reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (symbol, from_ns));

CREATE TABLE financial_goals (
    id text PRIMARY KEY, owner text NOT NULL, account text NOT NULL REFERENCES accounts,
    kind text NOT NULL CHECK (kind IN ('monthly_return', 'monthly_income', 'portfolio_value')),
    target numeric(38, 8) NOT NULL CHECK (target > 0), start_equity numeric(38, 8) NOT NULL,
    start_ns bigint NOT NULL, deadline_ns bigint NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'reached', 'missed', 'withdrawn')),
    created_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE goal_progress_history (
    goal_id text NOT NULL REFERENCES financial_goals, at timestamptz NOT NULL DEFAULT now(),
    progress numeric(20, 8) NOT NULL, equity numeric(38, 8) NOT NULL, net_deposits numeric(38, 8) NOT NULL,
    PRIMARY KEY (goal_id, at));

CREATE TABLE goal_adjustment_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, goal_id text NOT NULL REFERENCES financial_goals,
    changed_by text NOT NULL, change text NOT NULL, old_value text, new_value text, at timestamptz NOT NULL DEFAULT now());

CREATE TABLE control_audit (
    id text PRIMARY KEY, account text NOT NULL REFERENCES accounts, action text NOT NULL, old_state text NOT NULL,
    new_state text NOT NULL, flatten boolean NOT NULL, changed_by text NOT NULL, reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now());

CREATE TABLE alerts (
    fingerprint text PRIMARY KEY, labels jsonb NOT NULL, annotations jsonb NOT NULL, starts_at timestamptz NOT NULL,
    ends_at timestamptz, generator_url text NOT NULL DEFAULT '', updated_at timestamptz NOT NULL DEFAULT now());

-- One row for each thing to be told on one channel; attempts are in notification_attempts.
CREATE TABLE notifications (
    id text PRIMARY KEY, group_key text NOT NULL, receiver text NOT NULL, status text NOT NULL, subject text NOT NULL,
    body jsonb NOT NULL, state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'failed', 'superseded')),
    attempts integer NOT NULL DEFAULT 0, next_attempt_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(), delivered_at timestamptz);
CREATE INDEX notifications_due ON notifications (receiver, next_attempt_at) WHERE state = 'queued';

CREATE TABLE notification_attempts (
    notification_id text NOT NULL, attempt integer NOT NULL, ok boolean NOT NULL, answer text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (notification_id, attempt));

CREATE TABLE silences (
    id text PRIMARY KEY, matchers jsonb NOT NULL, starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    created_by text NOT NULL, comment text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
