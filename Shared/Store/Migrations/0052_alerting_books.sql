-- Several instances of alerting share these books. `changed` is the transaction that changed a row last, so that each can
-- read what became visible since its last look; `writer` spares an instance its own rows.
ALTER TABLE alerts ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE alerts ADD COLUMN writer text NOT NULL DEFAULT '';
-- When it came and went of late.
ALTER TABLE alerts ADD COLUMN flapping jsonb;
CREATE INDEX alerts_changed ON alerts (changed);
CREATE INDEX alerts_ends_at ON alerts (ends_at);

ALTER TABLE silences ADD COLUMN annotations jsonb NOT NULL DEFAULT '{}';
ALTER TABLE silences ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE silences ADD COLUMN writer text NOT NULL DEFAULT '';

ALTER TABLE notification_log ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '5 days';
ALTER TABLE notification_log ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE notification_log ADD COLUMN writer text NOT NULL DEFAULT '';

-- When each group is looked at next, so that a restart goes on where it was.
CREATE TABLE alert_groups (name text PRIMARY KEY, timer jsonb NOT NULL);
GRANT INSERT, UPDATE, DELETE ON alert_groups TO alerting;

-- What a channel can answer to or change later, by group and destination: Slack's ts, Telegram's message id.
CREATE TABLE message_threads (
    group_key text NOT NULL, destination text NOT NULL, place text NOT NULL, message text NOT NULL,
    at timestamptz NOT NULL, PRIMARY KEY (group_key, destination));
GRANT INSERT, UPDATE, DELETE ON message_threads TO alerting;

-- Who took notice of an alert or a group, or took that back; the last row of a subject counts. Never changed.
CREATE TABLE acknowledgements (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('alert', 'group')),
    -- A fingerprint, or a group's key.
    subject text NOT NULL,
    acknowledged boolean NOT NULL,
    by_whom text NOT NULL, through text NOT NULL, comment text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    changed xid8 NOT NULL DEFAULT pg_current_xact_id(), writer text NOT NULL DEFAULT '');
CREATE INDEX acknowledgements_subject ON acknowledgements (subject, at);
CREATE INDEX acknowledgements_changed ON acknowledgements (changed);
GRANT INSERT ON acknowledgements TO alerting;

-- Who did what to alerting itself.
CREATE TABLE alerting_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by_whom text NOT NULL, through text NOT NULL, action text NOT NULL, subject text NOT NULL,
    detail text NOT NULL DEFAULT '');
GRANT INSERT ON alerting_audit TO alerting;

-- The queues: one for each destination (`receiver/kind/number`); until now that was called the receiver.
ALTER TABLE notifications ADD COLUMN destination text NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN channel text NOT NULL DEFAULT '';
UPDATE notifications SET destination = receiver, channel = split_part(receiver, '/', 2),
    receiver = split_part(receiver, '/', 1);
ALTER TABLE notifications ADD COLUMN expires_at timestamptz;
ALTER TABLE notifications ADD COLUMN resend_of text;
-- Of a try nobody knows how it ended: what is sent after it says that it may have arrived before.
ALTER TABLE notifications ADD COLUMN in_doubt boolean NOT NULL DEFAULT false;
-- The pairs of all labels in it, to be searched.
ALTER TABLE notifications ADD COLUMN labels text NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE notifications ADD COLUMN writer text NOT NULL DEFAULT '';
ALTER TABLE notifications DROP CONSTRAINT notifications_state_check;
-- `sending`: a try was begun; if nobody says how it ended, it is made again and marked as repeated.
ALTER TABLE notifications ADD CONSTRAINT notifications_state_check CHECK (state IN (
    'queued', 'sending', 'delivered', 'failed', 'superseded', 'expired', 'dropped', 'summarised'));
DROP INDEX notifications_due;
CREATE INDEX notifications_open ON notifications (destination, created_at) WHERE state IN ('queued', 'sending');
CREATE INDEX notifications_changed ON notifications (changed);
CREATE INDEX notifications_created ON notifications (created_at);

-- The delivery log: one row for each try and each decision not to try. Each row holds the hash of its content and of the
-- row before, so that none can be changed or taken out unseen.
CREATE TABLE delivery_log (
    seq bigint PRIMARY KEY,
    notification_id text NOT NULL,
    attempt integer NOT NULL,
    receiver text NOT NULL,
    destination text NOT NULL,
    channel text NOT NULL,
    result text NOT NULL CHECK (result IN (
        'delivered', 'retry', 'failed', 'unknown', 'superseded', 'expired', 'dropped', 'summarised')),
    answer text NOT NULL,
    subject text NOT NULL,
    labels text NOT NULL,
    -- SHA-256 of what was told, as `notifications.body` holds it.
    told text NOT NULL,
    repeated boolean NOT NULL,
    resend_of text,
    begun_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    UNIQUE (notification_id, attempt));
CREATE INDEX delivery_log_at ON delivery_log (at);

-- The last row of the log, also when it is gone.
CREATE TABLE delivery_chain (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), seq bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO delivery_chain (seq, hash) VALUES (0, '\x');

-- Where the log begins after old rows were removed: the last one removed.
CREATE TABLE delivery_anchors (
    seq bigint PRIMARY KEY, hash bytea NOT NULL, removed bigint NOT NULL, first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());

-- The bytes that a row's hash is made of, after the hash of the row before.
CREATE FUNCTION delivery_content(entry delivery_log) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(jsonb_build_array(
        entry.seq, entry.notification_id, entry.attempt, entry.receiver, entry.destination, entry.channel,
        entry.result, entry.answer, entry.subject, entry.labels, entry.told, entry.repeated, entry.resend_of,
        (extract(epoch FROM entry.begun_at) * 1000000)::bigint, (extract(epoch FROM entry.at) * 1000000)::bigint
        )::text, 'UTF8')
$$;

CREATE FUNCTION chain_delivery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head delivery_chain;
BEGIN
    SELECT * INTO head FROM delivery_chain FOR UPDATE;
    -- What is told twice is one row.
    IF EXISTS (SELECT 1 FROM delivery_log WHERE notification_id = NEW.notification_id AND attempt = NEW.attempt) THEN
        RETURN NULL;
    END IF;
    NEW.seq := head.seq + 1;
    NEW.previous := head.hash;
    NEW.hash := sha256(head.hash || delivery_content(NEW));
    UPDATE delivery_chain SET seq = NEW.seq, hash = NEW.hash;
    RETURN NEW;
END $$;
CREATE TRIGGER chain_delivery BEFORE INSERT ON delivery_log FOR EACH ROW EXECUTE FUNCTION chain_delivery();

-- Removes the oldest rows and remembers where the log begins now. Recent rows are not removed by anybody.
CREATE FUNCTION trim_delivery_log(older_than interval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last bigint;
    gone bigint;
BEGIN
    IF older_than < interval '7 days' THEN
        RAISE EXCEPTION 'the delivery log is kept for at least 7 days' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM 1 FROM delivery_chain FOR UPDATE;
    SELECT coalesce(min(seq), (SELECT max(seq) + 1 FROM delivery_log)) - 1 INTO last
        FROM delivery_log WHERE at >= clock_timestamp() - older_than;
    IF last IS NULL OR NOT EXISTS (SELECT 1 FROM delivery_log WHERE seq <= last) THEN
        RETURN 0;
    END IF;
    INSERT INTO delivery_anchors (seq, hash, removed, first_at, last_at)
        SELECT last, (SELECT hash FROM delivery_log WHERE seq = last), count(*), min(at), max(at)
        FROM delivery_log WHERE seq <= last;
    DELETE FROM delivery_log WHERE seq <= last;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION trim_delivery_log(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trim_delivery_log(interval) TO alerting;
GRANT INSERT ON delivery_log TO alerting;
GRANT SELECT ON alert_groups, message_threads, acknowledgements, alerting_audit, delivery_log, delivery_chain,
    delivery_anchors TO alerting, operator;

-- What was written before the log was a chain becomes its beginning.
INSERT INTO delivery_log (notification_id, attempt, receiver, destination, channel, result, answer, subject, labels, told,
    repeated, begun_at, at)
SELECT a.notification_id, a.attempt, coalesce(n.receiver, ''), coalesce(n.destination, ''), coalesce(n.channel, ''),
    CASE WHEN a.ok THEN 'delivered' WHEN n.state = 'superseded' AND n.attempts = a.attempt THEN 'superseded'
        WHEN n.state = 'failed' AND n.attempts = a.attempt THEN 'failed' ELSE 'retry' END,
    a.answer, coalesce(n.subject, ''), '', coalesce(encode(sha256(convert_to(n.body::text, 'UTF8')), 'hex'), ''),
    false, a.at, a.at
FROM notification_attempts a LEFT JOIN notifications n ON n.id = a.notification_id
ORDER BY a.at, a.notification_id, a.attempt;
DROP TABLE notification_attempts;
