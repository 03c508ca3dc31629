-- A position is open until nothing sellable is left of it; dust below the venue's lot stays in quantity and cost.
-- The sums of its round trip become the row in trades; the version counts the exit sets made for it.
ALTER TABLE positions
    ADD COLUMN is_open boolean NOT NULL DEFAULT true,
    ADD COLUMN bought numeric(28, 8) NOT NULL DEFAULT 0,
    ADD COLUMN bought_for numeric(38, 8) NOT NULL DEFAULT 0,
    ADD COLUMN sold numeric(28, 8) NOT NULL DEFAULT 0,
    ADD COLUMN sold_for numeric(38, 8) NOT NULL DEFAULT 0,
    ADD COLUMN realised numeric(38, 8) NOT NULL DEFAULT 0,
    ADD COLUMN fees numeric(38, 8) NOT NULL DEFAULT 0,
    ADD COLUMN exits_version bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN exits_version bigint;
CREATE INDEX orders_position ON orders (position_id) WHERE position_id IS NOT NULL;
