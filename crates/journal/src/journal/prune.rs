//! Deleting what nobody needs any more.

use sqlx::SqliteConnection;
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
    /// Every row looked at could go, so there may be more.
    pub more: bool,
}

/// A row as a step sees it: position, received_at_ms, payload length, and where it was relayed.
type Candidate = (i64, i64, i64, Option<i64>, Option<String>);

/// Deletes the oldest rows, stopping at the first that is not covered or too young. A prefix, never a hole: a reader
/// that starts over then sees one gap at the front, and a stuck row is noticed by what piles up behind it.
pub(super) async fn step(
    connection: &mut SqliteConnection,
    covered: &Covered,
    own: bool,
    received_before_ms: i64,
) -> Result<Step, sqlx::Error> {
    let rows: Vec<Candidate> = sqlx::query_as(
        "SELECT e.position, e.received_at_ms, length(e.payload), r.sequence, s.incarnation
         FROM entry e
         LEFT JOIN relayed r ON r.position = e.position
         LEFT JOIN stream s ON s.id = r.stream
         ORDER BY e.position LIMIT ?",
    )
    .bind(signed(STEP_ROWS as u64))
    .fetch_all(&mut *connection)
    .await?;
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
    sqlx::query("DELETE FROM entry WHERE position <= ?").bind(last.0).execute(&mut *connection).await?;
    let unmarked = sqlx::query("DELETE FROM relayed WHERE position <= ?")
        .bind(last.0)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let step =
        Step { deleted: going.len() as u64, bytes: bytes.unsigned_abs(), more: going.len() == STEP_ROWS };
    sqlx::query(
        "UPDATE journal SET entries = entries - ?1, bytes = bytes - ?2, relayed = relayed - ?3,
                            relay_floor = max(relay_floor, ?4)",
    )
    .bind(signed(step.deleted))
    .bind(bytes)
    .bind(signed(unmarked))
    .bind(last.0)
    .execute(connection)
    .await?;
    Ok(step)
}

/// Ids looked for in one pass over the rows.
const IDS: usize = 1_000;

/// Deletes the rows of these ids. A hole, unlike what [`step`] leaves: readers see a gap, and nobody counts on rows whose
/// inputs are folded.
pub(super) async fn forget(connection: &mut SqliteConnection, ids: &[Uuid]) -> Result<Step, sqlx::Error> {
    let mut all = Step::default();
    for ids in ids.chunks(IDS) {
        let mut find = sqlx::QueryBuilder::<sqlx::Sqlite>::new(
            "SELECT position, length(payload) FROM entry WHERE id IN (",
        );
        let mut list = find.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        find.push(")");
        let rows: Vec<(i64, i64)> = find.build_query_as().fetch_all(&mut *connection).await?;
        for (position, bytes) in rows {
            sqlx::query("DELETE FROM entry WHERE position = ?")
                .bind(position)
                .execute(&mut *connection)
                .await?;
            let unmarked = sqlx::query("DELETE FROM relayed WHERE position = ?").bind(position);
            let unmarked = unmarked.execute(&mut *connection).await?.rows_affected();
            sqlx::query(
                "UPDATE journal SET entries = entries - 1, bytes = bytes - ?1, relayed = relayed - ?2",
            )
            .bind(bytes)
            .bind(signed(unmarked))
            .execute(&mut *connection)
            .await?;
            all.deleted += 1;
            all.bytes += bytes.unsigned_abs();
        }
    }
    Ok(all)
}
