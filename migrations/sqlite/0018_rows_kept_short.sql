-- Rows say once what they say. Nothing here is signed or belongs to the log.

-- The stream of a call is named after its provider and its id.
ALTER TABLE call_view DROP COLUMN provider;
ALTER TABLE call_view DROP COLUMN call_id;

-- What an input was recorded as stands in the log already. Where it says no more than that, inbox.outcome is position+count of
-- the records; rows from before keep their JSON. Keys of seen stay as they are here: rows lie in their order, those of one call
-- beside each other.
