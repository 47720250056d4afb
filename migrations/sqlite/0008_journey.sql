-- The journey of a call: what came again is kept, and calls without an end are found.

-- Facts that were told again. Like the inbox this is no view: a repetition leads to no record, so it cannot be computed
-- from the log.
CREATE TABLE repeat (
    -- Input id, given at the door.
    input BLOB NOT NULL CHECK (length(input) = 16),
    -- Place of the fact in its webhook, from 0.
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    -- When the door took it.
    received_at INTEGER NOT NULL,
    -- The stream on which the fact stands.
    stream TEXT NOT NULL,
    -- Version of the record on that stream that discloses this very body; null where the body stands elsewhere or was
    -- erased.
    version INTEGER CHECK (version >= 1),
    -- Type of record the fact was the first time, such as call.ended.
    kind TEXT NOT NULL,
    -- Time the provider gave; null where it gave none.
    occurred_at INTEGER,
    -- Sum of 1: the sender proved who it is; 2: its signature was made too long ago.
    flags INTEGER NOT NULL CHECK (flags BETWEEN 0 AND 3),
    PRIMARY KEY (input, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX repeat_stream ON repeat (stream, received_at, input, ordinal);

-- Calls that may lack their end: few at any time. The view's progress says silent for one that is not looked for any more.
CREATE INDEX call_view_open ON call_view (stream) WHERE progress NOT IN ('ended', 'silent');
