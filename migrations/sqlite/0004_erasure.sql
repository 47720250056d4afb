-- Finding a person without keeping the number, and forgetting one.

-- From persons to the records whose private values name them. Made from these values and a key that is not in the
-- database; can be made again.
CREATE TABLE person (
    -- HMAC-SHA-256 of the telephone number under the key of the installation
    token    BLOB    NOT NULL CHECK (length(token) = 32),
    -- a record one of whose disclosures holds the number
    position INTEGER NOT NULL REFERENCES record (position),
    PRIMARY KEY (token, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_position ON person (position);

-- Which key the table person was made with: at most one row.
CREATE TABLE person_key (
    -- always 1, so that there is one row only
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    -- a value that only this key gives; tells nothing about it
    digest BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- What an erasure leaves to be deleted outside the database. Recordings go when it is completed, inputs when no journal
-- can hold them any longer.
CREATE TABLE erasure_work (
    -- stream of the erasure
    erasure   TEXT    NOT NULL,
    -- input or recording
    kind      TEXT    NOT NULL CHECK (kind IN ('input', 'recording')),
    -- id of the input, or SHA-256 of the recording in hex
    what      TEXT    NOT NULL,
    -- journal or stream an input was found in; null where it was not found
    source    TEXT,
    -- its position there
    position  INTEGER CHECK (position >= 1),
    -- recorded_at of the erasure
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (erasure, kind, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_work_erased ON erasure_work (erased_at);
