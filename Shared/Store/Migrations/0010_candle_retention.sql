-- Candles that are older than their timeframe is kept go, as 0004 says: a batch at a time, through this function alone. They
-- are counted back from the market's newest one, in exchange time; a day is the floor.
CREATE FUNCTION remove_old_candles(market text, width text, keep_ns bigint, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT c.open_ns, c.revision FROM candles AS c
        WHERE c.symbol = market AND c.timeframe = width AND c.open_ns < (
            SELECT max(open_ns) FROM candles WHERE symbol = market AND timeframe = width)
            - greatest(keep_ns, 86400000000000)
        ORDER BY c.open_ns LIMIT most),
    gone AS (
        DELETE FROM candles AS c USING old
        WHERE c.symbol = market AND c.timeframe = width AND c.open_ns = old.open_ns AND c.revision = old.revision
        RETURNING 1)
    SELECT count(*) FROM gone
$$;

REVOKE EXECUTE ON FUNCTION remove_old_candles FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_old_candles TO market_data;
