-- Finding a person without keeping the number, and forgetting one.

-- From persons to the records whose private values name them. Made from these values and a key that is not in the
-- database; can be made again.
CREATE TABLE person (
    token    BLOB    NOT NULL CHECK (length(token) = 32),  -- HMAC-SHA-256 of the telephone number under the key of the installation
    position INTEGER NOT NULL REFERENCES record (position), -- a record one of whose disclosures holds the number
    PRIMARY KEY (token, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_position ON person (position);

-- Which key the table person was made with: at most one row.
CREATE TABLE person_key (
    id     INTEGER PRIMARY KEY CHECK (id = 1),            -- always 1, so that there is one row only
    digest BLOB    NOT NULL CHECK (length(digest) = 32)   -- a value that only this key gives; tells nothing about it
) STRICT;

-- What an erasure leaves to be deleted outside the database. Recordings go when it is completed, inputs when no journal
-- can hold them any longer.
CREATE TABLE erasure_work (
    erasure   TEXT    NOT NULL,                           -- stream of the erasure
    kind      TEXT    NOT NULL CHECK (kind IN ('input', 'recording')), -- input or recording
    what      TEXT    NOT NULL,                           -- id of the input, or SHA-256 of the recording in hex
    source    TEXT,                                       -- journal or stream an input was found in; null where it was not found
    position  INTEGER CHECK (position >= 1),              -- its position there
    erased_at INTEGER NOT NULL,                           -- recorded_at of the erasure
    PRIMARY KEY (erasure, kind, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_work_erased ON erasure_work (erased_at);
