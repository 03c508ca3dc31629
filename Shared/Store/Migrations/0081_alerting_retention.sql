-- What people did is removed when it is old, by these functions alone; each has a floor of its own. A word on an alert counts
-- for 30 days.
CREATE FUNCTION remove_old_acknowledgements(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM acknowledgements WHERE at < now() - greatest(keep, interval '31 days') RETURNING 1)
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION remove_old_alerting_audit(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (DELETE FROM alerting_audit WHERE at < now() - greatest(keep, interval '31 days') RETURNING 1)
    SELECT count(*) FROM gone
$$;
CREATE INDEX alerting_audit_at ON alerting_audit (at);
CREATE INDEX acknowledgements_at ON acknowledgements (at);
REVOKE ALL ON FUNCTION remove_old_acknowledgements(interval), remove_old_alerting_audit(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_old_acknowledgements(interval), remove_old_alerting_audit(interval) TO alerting;
