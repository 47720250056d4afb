-- What the database itself holds to, whoever opens the file: the log is append-only, positions are gapless, every
-- stream is a chain. (Who can write the file can also drop these triggers: SQLite has no roles. What an auditor relies on
-- is the signed log itself.) The word before the colon tells the reader of the error what kind it is.

-- ---------------------------------------------------------------------------------------------- append-only

CREATE TRIGGER ledger_info_no_update BEFORE UPDATE ON ledger_info
BEGIN SELECT RAISE(ABORT, 'append-only: table ledger_info is append-only: UPDATE is refused'); END;
CREATE TRIGGER ledger_info_no_delete BEFORE DELETE ON ledger_info
BEGIN SELECT RAISE(ABORT, 'append-only: table ledger_info is append-only: DELETE is refused'); END;
-- INSERT OR REPLACE deletes without firing DELETE triggers, so each table also refuses to insert what is there.
CREATE TRIGGER ledger_info_once BEFORE INSERT ON ledger_info
WHEN EXISTS (SELECT 1 FROM ledger_info)
BEGIN SELECT RAISE(ABORT, 'append-only: table ledger_info is append-only: it has its row'); END;

CREATE TRIGGER record_no_update BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'append-only: table record is append-only: UPDATE is refused'); END;
CREATE TRIGGER record_no_delete BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'append-only: table record is append-only: DELETE is refused'); END;

CREATE TRIGGER tree_node_no_update BEFORE UPDATE ON tree_node
BEGIN SELECT RAISE(ABORT, 'append-only: table tree_node is append-only: UPDATE is refused'); END;
CREATE TRIGGER tree_node_no_delete BEFORE DELETE ON tree_node
BEGIN SELECT RAISE(ABORT, 'append-only: table tree_node is append-only: DELETE is refused'); END;

CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'append-only: table checkpoint is append-only: UPDATE is refused'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'append-only: table checkpoint is append-only: DELETE is refused'); END;

-- A disclosure may go, one by one, but not change.
CREATE TRIGGER disclosure_no_update BEFORE UPDATE ON disclosure
BEGIN SELECT RAISE(ABORT, 'append-only: table disclosure: UPDATE is refused'); END;
CREATE TRIGGER disclosure_once BEFORE INSERT ON disclosure
WHEN EXISTS (SELECT 1 FROM disclosure WHERE position = NEW.position AND ordinal = NEW.ordinal)
BEGIN SELECT RAISE(ABORT, 'conflict: this disclosure is there'); END;

-- ---------------------------------------------------------------------------------------------- appending

CREATE TRIGGER record_position BEFORE INSERT ON record
WHEN NEW.position IS NOT (SELECT coalesce(max(position) + 1, 0) FROM record)
BEGIN SELECT RAISE(ABORT, 'conflict: the position is not the size of the log'); END;

CREATE TRIGGER record_id BEFORE INSERT ON record
WHEN EXISTS (SELECT 1 FROM record WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'conflict: a record of this id is there'); END;

-- Each record must follow the one before it in its stream.
CREATE TRIGGER record_version BEFORE INSERT ON record
WHEN NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM record WHERE stream = NEW.stream)
BEGIN SELECT RAISE(ABORT, 'conflict: version does not follow in the stream'); END;
CREATE TRIGGER record_prev BEFORE INSERT ON record
WHEN NEW.prev IS NOT (SELECT payload_sha256 FROM record WHERE stream = NEW.stream ORDER BY version DESC LIMIT 1)
BEGIN SELECT RAISE(ABORT, 'conflict: prev does not follow in the stream'); END;

CREATE TRIGGER tree_node_next BEFORE INSERT ON tree_node
WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM tree_node WHERE level = NEW.level)
BEGIN SELECT RAISE(ABORT, 'fault: a hash of the tree is not the next of its level'); END;

CREATE TRIGGER checkpoint_grows BEFORE INSERT ON checkpoint
WHEN NEW.size <= (SELECT max(size) FROM checkpoint)
BEGIN SELECT RAISE(ABORT, 'conflict: a checkpoint of that size or more was already signed'); END;
CREATE TRIGGER checkpoint_covered BEFORE INSERT ON checkpoint
WHEN NEW.size > (SELECT coalesce(max(position) + 1, 0) FROM record)
BEGIN SELECT RAISE(ABORT, 'conflict: the log has fewer records than the checkpoint'); END;
