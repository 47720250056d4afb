-- The disclosures of a record stand in one row, as on Postgres: as rows of their own they took as much room for keys, lengths
-- and digests, which can be computed, as a record may have.

-- Personal and confidential values the records commit to. Can be erased; the log still verifies.
CREATE TABLE packed (
    -- The record they belong to.
    position INTEGER PRIMARY KEY REFERENCES record (position),
    -- The disclosures (RFC 9901), a line each: order within the record, r where it opens a commitment of the record or d of
    -- the document the record discloses, and the JSON array of salt, name and value, or = and its base64url.
    opened TEXT NOT NULL CHECK (opened <> '')
) STRICT;

-- No function here reads base64url: what is there stays so, behind =.
INSERT INTO packed (position, opened)
SELECT position,
       group_concat(
           ordinal || CASE scope WHEN 0 THEN 'r' ELSE 'd' END || '=' || encoded,
           char(10) ORDER BY ordinal)
FROM disclosure GROUP BY position ORDER BY position;

DROP TABLE disclosure;
ALTER TABLE packed RENAME TO disclosure;

-- A row may go, and come again with fewer lines, but not change.
CREATE TRIGGER disclosure_no_update BEFORE UPDATE ON disclosure
BEGIN SELECT RAISE(ABORT, 'append-only: table disclosure: UPDATE is refused'); END;
CREATE TRIGGER disclosure_once BEFORE INSERT ON disclosure
WHEN EXISTS (SELECT 1 FROM disclosure WHERE position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'conflict: the disclosures of this record are there'); END;
