//! From columns to rows and back. Both databases give the same types for the same columns.

use ledger::hash::Hash;
use ledger::tile::{TileId, TileSet};
use ledger::time::Timestamp;
use uuid::Uuid;

use crate::error::{Fault, StoreError};
use crate::rows::{
    ApiKeyRow, CallRow, CheckpointRow, ContractRow, InboxRow, PersonRow, PersonToken, RecordRow, RepeatRow,
    SourcePosition, StreamRow, TaskRow, WorkKind, WorkRow,
};
use crate::rows::{Loaded, SeenRow, Tip};

/// A number as the databases count. Beyond what they can hold nothing is stored, so that the largest number they have
/// stands for all larger ones: a read finds nothing there, an append is out of place there.
pub(crate) fn sql_int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn number(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| corrupt("a negative number"))
}

fn small_number(column: i64) -> Result<u32, StoreError> {
    u32::try_from(column).map_err(|_| corrupt("a number out of range"))
}

pub(crate) fn hash(column: Vec<u8>) -> Result<Hash, StoreError> {
    column.try_into().map(Hash).map_err(|_| corrupt("a hash that is not 32 bytes"))
}

/// Puts the hashes of a tile, and what is left of their bytes, into the set; not where some are missing.
pub(crate) fn tile(set: &mut TileSet, tile: TileId, hashes: (&[[u8; 32]], &[u8])) -> Result<(), StoreError> {
    let (hashes, rest) = hashes;
    if !rest.is_empty() {
        return Err(corrupt("a hash that is not 32 bytes"));
    }
    if hashes.len() < usize::from(tile.width()) {
        return Ok(());
    }
    set.insert(tile, hashes.iter().copied().map(Hash).collect())
        .map_err(|_| corrupt("two hashes in one place"))
}

pub(crate) fn time(column: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(column).map_err(|_| corrupt("a time out of range"))
}

pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(Fault::new(what))
}

/// Converts every row of a result.
pub(crate) fn all<C, R>(columns: Vec<C>, row: fn(C) -> Result<R, StoreError>) -> Result<Vec<R>, StoreError> {
    columns.into_iter().map(row).collect()
}

/// Converts the one row of a result, if there is one.
pub(crate) fn one<C, R>(
    columns: Option<C>,
    row: fn(C) -> Result<R, StoreError>,
) -> Result<Option<R>, StoreError> {
    columns.map(row).transpose()
}

/// The one row of a statement that always gives one.
pub(crate) fn always<C>(columns: Option<C>) -> Result<C, StoreError> {
    columns.ok_or_else(|| corrupt("no answer where there is always one"))
}

pub(crate) type RecordColumns =
    (i64, String, i64, Uuid, String, i64, Option<Vec<u8>>, Vec<u8>, Vec<u8>, String);

pub(crate) fn record(columns: RecordColumns) -> Result<RecordRow, StoreError> {
    let (position, stream, version, id, kind, recorded_at, prev, payload, leaf, jws) = columns;
    Ok(RecordRow {
        position: number(position)?,
        stream,
        version: number(version)?,
        id,
        kind,
        recorded_at: time(recorded_at)?,
        prev: prev.map(hash).transpose()?,
        payload_sha256: hash(payload)?,
        leaf: hash(leaf)?,
        jws,
    })
}

pub(crate) type StreamColumns = (String, i64, Vec<u8>, i64, String);

pub(crate) fn stream(columns: StreamColumns) -> Result<StreamRow, StoreError> {
    let (stream, version, head, recorded_at, state) = columns;
    Ok(StreamRow {
        stream,
        version: number(version)?,
        head: hash(head)?,
        recorded_at: time(recorded_at)?,
        state,
    })
}

/// Which of the keys asked for led there, from 1, and what it led to.
pub(crate) type LinkedColumns = (i64, String, i64, Vec<u8>, i64, String);

pub(crate) type ContractColumns = (String, String, String, String, i64, Vec<u8>);

pub(crate) fn contract(columns: ContractColumns) -> Result<ContractRow, StoreError> {
    let (contract_id, stream, status, contract_type, created_at, document) = columns;
    let (created_at, document_sha256) = (time(created_at)?, hash(document)?);
    Ok(ContractRow { contract_id, stream, status, contract_type, created_at, document_sha256 })
}

pub(crate) type ContractStateColumns = (String, String, String, String, i64, Vec<u8>, String);

pub(crate) fn contract_and_state(columns: ContractStateColumns) -> Result<(ContractRow, String), StoreError> {
    let (contract_id, stream, status, contract_type, created_at, document, state) = columns;
    Ok((contract((contract_id, stream, status, contract_type, created_at, document))?, state))
}

pub(crate) type CallColumns = (String, String);

pub(crate) fn call((stream, progress): CallColumns) -> Result<CallRow, StoreError> {
    Ok(CallRow { stream, progress })
}

pub(crate) type TaskColumns = (String, i64, String, i64, i64);

pub(crate) fn task((stream, task, kind, attempts, not_before): TaskColumns) -> Result<TaskRow, StoreError> {
    let (task, attempts) = (small_number(task)?, small_number(attempts)?);
    Ok(TaskRow { stream, task, kind, attempts, not_before: time(not_before)? })
}

pub(crate) type CheckpointColumns = (i64, Vec<u8>, String, i64);

pub(crate) fn checkpoint(columns: CheckpointColumns) -> Result<CheckpointRow, StoreError> {
    let (size, root, note, signed_at) = columns;
    Ok(CheckpointRow { size: number(size)?, root: hash(root)?, note, signed_at: time(signed_at)? })
}

pub(crate) type InboxColumns = (Uuid, i64, String, Option<Vec<u8>>);

pub(crate) fn inbox(
    (input, received_at, outcome, quarantined): InboxColumns,
) -> Result<InboxRow, StoreError> {
    Ok(InboxRow { input, received_at: time(received_at)?, outcome, quarantined })
}

pub(crate) type RepeatColumns = (Uuid, i64, i64, String, Option<i64>, String, Option<i64>, i64);

/// Bits of the column `flags`.
const AUTHENTICATED: i64 = 1;
const STALE: i64 = 2;

pub(crate) fn repeat(columns: RepeatColumns) -> Result<RepeatRow, StoreError> {
    let (input, ordinal, received_at, stream, version, kind, occurred_at, flags) = columns;
    Ok(RepeatRow {
        input,
        ordinal: small_number(ordinal)?,
        received_at: time(received_at)?,
        stream,
        version: version.map(number).transpose()?,
        kind,
        occurred_at: occurred_at.map(time).transpose()?,
        authenticated: flags & AUTHENTICATED != 0,
        stale: flags & STALE != 0,
    })
}

/// The column `flags`.
pub(crate) fn flags(row: &RepeatRow) -> i16 {
    i16::from(row.authenticated) + 2 * i16::from(row.stale)
}

pub(crate) type ApiKeyColumns = (String, Vec<u8>, String, String, i64, Option<i64>, Option<i64>);

pub(crate) fn api_key(columns: ApiKeyColumns) -> Result<ApiKeyRow, StoreError> {
    let (id, secret, scopes, label, created_at, expires_at, revoked_at) = columns;
    Ok(ApiKeyRow {
        id,
        secret_sha256: hash(secret)?,
        scopes,
        label,
        created_at: time(created_at)?,
        expires_at: expires_at.map(time).transpose()?,
        revoked_at: revoked_at.map(time).transpose()?,
    })
}

/// One row of the one statement behind `tip`: what it is (0 the log, 1 a hash of the edge, 2 a source), then size,
/// level or position; time or place; hash; source.
pub(crate) type TipColumns = (i64, i64, Option<i64>, Option<Vec<u8>>, Option<String>);

pub(crate) fn tip(rows: Vec<TipColumns>) -> Result<Tip, StoreError> {
    let mut tip = Tip::default();
    let mut edge: Vec<(usize, i64, Hash)> = Vec::new();
    for row in rows {
        match row {
            (0, size, recorded_at, None, None) => {
                tip.size = number(size)?;
                tip.last_recorded_at = recorded_at.map(time).transpose()?;
            }
            (1, level, Some(place), Some(bytes), None) => {
                let level =
                    usize::try_from(level).map_err(|_| corrupt("a level of the tree out of range"))?;
                edge.push((level, place, hash(bytes)?));
            }
            (2, position, None, None, Some(source)) => {
                tip.read_to.push(SourcePosition { source, position: number(position)? });
            }
            _ => return Err(corrupt("a part of the tip that is none")),
        }
    }
    edge.sort_unstable_by_key(|(level, place, _)| (*level, *place));
    for (level, _, hash) in edge {
        if tip.edge.len() <= level {
            tip.edge.resize(level + 1, Vec::new());
        }
        tip.edge[level].push(hash);
    }
    Ok(tip)
}

/// One row of the one statement behind `load`: what it is (0 an input, 1 a stream, 2 a link, 3 a digest seen and the 1-based
/// place of its key among those asked for, 4 a counter), then input; three texts; two numbers; hash.
pub(crate) type LoadedColumns = (
    i64,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<Vec<u8>>,
);

pub(crate) fn loaded(rows: Vec<LoadedColumns>, seen: &[String]) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    for row in rows {
        match row {
            (0, Some(input), ..) => loaded.inputs.push(input),
            (1, _, Some(name), Some(state), _, Some(version), Some(recorded_at), Some(head)) => {
                loaded.streams.push(stream((name, version, head, recorded_at, state))?);
            }
            (2, _, Some(space), Some(key), Some(stream), ..) => loaded.links.push((space, key, stream)),
            (3, _, _, _, _, Some(place), _, Some(digest)) => {
                let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
                let key = place.and_then(|place| seen.get(place));
                let key = key.ok_or_else(|| corrupt("an answer to no question"))?.clone();
                loaded.seen.push(SeenRow { key, digest: hash(digest)? });
            }
            (4, _, Some(name), _, _, Some(value), ..) => loaded.counters.push((name, number(value)?)),
            _ => return Err(corrupt("an answer to no question")),
        }
    }
    Ok(loaded)
}

pub(crate) type WorkColumns = (String, String, String, Option<String>, Option<i64>, i64);

pub(crate) fn work(
    (erasure, kind, what, source, position, erased_at): WorkColumns,
) -> Result<WorkRow, StoreError> {
    let kind = match kind.as_str() {
        "input" => WorkKind::Input,
        "recording" => WorkKind::Recording,
        _ => return Err(corrupt("an unknown kind of work of an erasure")),
    };
    let position = position.map(number).transpose()?;
    Ok(WorkRow { erasure, kind, what, place: source.zip(position), erased_at: time(erased_at)? })
}

pub(crate) fn person((token, position): (Uuid, i64)) -> Result<PersonRow, StoreError> {
    Ok(PersonRow { token: PersonToken(token), position: number(position)? })
}
