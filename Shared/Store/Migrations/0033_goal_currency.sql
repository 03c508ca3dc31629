-- A goal stated in another currency than its account's: what was stated, and at which rate it was converted into `target`.
ALTER TABLE financial_goals
    ADD COLUMN currency text NOT NULL DEFAULT '',
    ADD COLUMN stated_target numeric(38, 8),
    ADD COLUMN rate numeric(20, 8) NOT NULL DEFAULT 1;
