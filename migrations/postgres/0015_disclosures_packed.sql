-- The disclosures of a record stand in one row. About three belong to each, and as rows of their own they took as much for row
-- headers, index entries and digests, which can be computed, as for what they hold.

CREATE TABLE packed (
    position BIGINT NOT NULL CHECK (position >= 0),
    opened   TEXT   NOT NULL CHECK (opened <> '')
);
INSERT INTO packed (position, opened)
SELECT position,
       string_agg(
           ordinal || CASE scope WHEN 0 THEN 'r' ELSE 'd' END
               || convert_from(
                      decode(rpad(translate(encoded, '-_', '+/'), (length(encoded) + 3) / 4 * 4, '='), 'base64'),
                      'UTF8'),
           E'\n' ORDER BY ordinal)
FROM disclosure GROUP BY position ORDER BY position;

DROP TABLE disclosure;
ALTER TABLE packed RENAME TO disclosure;
ALTER TABLE disclosure RENAME CONSTRAINT packed_position_check TO disclosure_position_check;
ALTER TABLE disclosure RENAME CONSTRAINT packed_opened_check TO disclosure_opened_check;
ALTER TABLE disclosure ADD PRIMARY KEY (position);
COMMENT ON TABLE  disclosure IS 'Personal and confidential values the records commit to. Can be erased; the log still verifies.';
COMMENT ON COLUMN disclosure.position IS 'The record they belong to: below the size of the log, by trigger.';
COMMENT ON COLUMN disclosure.opened IS 'The disclosures (RFC 9901), a line each: order within the record, r where it opens a commitment of the record or d of the document the record discloses, and the JSON array of salt, name and value.';

-- A row may go, and come again with fewer lines, but not change. ALWAYS: a session that plays a replica skips ordinary triggers.
CREATE TRIGGER no_change BEFORE UPDATE OR TRUNCATE ON disclosure EXECUTE FUNCTION refuse_change();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER no_change;
-- After the statement, which may append the records too.
CREATE TRIGGER of_a_record AFTER INSERT ON disclosure FOR EACH STATEMENT EXECUTE FUNCTION check_disclosed();
ALTER TABLE disclosure ENABLE ALWAYS TRIGGER of_a_record;

-- It is a new table: what the service may do with it is said anew.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ahadi_service') THEN
        PERFORM public.grant_service();
    END IF;
END
$$;
