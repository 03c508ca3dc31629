-- How far each group that people were told of has escalated; a group has one row, that of its last incident. What steps told
-- is written in the transaction that moves the incident on, so that no step is lost or taken twice. `changed` and `writer`
-- as in the other books of alerting.
CREATE TABLE escalations (
    group_key text PRIMARY KEY,
    incident jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    -- Null: it is open.
    closed_at timestamptz,
    changed xid8 NOT NULL DEFAULT pg_current_xact_id(), writer text NOT NULL DEFAULT '');
CREATE INDEX escalations_changed ON escalations (changed);
GRANT INSERT, UPDATE, DELETE ON escalations TO alerting;
GRANT SELECT ON escalations TO alerting, operator;
