//! Deleting what nobody needs any more.

use rusqlite::Connection;
use uuid::Uuid;

use super::statements::signed;
use crate::entry::Covered;

/// Rows looked at in one transaction: appends must not wait long behind a big prune.
const STEP_ROWS: usize = 1_000;

/// What one step did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step {
    pub deleted: u64,
    pub bytes: u64,
    /// The highest position deleted; 0 for none.
    pub through: u64,
    /// Every row looked at could go, so there may be more.
    pub more: bool,
}

/// A row as a step sees it: position, received_at_ms, payload length, and where it was relayed.
type Candidate = (i64, i64, i64, Option<i64>, Option<String>);

/// Deletes the oldest rows, stopping at the first that is not covered or too young. A prefix, never a hole: a reader
/// that starts over then sees one gap at the front, and a stuck row is noticed by what piles up behind it.
pub(super) fn step(
    connection: &Connection,
    covered: &Covered,
    own: bool,
    received_before_ms: i64,
) -> Result<Step, rusqlite::Error> {
    const CANDIDATES: &str = "
        SELECT e.position, e.received_at_ms, length(e.payload), r.sequence, s.incarnation
        FROM entry e
        LEFT JOIN relayed r ON r.position = e.position
        LEFT JOIN stream s ON s.id = r.stream
        ORDER BY e.position LIMIT ?";
    let mut candidates = connection.prepare_cached(CANDIDATES)?;
    let rows = candidates.query_map([signed(STEP_ROWS as u64)], |row| row.try_into())?;
    let rows: Vec<Candidate> = rows.collect::<Result<_, _>>()?;
    let limit = signed(covered.position);
    let may_go = |row: &&Candidate| {
        let (position, received_at_ms, _, sequence, incarnation) = row;
        let reached = if own {
            *position <= limit
        } else {
            incarnation.as_deref() == Some(&*covered.source) && sequence.is_some_and(|at| at <= limit)
        };
        reached && *received_at_ms < received_before_ms
    };
    let going: Vec<&Candidate> = rows.iter().take_while(may_go).collect();
    let Some(last) = going.last() else { return Ok(Step::default()) };
    let bytes: i64 = going.iter().map(|row| row.2).sum();
    connection.prepare_cached("DELETE FROM entry WHERE position <= ?")?.execute([last.0])?;
    let unmarked = connection.prepare_cached("DELETE FROM relayed WHERE position <= ?")?.execute([last.0])?;
    let step = Step {
        deleted: going.len() as u64,
        bytes: bytes.unsigned_abs(),
        through: last.0.unsigned_abs(),
        more: going.len() == STEP_ROWS,
    };
    let mut totals = connection.prepare_cached(
        "UPDATE journal SET entries = entries - ?1, bytes = bytes - ?2, relayed = relayed - ?3,
                            relay_floor = max(relay_floor, ?4)",
    )?;
    totals.execute((signed(step.deleted), bytes, signed(unmarked as u64), last.0))?;
    Ok(step)
}

/// Ids looked for in one pass over the rows.
const IDS: usize = 1_000;

/// Deletes the rows of these ids. A hole, unlike what [`step`] leaves: readers see a gap, and nobody counts on rows whose
/// inputs are folded.
pub(super) fn forget(connection: &Connection, ids: &[Uuid]) -> Result<Step, rusqlite::Error> {
    let mut all = Step::default();
    for ids in ids.chunks(IDS) {
        let places = vec!["?"; ids.len()].join(", ");
        let find = format!("SELECT position, length(payload) FROM entry WHERE id IN ({places})");
        let mut find = connection.prepare(&find)?;
        let ids = rusqlite::params_from_iter(ids.iter().map(Uuid::as_bytes));
        let rows: Vec<(i64, i64)> = find.query_map(ids, |row| row.try_into())?.collect::<Result<_, _>>()?;
        for (position, bytes) in rows {
            connection.execute("DELETE FROM entry WHERE position = ?", [position])?;
            let unmarked = connection.execute("DELETE FROM relayed WHERE position = ?", [position])?;
            connection.execute(
                "UPDATE journal SET entries = entries - 1, bytes = bytes - ?1, relayed = relayed - ?2",
                (bytes, signed(unmarked as u64)),
            )?;
            all.deleted += 1;
            all.bytes += bytes.unsigned_abs();
            all.through = all.through.max(position.unsigned_abs());
        }
    }
    Ok(all)
}
