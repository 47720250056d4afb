-- How many calls there are is kept beside them: counting them each time the numbers for operators were asked for took longer
-- the more there were.

CREATE TABLE call_count (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    calls BIGINT NOT NULL CHECK (calls >= 0)
);
COMMENT ON TABLE  call_count IS 'How many rows call_view has; one row, kept by triggers.';
COMMENT ON COLUMN call_count.one IS 'Always 1.';
COMMENT ON COLUMN call_count.calls IS 'How many.';

INSERT INTO call_count (one, calls) SELECT 1, count(*) FROM call_view;

CREATE FUNCTION count_calls() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed CONSTANT BIGINT := (SELECT count(*) FROM changed_rows);
BEGIN
    -- Most batches bring no new call: they leave the row alone.
    IF changed > 0 THEN
        UPDATE public.call_count SET calls = calls + CASE TG_OP WHEN 'INSERT' THEN changed ELSE -changed END;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION count_calls() IS 'Trigger that keeps call_count. It works as the owner, so that nobody else needs to write there.';
REVOKE ALL ON FUNCTION count_calls FROM PUBLIC;

-- Once per statement. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER counted_insert AFTER INSERT ON call_view
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION count_calls();
ALTER TABLE call_view ENABLE ALWAYS TRIGGER counted_insert;
CREATE TRIGGER counted_delete AFTER DELETE ON call_view
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION count_calls();
ALTER TABLE call_view ENABLE ALWAYS TRIGGER counted_delete;

CREATE FUNCTION grant_call_count() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    GRANT SELECT ON public.call_count TO ahadi_service;
END
$$;
COMMENT ON FUNCTION grant_call_count() IS 'Gives the role ahadi_service what this migration added. For the owner of the tables.';
REVOKE ALL ON FUNCTION grant_call_count FROM PUBLIC;
