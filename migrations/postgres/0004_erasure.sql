-- Finding a person without keeping the number, and forgetting one.

CREATE TABLE person (
    token    BYTEA  NOT NULL CHECK (octet_length(token) = 32),
    position BIGINT NOT NULL REFERENCES record (position),
    PRIMARY KEY (token, position)
);
CREATE INDEX person_position ON person (position);
COMMENT ON TABLE  person IS 'From persons to the records whose private values name them. Made from these values and a key that is not in the database; can be made again.';
COMMENT ON COLUMN person.token IS 'HMAC-SHA-256 of the telephone number under the key of the installation.';
COMMENT ON COLUMN person.position IS 'A record one of whose disclosures holds the number.';

CREATE TABLE person_key (
    id       SMALLINT PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    digest   BYTEA    NOT NULL CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE  person_key IS 'Which key the table person was made with: at most one row.';
COMMENT ON COLUMN person_key.id IS 'Always 1, so that there is one row only.';
COMMENT ON COLUMN person_key.digest IS 'A value that only this key gives; tells nothing about it.';

CREATE TABLE erasure_work (
    erasure   TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL CHECK (kind IN ('input', 'recording')),
    what      TEXT COLLATE "C" NOT NULL,
    source    TEXT,
    position  BIGINT CHECK (position >= 1),
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (erasure, kind, what)
);
CREATE INDEX erasure_work_erased ON erasure_work (erased_at);
COMMENT ON TABLE  erasure_work IS 'What an erasure leaves to be deleted outside the database. Recordings go when it is completed, inputs when no journal can hold them any longer.';
COMMENT ON COLUMN erasure_work.erasure IS 'Stream of the erasure.';
COMMENT ON COLUMN erasure_work.kind IS 'input or recording.';
COMMENT ON COLUMN erasure_work.what IS 'Id of the input, or SHA-256 of the recording in hex.';
COMMENT ON COLUMN erasure_work.source IS 'Journal or stream an input was found in; null where it was not found.';
COMMENT ON COLUMN erasure_work.position IS 'Its position there.';
COMMENT ON COLUMN erasure_work.erased_at IS 'recorded_at of the erasure.';

-- What the service may do is extended, whatever it was before.
ALTER FUNCTION grant_service() RENAME TO grant_service_before_erasure;
CREATE FUNCTION grant_service() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.grant_service_before_erasure();
    GRANT SELECT, INSERT, DELETE ON public.person, public.erasure_work TO ahadi_service;
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.person_key TO ahadi_service;
    GRANT UPDATE (quarantined) ON public.inbox TO ahadi_service;
END
$$;
COMMENT ON FUNCTION grant_service() IS 'Gives the role ahadi_service what the service needs, and no more. For the owner of the tables.';
REVOKE ALL ON FUNCTION grant_service FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ahadi_service') THEN
        PERFORM public.grant_service();
    END IF;
END
$$;
