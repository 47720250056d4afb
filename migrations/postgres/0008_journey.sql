-- The journey of a call: what came again is kept, and calls without an end are found.

-- Facts that were told again. Like the inbox this is no view: a repetition leads to no record, so it cannot be computed
-- from the log.
CREATE TABLE repeat (
    input       UUID     NOT NULL,
    ordinal     BIGINT   NOT NULL CHECK (ordinal >= 0),
    received_at BIGINT   NOT NULL,
    stream      TEXT COLLATE "C" NOT NULL,
    version     BIGINT   CHECK (version >= 1),
    kind        TEXT COLLATE "C" NOT NULL,
    occurred_at BIGINT,
    flags       SMALLINT NOT NULL CHECK (flags BETWEEN 0 AND 3),
    PRIMARY KEY (input, ordinal)
);
CREATE INDEX repeat_stream ON repeat (stream, received_at, input, ordinal);
COMMENT ON TABLE  repeat IS 'Facts of webhooks that were told before, told again. Not derivable from the log.';
COMMENT ON COLUMN repeat.input IS 'Input id, given at the door.';
COMMENT ON COLUMN repeat.ordinal IS 'Place of the fact in its webhook, from 0.';
COMMENT ON COLUMN repeat.received_at IS 'When the door took it.';
COMMENT ON COLUMN repeat.stream IS 'The stream on which the fact stands.';
COMMENT ON COLUMN repeat.version IS 'Version of the record on that stream that discloses this very body; null where the body stands elsewhere or was erased.';
COMMENT ON COLUMN repeat.kind IS 'Type of record the fact was the first time, such as call.ended.';
COMMENT ON COLUMN repeat.occurred_at IS 'Time the provider gave; null where it gave none.';
COMMENT ON COLUMN repeat.flags IS 'Sum of 1: the sender proved who it is; 2: its signature was made too long ago.';

-- Calls that may lack their end: few at any time.
CREATE INDEX call_view_open ON call_view (stream) WHERE progress NOT IN ('ended', 'silent');
COMMENT ON COLUMN call_view.progress IS 'How far it came: started, ringing, answered, ended and so on; silent for one without an end that is not looked for any more.';

CREATE FUNCTION grant_journey() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    GRANT SELECT, INSERT ON public.repeat TO ahadi_service;
END
$$;
COMMENT ON FUNCTION grant_journey() IS 'Gives the role ahadi_service what this migration added. For the owner of the tables.';
REVOKE ALL ON FUNCTION grant_journey FROM PUBLIC;
