-- The journal's own file. Version 1 (pragma user_version).

-- One row: who this file is, and running totals so that limits need no counting.
CREATE TABLE IF NOT EXISTS journal (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    identity    TEXT    NOT NULL,  -- random, made with the file
    entries     INTEGER NOT NULL,  -- rows in entry
    bytes       INTEGER NOT NULL,  -- sum of their payload lengths
    relayed     INTEGER NOT NULL,  -- rows in relayed
    relay_floor INTEGER NOT NULL   -- every position up to this one has been relayed
) STRICT;

-- AUTOINCREMENT: a position is never given twice, not even after everything was pruned.
CREATE TABLE IF NOT EXISTS entry (
    position       INTEGER PRIMARY KEY AUTOINCREMENT,
    id             BLOB    NOT NULL CHECK (length(id) = 16),
    source         TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    received_at_ms INTEGER NOT NULL,
    payload        BLOB    NOT NULL
) STRICT;

-- Streams entries were published to; a stream made anew under the same name is another one.
CREATE TABLE IF NOT EXISTS stream (
    id          INTEGER PRIMARY KEY,
    incarnation TEXT NOT NULL UNIQUE
) STRICT;

-- Beside `entry`, not in it: marking a row must not rewrite its payload.
CREATE TABLE IF NOT EXISTS relayed (
    position INTEGER PRIMARY KEY,
    stream   INTEGER NOT NULL REFERENCES stream (id),
    sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS relayed_by_sequence ON relayed (stream, sequence);
