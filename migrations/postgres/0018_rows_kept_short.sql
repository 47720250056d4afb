-- Rows say once what they say. Nothing here is signed or belongs to the log.

-- The stream of a call is named after its provider and its id.
ALTER TABLE call_view DROP COLUMN provider;
ALTER TABLE call_view DROP COLUMN call_id;

-- What an input was recorded as stands in the log already: where it says no more than that, where it stands is enough.
-- Rows from before keep their JSON.
COMMENT ON COLUMN inbox.outcome IS 'Outcome as JSON; holds no personal value. Position+count where it was recorded and no more is to be said: the records stand there.';

-- Keys are looked up as a whole and never shown: a part of their hash does. 160 bits of it: to find two keys that are taken for
-- one would take some 2^80 tries.
ALTER TABLE seen ALTER COLUMN key TYPE BYTEA USING substring(sha256(convert_to(key, 'UTF8')) FOR 20);
ALTER TABLE seen ADD CHECK (octet_length(key) = 20);
COMMENT ON COLUMN seen.key IS 'The first 20 bytes of the SHA-256 of the dedupe key of a fact.';
