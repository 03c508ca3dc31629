-- Execution moves orders through their life; what was approved it cannot change: not whose, of what, which side or what
-- for, and never to more.
REVOKE UPDATE ON orders FROM execution;
GRANT UPDATE (
    state, state_reason, reserved, quantity, filled_quantity, venue_order_id, position_id, claim_token, submitted_at,
    valid_until, attempts, updated_at) ON orders TO execution;

CREATE FUNCTION entries_only_shrink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.quantity > OLD.quantity AND OLD.purpose = 'entry' THEN
        RAISE EXCEPTION 'an approved entry cannot grow' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_only_shrink BEFORE UPDATE OF quantity ON orders
    FOR EACH ROW EXECUTE FUNCTION entries_only_shrink();

-- What came in and went out is written once.
REVOKE UPDATE ON account_transfers FROM risk_manager;
