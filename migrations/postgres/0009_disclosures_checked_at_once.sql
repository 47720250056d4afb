-- That each disclosure belongs to a record of the log is checked once per statement instead of once per row. The foreign
-- key looked up and locked the record for every single disclosure, which cost more than writing both. Positions have no
-- gaps and records are never deleted, so that a position is a record's exactly when it lies below the size of the log.

ALTER TABLE disclosure DROP CONSTRAINT disclosure_position_fkey;

CREATE FUNCTION check_disclosed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_least    BIGINT;
    v_greatest BIGINT;
BEGIN
    SELECT min(position), max(position) INTO v_least, v_greatest FROM added;
    IF v_least < 0 OR v_greatest > (SELECT coalesce(max(position), -1) FROM public.record) THEN
        RAISE EXCEPTION 'a disclosure at position %, where the log has no record', v_greatest
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION check_disclosed() IS 'Trigger that refuses disclosures of positions beyond the end of the log.';
REVOKE ALL ON FUNCTION check_disclosed FROM PUBLIC;

-- After the statement, which may append the records too. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER of_a_record AFTER INSERT ON disclosure
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_disclosed();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER of_a_record;
COMMENT ON TABLE disclosure IS 'Personal and confidential values the records commit to. Can be erased; the log still verifies.';
COMMENT ON COLUMN disclosure.position IS 'The record it belongs to: below the size of the log, by trigger.';
