-- The highest profit of the calendar month, for the monthly drawdown.
ALTER TABLE accounts ADD COLUMN month_peak_profit numeric(38, 8) NOT NULL DEFAULT 0;
-- After a stop that closes positions: what opens later is closed too, by orders of the command that asked.
ALTER TABLE accounts
    ADD COLUMN flattening boolean NOT NULL DEFAULT false,
    ADD COLUMN control_id text NOT NULL DEFAULT '';
-- Deposits less withdrawals of the account when the goal began: what moved since is neither progress nor loss.
ALTER TABLE financial_goals ADD COLUMN start_net_deposits numeric(38, 8) NOT NULL DEFAULT 0;
CREATE INDEX signals_at ON signals (at);
CREATE INDEX control_audit_account ON control_audit (account, at);
