-- Rows that have served their time go, in small batches, through these functions alone: no role may delete from the tables
-- themselves. Each function has a floor of its own, so that no caller can remove what is still at work.
CREATE INDEX events_at ON events (at);
CREATE INDEX consumed_events_at ON consumed_events (at);
CREATE INDEX dead_letters_at ON dead_letters (at);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX orders_decision ON orders (decision_id) WHERE decision_id IS NOT NULL;

-- An event goes when every consumer has read past it.
CREATE FUNCTION remove_old_events(keep interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT e.xid, e.seq FROM events AS e
        WHERE e.at < now() - greatest(keep, interval '1 day')
            AND NOT EXISTS (SELECT 1 FROM cursors AS c WHERE (c.xid, c.seq) < (e.xid, e.seq))
        LIMIT most),
    gone AS (DELETE FROM events AS e USING old WHERE e.xid = old.xid AND e.seq = old.seq RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- That an event took effect is known for as long as the event is there to be read again.
CREATE FUNCTION remove_old_consumed_events(keep interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT c.consumer, c.event_id FROM consumed_events AS c
        WHERE c.at < now() - greatest(keep, interval '1 day')
            AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.id = c.event_id)
        LIMIT most),
    gone AS (
        DELETE FROM consumed_events AS c USING old
        WHERE c.consumer = old.consumer AND c.event_id = old.event_id RETURNING 1)
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION remove_old_dead_letters(keep interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM dead_letters WHERE id IN (
            SELECT id FROM dead_letters WHERE at < now() - greatest(keep, interval '1 day') LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- What led to an order is kept as long as the order, which is for ever. Signals of the last seven days without a decision
-- are decided about, so no decision goes before that.
CREATE FUNCTION remove_old_decisions(keep interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT d.id FROM decisions AS d
        WHERE d.at < now() - greatest(keep, interval '8 days')
            AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.decision_id = d.id)
        LIMIT most),
    gone AS (DELETE FROM decisions AS d USING old WHERE d.id = old.id RETURNING 1)
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION remove_old_signals(keep interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT s.id FROM signals AS s
        WHERE s.at < now() - greatest(keep, interval '8 days')
            AND NOT EXISTS (SELECT 1 FROM decisions AS d WHERE d.signal_id = s.id)
        LIMIT most),
    gone AS (DELETE FROM signals AS s USING old WHERE s.id = old.id RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- Of each goal the last figures of a UTC day stay.
CREATE FUNCTION remove_old_goal_progress(keep interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT h.goal_id, h.at FROM goal_progress_history AS h
        WHERE h.at < now() - greatest(keep, interval '1 day')
            AND EXISTS (
                SELECT 1 FROM goal_progress_history AS later
                WHERE later.goal_id = h.goal_id AND later.at > h.at
                    AND later.at < (date_trunc('day', h.at AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC')
        LIMIT most),
    gone AS (
        DELETE FROM goal_progress_history AS h USING old WHERE h.goal_id = old.goal_id AND h.at = old.at RETURNING 1)
    SELECT count(*) FROM gone
$$;

REVOKE EXECUTE ON FUNCTION remove_old_events, remove_old_consumed_events, remove_old_dead_letters, remove_old_decisions,
    remove_old_signals, remove_old_goal_progress FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_old_events, remove_old_consumed_events, remove_old_dead_letters TO market_data;
GRANT EXECUTE ON FUNCTION remove_old_decisions, remove_old_signals, remove_old_goal_progress TO risk_manager;
