-- Indexes that cost the writer more than they serve a reader. Ids of calls are random, so each index over them costs a page of
-- its own for almost every row, and after every checkpoint an image of that page in the write-ahead log.

-- A call is found by its stream, whose name is made of the provider and the id.
DROP INDEX call_view_call;
-- The stream of a contract is named after its id, which is the primary key.
ALTER TABLE contract_view DROP CONSTRAINT contract_view_stream_key;

-- Keys are long and looked up as a whole, never in order: their hashes do, in half the space and time. What was seen is a set;
-- the one writer, who asks first, adds nothing twice, and it would do no harm.
ALTER TABLE seen DROP CONSTRAINT seen_pkey;
CREATE INDEX seen_key ON seen USING hash (key);

-- The same check as before, without keeping a copy of the rows for it: the last disclosure is found by its index.
DROP TRIGGER of_a_record ON disclosure;
ALTER TABLE disclosure ADD CONSTRAINT disclosure_position_check CHECK (position >= 0);
CREATE OR REPLACE FUNCTION check_disclosed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_greatest BIGINT;
BEGIN
    SELECT max(position) INTO v_greatest FROM public.disclosure;
    IF v_greatest > (SELECT coalesce(max(position), -1) FROM public.record) THEN
        RAISE EXCEPTION 'a disclosure at position %, where the log has no record', v_greatest
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
-- After the statement, which may append the records too. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER of_a_record AFTER INSERT ON disclosure FOR EACH STATEMENT EXECUTE FUNCTION check_disclosed();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER of_a_record;
