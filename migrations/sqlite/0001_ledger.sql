-- The tables of one ledger. Times are milliseconds since 1970 UTC, hashes are 32 bytes of SHA-256, JSON and JWS are
-- text so that signed bytes stay the bytes they are. What guards these tables stands in 0002.

-- ---------------------------------------------------------------------------------------------- the log

-- Which ledger this database holds: one row, written once, compared at every start.
CREATE TABLE ledger_info (
    -- Always 1, so that there is one row only.
    id INTEGER PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    -- Name of the log as it stands in every record and checkpoint.
    origin TEXT NOT NULL CHECK (origin <> ''),
    -- When the ledger was made, by the clock of the database.
    created_at INTEGER NOT NULL
) STRICT;

-- The log: signed records, append-only.
CREATE TABLE record (
    -- Place in the log, 0-based and gapless: the index of its Merkle leaf.
    position INTEGER PRIMARY KEY CHECK (position >= 0),
    -- Name of the stream it belongs to, such as contract/AGRI-2026-000001.
    stream TEXT NOT NULL,
    -- Place in its stream, 1-based and gapless.
    version INTEGER NOT NULL CHECK (version >= 1),
    -- Record id (UUIDv8), derived from the input it came from.
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    -- Record type, such as contract.drafted.
    kind TEXT NOT NULL,
    -- recorded_at of the payload.
    recorded_at INTEGER NOT NULL,
    -- Payload hash of the version before; null at version 1 only.
    prev BLOB CHECK (length(prev) = 32),
    -- SHA-256 of the payload bytes.
    payload_sha256 BLOB NOT NULL CHECK (length(payload_sha256) = 32),
    -- Leaf of the log (RFC 6962 section 2.1): SHA-256 of a zero byte and jws.
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    -- An entry of a C2SP entry bundle stands behind a 16 bit length.
    -- The record itself: compact JWS (RFC 7515).
    jws TEXT NOT NULL CHECK (octet_length(jws) BETWEEN 1 AND 65535),
    UNIQUE (stream, version),
    CHECK ((version = 1) = (prev IS NULL))
) STRICT;

-- Hashes of the tiles above the leaves (C2SP tlog-tiles), append-only: one for each full tile of the level below.
CREATE TABLE tree_node (
    -- Level of the tile that holds this hash, from 1.
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 7),
    -- Place within the level, from 0: root of the full tile (level - 1, idx).
    idx INTEGER NOT NULL CHECK (idx >= 0),
    -- The hash.
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Signed tree heads as published, append-only.
CREATE TABLE checkpoint (
    -- Number of records it covers.
    size INTEGER PRIMARY KEY CHECK (size >= 0),
    -- Merkle root of that many records.
    root BLOB NOT NULL CHECK (length(root) = 32),
    -- The signed note (C2SP tlog-checkpoint).
    note TEXT NOT NULL,
    -- When it was signed.
    signed_at INTEGER NOT NULL
) STRICT;

-- ---------------------------------------------------------------------------------------------- beside the log

-- Personal and confidential values the records commit to. Can be erased; the log still verifies.
CREATE TABLE disclosure (
    -- The record it belongs to.
    position INTEGER NOT NULL REFERENCES record (position),
    -- Order within the record, from 0.
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    -- 0: opens a commitment of the record; 1: of the document the record discloses.
    scope INTEGER NOT NULL CHECK (scope IN (0, 1)),
    -- base64url SHA-256 of encoded, as it stands in _sd.
    digest TEXT NOT NULL,
    -- The disclosure (RFC 9901): base64url of salt, name and value.
    encoded TEXT NOT NULL,
    PRIMARY KEY (position, ordinal)
) STRICT;

-- What became of each input, so that none is handled twice.
CREATE TABLE inbox (
    -- Input id, given at the door.
    input BLOB PRIMARY KEY CHECK (length(input) = 16),
    -- When the door took it.
    received_at INTEGER NOT NULL,
    -- Outcome as JSON; holds no personal value.
    outcome TEXT NOT NULL,
    -- The raw entry of an input that could not be handled; null for all others.
    quarantined BLOB
) STRICT;
CREATE INDEX inbox_quarantined ON inbox (received_at, input) WHERE quarantined IS NOT NULL;

-- What providers and callers have told us before, for ever.
CREATE TABLE seen (
    -- Dedupe key of a fact.
    key TEXT NOT NULL,
    -- Digest of what came under the key; a second one is a conflict that was put on the log.
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (key, digest)
) STRICT, WITHOUT ROWID;

-- How far each journal or input stream has been read; moves with the records it led to.
CREATE TABLE source_position (
    -- Which journal or stream, and which incarnation of it.
    source TEXT PRIMARY KEY,
    -- Position of the last input read.
    position INTEGER NOT NULL CHECK (position >= 0)
) STRICT, WITHOUT ROWID;

-- Who may append: one row. Every append compares its fence.
CREATE TABLE lease (
    -- Always 1, so that there is one row only.
    id INTEGER PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    -- Name of the holder; empty before the first and after a release.
    owner TEXT NOT NULL,
    -- Grows with every change of holder.
    fence INTEGER NOT NULL CHECK (fence >= 0),
    -- When another may take it, by the clock of the database.
    expires_at INTEGER NOT NULL
) STRICT;
INSERT INTO lease (owner, fence, expires_at) VALUES ('', 0, 0);

-- How far each follower of the log has come.
CREATE TABLE cursor (
    -- Name of the follower.
    follower TEXT PRIMARY KEY,
    -- Position of the next record it will handle.
    position INTEGER NOT NULL CHECK (position >= 0)
) STRICT, WITHOUT ROWID;

-- Keys of the interface. The secret is not stored.
CREATE TABLE api_key (
    -- Public part of the key.
    id TEXT PRIMARY KEY,
    -- SHA-256 of the secret part, which is random and long.
    secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
    -- What it may do, separated by spaces.
    scopes TEXT NOT NULL,
    -- Name given by the operator.
    label TEXT NOT NULL,
    -- When it was made.
    created_at INTEGER NOT NULL,
    -- When it stops working; null for never.
    expires_at INTEGER,
    -- When it was withdrawn; null when it was not.
    revoked_at INTEGER
) STRICT;

-- ---------------------------------------------------------------------------------------------- views of the log

-- View: newest version and folded state of each stream.
CREATE TABLE stream_head (
    -- Name of the stream.
    stream TEXT PRIMARY KEY,
    -- Version of its newest record.
    version INTEGER NOT NULL CHECK (version >= 1),
    -- Payload hash of its newest record.
    head BLOB NOT NULL CHECK (length(head) = 32),
    -- When its newest record was recorded.
    recorded_at INTEGER NOT NULL,
    -- Folded state as JSON; holds opened personal values.
    state TEXT NOT NULL
) STRICT;

-- View: the columns by which contracts are listed and found.
CREATE TABLE contract_view (
    -- Contract id, such as AGRI-2026-000001.
    contract_id TEXT PRIMARY KEY,
    -- Its stream.
    stream TEXT NOT NULL UNIQUE,
    -- pending, confirmed and so on.
    status TEXT NOT NULL,
    -- agricultural_supply and so on.
    contract_type TEXT NOT NULL,
    -- When it was drafted.
    created_at INTEGER NOT NULL,
    -- SHA-256 of contract.json.
    document_sha256 BLOB NOT NULL CHECK (length(document_sha256) = 32)
) STRICT;
CREATE INDEX contract_view_created ON contract_view (created_at DESC, contract_id DESC);
CREATE INDEX contract_view_status ON contract_view (status, created_at DESC, contract_id DESC);
CREATE INDEX contract_view_type ON contract_view (contract_type, created_at DESC, contract_id DESC);
CREATE INDEX contract_view_document ON contract_view (document_sha256);

-- View: the columns by which calls are found.
CREATE TABLE call_view (
    -- Its stream.
    stream TEXT PRIMARY KEY,
    -- Word for the provider.
    provider TEXT NOT NULL,
    -- Id the provider gave the call.
    call_id TEXT NOT NULL,
    -- How far it came: started, ringing, answered, ended and so on.
    progress TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_view_call ON call_view (provider, call_id);

-- View: from keys to the streams they concern.
CREATE TABLE link (
    -- Kind of key: phone, call, message, code and so on.
    space TEXT NOT NULL,
    -- The key.
    key TEXT NOT NULL,
    -- A stream it leads to.
    stream TEXT NOT NULL,
    PRIMARY KEY (space, key, stream)
) STRICT, WITHOUT ROWID;

-- View: what is still to be done outside.
CREATE TABLE task (
    -- Stream it stands on.
    stream TEXT NOT NULL,
    -- Number of the task on that stream, from 1.
    task INTEGER NOT NULL CHECK (task >= 1),
    -- message or recording.
    kind TEXT NOT NULL,
    -- How many attempts were made.
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    -- Not to be tried before.
    not_before INTEGER NOT NULL,
    PRIMARY KEY (stream, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_due ON task (not_before, stream, task);

-- View: last numbers given out.
CREATE TABLE counter (
    -- What is counted, such as contract/AGRI-2026.
    name TEXT PRIMARY KEY,
    -- Last number given out.
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;
