-- Execution books what sells, never a purchase under the name of an exit: that would be risk nobody approved.
ALTER POLICY orders_by_execution ON orders WITH CHECK (reduce_only AND side = 'sell');

-- What was filled and what came of it is written once.
REVOKE UPDATE ON fills, trades FROM execution;

-- What is over stays over, and nothing becomes approved by an update: an order that expired cannot be sent after all.
CREATE FUNCTION over_stays_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND (NEW.state = 'approved' OR (OLD.state IN ('filled', 'cancelled', 'rejected', 'expired')
        AND NEW.state NOT IN ('filled', 'cancelled', 'rejected', 'expired'))) THEN
        RAISE EXCEPTION 'order % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER over_stays_over BEFORE UPDATE OF state ON orders FOR EACH ROW EXECUTE FUNCTION over_stays_over();
