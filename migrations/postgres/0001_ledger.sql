-- The tables of one ledger. Times are milliseconds since 1970 UTC, hashes are 32 bytes of SHA-256, JSON and JWS are
-- text so that signed bytes stay the bytes they are. Names compare byte by byte (collation C), as they do in SQLite and
-- whatever the operating system thinks of the alphabet. What guards these tables stands in 0002.

-- ---------------------------------------------------------------------------------------------- the log

CREATE TABLE ledger_info (
    id         SMALLINT PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    origin     TEXT     NOT NULL CHECK (origin <> ''),
    created_at BIGINT   NOT NULL
);
COMMENT ON TABLE  ledger_info IS 'Which ledger this database holds: one row, written once, compared at every start.';
COMMENT ON COLUMN ledger_info.id IS 'Always 1, so that there is one row only.';
COMMENT ON COLUMN ledger_info.origin IS 'Name of the log as it stands in every record and checkpoint.';
COMMENT ON COLUMN ledger_info.created_at IS 'When the ledger was made, by the clock of the database.';

CREATE TABLE record (
    position       BIGINT PRIMARY KEY CHECK (position >= 0),
    stream         TEXT COLLATE "C" NOT NULL,
    version        BIGINT NOT NULL CHECK (version >= 1),
    id             UUID   NOT NULL UNIQUE,
    kind           TEXT COLLATE "C" NOT NULL,
    recorded_at    BIGINT NOT NULL,
    prev           BYTEA  CHECK (octet_length(prev) = 32),
    payload_sha256 BYTEA  NOT NULL CHECK (octet_length(payload_sha256) = 32),
    leaf           BYTEA  NOT NULL CHECK (octet_length(leaf) = 32),
    -- An entry of a C2SP entry bundle stands behind a 16 bit length.
    jws            TEXT   NOT NULL CHECK (octet_length(jws) BETWEEN 1 AND 65535),
    UNIQUE (stream, version),
    CHECK ((version = 1) = (prev IS NULL))
);
COMMENT ON TABLE  record IS 'The log: signed records, append-only.';
COMMENT ON COLUMN record.position IS 'Place in the log, 0-based and gapless: the index of its Merkle leaf.';
COMMENT ON COLUMN record.stream IS 'Name of the stream it belongs to, such as contract/AGRI-2026-000001.';
COMMENT ON COLUMN record.version IS 'Place in its stream, 1-based and gapless.';
COMMENT ON COLUMN record.id IS 'Record id (UUIDv8), derived from the input it came from.';
COMMENT ON COLUMN record.kind IS 'Record type, such as contract.drafted.';
COMMENT ON COLUMN record.recorded_at IS 'recorded_at of the payload.';
COMMENT ON COLUMN record.prev IS 'Payload hash of the version before; null at version 1 only.';
COMMENT ON COLUMN record.payload_sha256 IS 'SHA-256 of the payload bytes.';
COMMENT ON COLUMN record.leaf IS 'Leaf of the log (RFC 6962 section 2.1): SHA-256 of a zero byte and jws.';
COMMENT ON COLUMN record.jws IS 'The record itself: compact JWS (RFC 7515).';

CREATE TABLE tree_node (
    level SMALLINT NOT NULL CHECK (level BETWEEN 1 AND 7),
    idx   BIGINT   NOT NULL CHECK (idx >= 0),
    hash  BYTEA    NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, idx)
);
COMMENT ON TABLE  tree_node IS 'Hashes of the tiles above the leaves (C2SP tlog-tiles), append-only: one for each full tile of the level below.';
COMMENT ON COLUMN tree_node.level IS 'Level of the tile that holds this hash, from 1.';
COMMENT ON COLUMN tree_node.idx IS 'Place within the level, from 0: root of the full tile (level - 1, idx).';
COMMENT ON COLUMN tree_node.hash IS 'The hash.';

CREATE TABLE checkpoint (
    size      BIGINT PRIMARY KEY CHECK (size >= 0),
    root      BYTEA  NOT NULL CHECK (octet_length(root) = 32),
    note      TEXT   NOT NULL,
    signed_at BIGINT NOT NULL
);
COMMENT ON TABLE  checkpoint IS 'Signed tree heads as published, append-only.';
COMMENT ON COLUMN checkpoint.size IS 'Number of records it covers.';
COMMENT ON COLUMN checkpoint.root IS 'Merkle root of that many records.';
COMMENT ON COLUMN checkpoint.note IS 'The signed note (C2SP tlog-checkpoint).';
COMMENT ON COLUMN checkpoint.signed_at IS 'When it was signed.';

-- ---------------------------------------------------------------------------------------------- beside the log

CREATE TABLE disclosure (
    position BIGINT   NOT NULL REFERENCES record (position),
    ordinal  BIGINT   NOT NULL CHECK (ordinal >= 0),
    scope    SMALLINT NOT NULL CHECK (scope IN (0, 1)),
    digest   TEXT     NOT NULL,
    encoded  TEXT     NOT NULL,
    PRIMARY KEY (position, ordinal)
);
COMMENT ON TABLE  disclosure IS 'Personal and confidential values the records commit to. Can be erased; the log still verifies.';
COMMENT ON COLUMN disclosure.position IS 'The record it belongs to.';
COMMENT ON COLUMN disclosure.ordinal IS 'Order within the record, from 0.';
COMMENT ON COLUMN disclosure.scope IS '0: opens a commitment of the record; 1: of the document the record discloses.';
COMMENT ON COLUMN disclosure.digest IS 'base64url SHA-256 of encoded, as it stands in _sd.';
COMMENT ON COLUMN disclosure.encoded IS 'The disclosure (RFC 9901): base64url of salt, name and value.';

CREATE TABLE inbox (
    input       UUID   PRIMARY KEY,
    received_at BIGINT NOT NULL,
    outcome     TEXT   NOT NULL,
    quarantined BYTEA
);
CREATE INDEX inbox_quarantined ON inbox (received_at, input) WHERE quarantined IS NOT NULL;
COMMENT ON TABLE  inbox IS 'What became of each input, so that none is handled twice.';
COMMENT ON COLUMN inbox.input IS 'Input id, given at the door.';
COMMENT ON COLUMN inbox.received_at IS 'When the door took it.';
COMMENT ON COLUMN inbox.outcome IS 'Outcome as JSON; holds no personal value.';
COMMENT ON COLUMN inbox.quarantined IS 'The raw entry of an input that could not be handled; null for all others.';

CREATE TABLE seen (
    key    TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (key, digest)
);
COMMENT ON TABLE  seen IS 'What providers and callers have told us before, for ever.';
COMMENT ON COLUMN seen.key IS 'Dedupe key of a fact.';
COMMENT ON COLUMN seen.digest IS 'Digest of what came under the key; a second one is a conflict that was put on the log.';

CREATE TABLE source_position (
    source   TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL CHECK (position >= 0)
);
COMMENT ON TABLE  source_position IS 'How far each journal or input stream has been read; moves with the records it led to.';
COMMENT ON COLUMN source_position.source IS 'Which journal or stream, and which incarnation of it.';
COMMENT ON COLUMN source_position.position IS 'Position of the last input read.';

CREATE TABLE lease (
    id         SMALLINT PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    owner      TEXT     NOT NULL,
    fence      BIGINT   NOT NULL CHECK (fence >= 0),
    expires_at BIGINT   NOT NULL
);
INSERT INTO lease (owner, fence, expires_at) VALUES ('', 0, 0);
COMMENT ON TABLE  lease IS 'Who may append: one row. Every append compares its fence.';
COMMENT ON COLUMN lease.id IS 'Always 1, so that there is one row only.';
COMMENT ON COLUMN lease.owner IS 'Name of the holder; empty before the first and after a release.';
COMMENT ON COLUMN lease.fence IS 'Grows with every change of holder.';
COMMENT ON COLUMN lease.expires_at IS 'When another may take it, by the clock of the database.';

CREATE TABLE cursor (
    follower TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL CHECK (position >= 0)
);
COMMENT ON TABLE  cursor IS 'How far each follower of the log has come.';
COMMENT ON COLUMN cursor.follower IS 'Name of the follower.';
COMMENT ON COLUMN cursor.position IS 'Position of the next record it will handle.';

CREATE TABLE api_key (
    id            TEXT COLLATE "C" PRIMARY KEY,
    secret_sha256 BYTEA  NOT NULL CHECK (octet_length(secret_sha256) = 32),
    scopes        TEXT   NOT NULL,
    label         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    revoked_at    BIGINT
);
COMMENT ON TABLE  api_key IS 'Keys of the interface. The secret is not stored.';
COMMENT ON COLUMN api_key.id IS 'Public part of the key.';
COMMENT ON COLUMN api_key.secret_sha256 IS 'SHA-256 of the secret part, which is random and long.';
COMMENT ON COLUMN api_key.scopes IS 'What it may do, separated by spaces.';
COMMENT ON COLUMN api_key.label IS 'Name given by the operator.';
COMMENT ON COLUMN api_key.created_at IS 'When it was made.';
COMMENT ON COLUMN api_key.expires_at IS 'When it stops working; null for never.';
COMMENT ON COLUMN api_key.revoked_at IS 'When it was withdrawn; null when it was not.';

-- ---------------------------------------------------------------------------------------------- views of the log

CREATE TABLE stream_head (
    stream      TEXT COLLATE "C" PRIMARY KEY,
    version     BIGINT NOT NULL CHECK (version >= 1),
    head        BYTEA  NOT NULL CHECK (octet_length(head) = 32),
    recorded_at BIGINT NOT NULL,
    state       TEXT   NOT NULL
);
COMMENT ON TABLE  stream_head IS 'View: newest version and folded state of each stream.';
COMMENT ON COLUMN stream_head.stream IS 'Name of the stream.';
COMMENT ON COLUMN stream_head.version IS 'Version of its newest record.';
COMMENT ON COLUMN stream_head.head IS 'Payload hash of its newest record.';
COMMENT ON COLUMN stream_head.recorded_at IS 'When its newest record was recorded.';
COMMENT ON COLUMN stream_head.state IS 'Folded state as JSON; holds opened personal values.';

CREATE TABLE contract_view (
    contract_id     TEXT COLLATE "C" PRIMARY KEY,
    stream          TEXT COLLATE "C" NOT NULL UNIQUE,
    status          TEXT COLLATE "C" NOT NULL,
    contract_type   TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    document_sha256 BYTEA  NOT NULL CHECK (octet_length(document_sha256) = 32)
);
CREATE INDEX contract_view_created ON contract_view (created_at DESC, contract_id DESC);
CREATE INDEX contract_view_status ON contract_view (status, created_at DESC, contract_id DESC);
CREATE INDEX contract_view_type ON contract_view (contract_type, created_at DESC, contract_id DESC);
CREATE INDEX contract_view_document ON contract_view (document_sha256);
COMMENT ON TABLE  contract_view IS 'View: the columns by which contracts are listed and found.';
COMMENT ON COLUMN contract_view.contract_id IS 'Contract id, such as AGRI-2026-000001.';
COMMENT ON COLUMN contract_view.stream IS 'Its stream.';
COMMENT ON COLUMN contract_view.status IS 'pending, confirmed and so on.';
COMMENT ON COLUMN contract_view.contract_type IS 'agricultural_supply and so on.';
COMMENT ON COLUMN contract_view.created_at IS 'When it was drafted.';
COMMENT ON COLUMN contract_view.document_sha256 IS 'SHA-256 of contract.json.';

CREATE TABLE call_view (
    stream   TEXT COLLATE "C" PRIMARY KEY,
    provider TEXT COLLATE "C" NOT NULL,
    call_id  TEXT COLLATE "C" NOT NULL,
    progress TEXT NOT NULL
);
CREATE INDEX call_view_call ON call_view (provider, call_id);
COMMENT ON TABLE  call_view IS 'View: the columns by which calls are found.';
COMMENT ON COLUMN call_view.stream IS 'Its stream.';
COMMENT ON COLUMN call_view.provider IS 'Word for the provider.';
COMMENT ON COLUMN call_view.call_id IS 'Id the provider gave the call.';
COMMENT ON COLUMN call_view.progress IS 'How far it came: started, ringing, answered, ended and so on.';

CREATE TABLE link (
    space  TEXT COLLATE "C" NOT NULL,
    key    TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (space, key, stream)
);
COMMENT ON TABLE  link IS 'View: from keys to the streams they concern.';
COMMENT ON COLUMN link.space IS 'Kind of key: phone, call, message, code and so on.';
COMMENT ON COLUMN link.key IS 'The key.';
COMMENT ON COLUMN link.stream IS 'A stream it leads to.';

CREATE TABLE task (
    stream     TEXT COLLATE "C" NOT NULL,
    task       BIGINT NOT NULL CHECK (task >= 1),
    kind       TEXT COLLATE "C" NOT NULL,
    attempts   BIGINT NOT NULL CHECK (attempts >= 0),
    not_before BIGINT NOT NULL,
    PRIMARY KEY (stream, task)
);
CREATE INDEX task_due ON task (not_before, stream, task);
COMMENT ON TABLE  task IS 'View: what is still to be done outside.';
COMMENT ON COLUMN task.stream IS 'Stream it stands on.';
COMMENT ON COLUMN task.task IS 'Number of the task on that stream, from 1.';
COMMENT ON COLUMN task.kind IS 'message or recording.';
COMMENT ON COLUMN task.attempts IS 'How many attempts were made.';
COMMENT ON COLUMN task.not_before IS 'Not to be tried before.';

CREATE TABLE counter (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL CHECK (value >= 0)
);
COMMENT ON TABLE  counter IS 'View: last numbers given out.';
COMMENT ON COLUMN counter.name IS 'What is counted, such as contract/AGRI-2026.';
COMMENT ON COLUMN counter.value IS 'Last number given out.';
