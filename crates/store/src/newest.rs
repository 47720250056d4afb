//! The newest records of this process, for who follows the log closely and would else read back what was just written.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::rows::RecordRow;

/// Most bytes of JWS that wait to be taken. Who is further behind reads the store.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The records this process committed since it was asked for, until they are taken. Of those that become too many the
/// oldest go. Dropping it ends the keeping.
#[derive(Debug, Default)]
pub struct Newest(Arc<Mutex<Waiting>>);

/// Where commits leave their records, if anybody follows.
#[derive(Debug, Default)]
pub(crate) struct Tray(Mutex<Weak<Mutex<Waiting>>>);

#[derive(Debug, Default)]
struct Waiting {
    rows: VecDeque<RecordRow>,
    bytes: usize,
    /// Position behind the last record left here; none before the first.
    end: Option<u64>,
}

impl Newest {
    /// Records from position `from` on, in order, at most `max`: none if there are no others yet. `None` if the store has to
    /// be asked, because this process wrote nothing since or because they are here no more.
    pub fn take(&self, from: u64, max: usize) -> Option<Vec<RecordRow>> {
        let mut waiting = lock(&self.0);
        while waiting.rows.front().is_some_and(|row| row.position < from) {
            waiting.drop_first();
        }
        let begins = waiting.rows.front().map(|row| row.position).or(waiting.end)?;
        if begins != from {
            return None;
        }
        let count = waiting.rows.len().min(max);
        let rows: Vec<RecordRow> = waiting.rows.drain(..count).collect();
        waiting.bytes -= bytes(&rows);
        Some(rows)
    }
}

impl Tray {
    /// From now on records are kept for this follower; for the one before it they are not.
    pub(crate) fn follow(&self) -> Newest {
        let newest = Newest::default();
        *lock(&self.0) = Arc::downgrade(&newest.0);
        newest
    }

    /// Leaves the records of one commit, in order.
    pub(crate) fn leave(&self, records: Vec<RecordRow>) {
        let Some(last) = records.last().map(|row| row.position) else { return };
        let Some(shared) = lock(&self.0).upgrade() else { return };
        let mut waiting = lock(&shared);
        waiting.bytes += bytes(&records);
        waiting.rows.extend(records);
        waiting.end = Some(last + 1);
        while waiting.bytes > WAITING_BYTES_MAX {
            waiting.drop_first();
        }
    }
}

impl Waiting {
    fn drop_first(&mut self) {
        if let Some(row) = self.rows.pop_front() {
            self.bytes -= row.jws.len();
        }
    }
}

fn bytes(rows: &[RecordRow]) -> usize {
    rows.iter().map(|row| row.jws.len()).sum()
}

/// A panic elsewhere cannot leave what is behind it half changed, so a poisoned lock is as good as a clean one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ledger::hash::Hash;
    use ledger::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn rows(positions: std::ops::Range<u64>, jws_bytes: usize) -> Vec<RecordRow> {
        let row = |position| RecordRow {
            position,
            stream: "call/a/1".to_owned(),
            version: position + 1,
            id: Uuid::from_u128(position.into()),
            kind: "call.rang".to_owned(),
            recorded_at: Timestamp::from_millis(0).unwrap(),
            prev: None,
            payload_sha256: Hash([0; 32]),
            leaf: Hash([0; 32]),
            jws: "x".repeat(jws_bytes),
        };
        positions.map(row).collect()
    }

    fn taken(newest: &Newest, from: u64, max: usize) -> Option<Vec<u64>> {
        Some(newest.take(from, max)?.iter().map(|row| row.position).collect())
    }

    #[test]
    fn records_are_given_once_in_order_from_where_the_follower_is() {
        let tray = Tray::default();
        tray.leave(rows(0..5, 1));
        let newest = tray.follow();
        assert_eq!(taken(&newest, 5, 9), None, "nothing was written since");
        tray.leave(rows(5..8, 1));
        tray.leave(rows(8..9, 1));
        assert_eq!(taken(&newest, 3, 9), None, "the store has these");
        assert_eq!(taken(&newest, 5, 2), Some(vec![5, 6]));
        assert_eq!(taken(&newest, 5, 2), None, "given already");
        assert_eq!(taken(&newest, 8, 9), Some(vec![8]), "7 was read elsewhere");
        assert_eq!(taken(&newest, 9, 9), Some(vec![]));
        assert_eq!(taken(&newest, 11, 9), None, "another process wrote 9 and 10");
        tray.leave(rows(11..12, 1));
        assert_eq!(taken(&newest, 9, 9), None, "and the store has them");
        assert_eq!(taken(&newest, 11, 9), Some(vec![11]));
    }

    #[test]
    fn a_follower_far_behind_is_sent_to_the_store() {
        let tray = Tray::default();
        let newest = tray.follow();
        tray.leave(rows(0..4, WAITING_BYTES_MAX / 3));
        assert_eq!(taken(&newest, 0, 9), None);
        assert_eq!(taken(&newest, 1, 9), Some(vec![1, 2, 3]));
        tray.leave(rows(4..5, WAITING_BYTES_MAX + 1));
        assert_eq!(taken(&newest, 4, 9), None);
        assert_eq!(taken(&newest, 5, 9), Some(vec![]));
    }

    #[test]
    fn only_the_last_follower_is_kept_records_for() {
        let tray = Tray::default();
        let (first, second) = (tray.follow(), tray.follow());
        tray.leave(rows(0..1, 1));
        assert_eq!(taken(&first, 0, 9), None);
        assert_eq!(taken(&second, 0, 9), Some(vec![0]));
        drop(second);
        tray.leave(rows(1..2, 1));
        assert!(lock(&tray.0).upgrade().is_none());
    }
}
