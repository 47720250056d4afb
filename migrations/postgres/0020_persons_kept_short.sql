-- The index of persons takes less space, and a record is no longer locked for each of its rows. Nothing here is signed or belongs
-- to the log.

-- The foreign key looked up and locked the record for every row. Positions have no gaps and records are never deleted, so that
-- a position is a record's exactly when it lies below the size of the log: that is asked once per statement, below.
ALTER TABLE person DROP CONSTRAINT person_position_fkey;

-- 128 bits of the token: among 10^9 persons, that any two share them has a probability of some 10^-21, and nobody can look for
-- such a pair without the key. UUID is the type of sixteen bytes that needs no length before them.
ALTER TABLE person DROP CONSTRAINT person_pkey;
ALTER TABLE person DROP CONSTRAINT person_token_check;
DROP INDEX person_position;
ALTER TABLE person ALTER COLUMN token TYPE UUID USING encode(substring(token FOR 16), 'hex')::uuid;

-- Rows come in the order of the log, so that this index grows at its end and its pages are full. The other one keeps a token
-- once for all its rows on a page.
ALTER TABLE person ADD PRIMARY KEY (position, token);
CREATE INDEX person_token ON person (token);
ALTER TABLE person ADD CONSTRAINT person_position_check CHECK (position >= 0);
COMMENT ON COLUMN person.token IS 'The first 16 bytes of the HMAC-SHA-256 of the telephone number under the key of the installation.';
COMMENT ON COLUMN person.position IS 'A record one of whose disclosures holds the number: below the size of the log, by trigger.';

CREATE FUNCTION check_indexed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_greatest BIGINT;
BEGIN
    SELECT max(position) INTO v_greatest FROM public.person;
    IF v_greatest > (SELECT coalesce(max(position), -1) FROM public.record) THEN
        RAISE EXCEPTION 'a person at position %, where the log has no record', v_greatest
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION check_indexed() IS 'Trigger that refuses rows for positions beyond the end of the log.';
REVOKE ALL ON FUNCTION check_indexed FROM PUBLIC;

-- After the statement, which may append the records too. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER of_a_record AFTER INSERT ON person FOR EACH STATEMENT EXECUTE FUNCTION check_indexed();
ALTER TABLE person ENABLE ALWAYS TRIGGER of_a_record;
