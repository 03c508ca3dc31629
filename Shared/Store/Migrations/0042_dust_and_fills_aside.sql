-- Why what is held cannot be sold: too small for the venue's rules. Empty while it can.
ALTER TABLE positions ADD COLUMN unsellable text NOT NULL DEFAULT '';

-- A fill that the books cannot take, as the venue told of it, and what became of it. While one is open its account takes no
-- new risk.
CREATE TABLE fills_set_aside (
    account text NOT NULL REFERENCES accounts, symbol text NOT NULL, venue_trade_id text NOT NULL, order_id text NOT NULL,
    quantity numeric(28, 8) NOT NULL, body jsonb NOT NULL, reason text NOT NULL, attempts integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL DEFAULT now(), tried_at timestamptz NOT NULL DEFAULT now(),
    -- Booked after all, or given up by somebody who has put the difference right by hand.
    settlement text CHECK (settlement IN ('booked', 'dismissed')),
    settled_at timestamptz, settled_by text NOT NULL DEFAULT '', settled_because text NOT NULL DEFAULT '',
    CHECK ((settlement IS NULL) = (settled_at IS NULL)),
    PRIMARY KEY (account, symbol, venue_trade_id));
CREATE INDEX fills_set_aside_open ON fills_set_aside (account) WHERE settlement IS NULL;
CREATE INDEX fills_set_aside_order ON fills_set_aside (order_id);
GRANT SELECT ON fills_set_aside TO market_data, strategy, risk_manager, execution, alerting, operator;
GRANT INSERT ON fills_set_aside TO execution;
GRANT UPDATE (reason, attempts, tried_at, settlement, settled_at, settled_by, settled_because) ON fills_set_aside
    TO execution;

-- A fee in an asset that the fill does not price, such as BNB: what was taken, and the sum of it by asset. It comes out of what
-- the owner holds of that asset, not out of the account's cash.
ALTER TABLE fills ADD COLUMN fee_asset text, ADD COLUMN fee_amount numeric(38, 8),
    ADD CHECK ((fee_asset IS NULL) = (fee_amount IS NULL));
CREATE TABLE account_fees (
    account text NOT NULL REFERENCES accounts, asset text NOT NULL, amount numeric(38, 8) NOT NULL,
    PRIMARY KEY (account, asset));
CREATE INDEX fills_foreign_fees ON fills (account, fee_asset) WHERE fee_asset IS NOT NULL;
GRANT SELECT ON account_fees TO market_data, strategy, risk_manager, execution, alerting, operator;
GRANT INSERT, UPDATE ON account_fees TO execution;

-- Orders that were to close a position and were refused: nobody gives them up silently.
CREATE INDEX orders_refused_leaving ON orders (account, symbol)
    WHERE purpose IN ('exit', 'flatten') AND state = 'rejected';
