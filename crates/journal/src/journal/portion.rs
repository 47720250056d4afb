//! What the writer can be asked to do, and how much of it is written in one transaction.

use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::statements::Marks;
use super::{AppendError, prune};
use crate::entry::{Covered, Entry};
use crate::jetstream::StreamExtent;

/// Most rows in one transaction; a single job may exceed it.
const BATCH_ROWS_MAX: usize = 2_000;
/// Most payload bytes in one transaction; a single job may exceed it.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// From this many rows in one transaction on, those who were answered together are expected to come again together.
const GATHER_ROWS_MIN: usize = 8;
/// How often the first of them looks for the others at most.
const GATHER_LOOKS: u32 = 8;
/// The pause between two looks; the system makes some 70 microseconds of it.
const GATHER_PAUSE: Duration = Duration::from_micros(20);

pub(super) type Reply<T> = oneshot::Sender<Result<T, AppendError>>;
/// One caller's entries, and where the first one's position is to go.
pub(super) type Run = (Vec<Entry>, Reply<u64>);

/// What the writer can be asked to do.
pub(super) enum Job {
    Append { entries: Vec<Entry>, reply: Reply<u64> },
    Mark { marks: Marks, reply: Reply<()> },
    Reset { now: StreamExtent, covered: u64, reply: Reply<u64> },
    Prune { covered: Covered, own: bool, received_before_ms: i64, reply: Reply<prune::Step> },
    Forget { ids: Vec<Uuid>, reply: Reply<u64> },
    Close,
}

/// What is written in one transaction.
#[derive(Default)]
pub(super) struct Portion {
    pub runs: Vec<Run>,
    pub marks: Vec<(Marks, Reply<()>)>,
    rows: usize,
    bytes: usize,
}

impl Portion {
    fn has_room(&self) -> bool {
        self.rows < BATCH_ROWS_MAX && self.bytes < BATCH_BYTES_MAX
    }

    /// Whether it has entries.
    pub fn brings(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Adds a job that can share a transaction; gives back one that cannot.
    pub fn add(&mut self, job: Job) -> Option<Job> {
        match job {
            Job::Append { entries, reply } => {
                self.rows += entries.len();
                self.bytes += entries.iter().map(|entry| entry.payload.len()).sum::<usize>();
                self.runs.push((entries, reply));
            }
            Job::Mark { marks, reply } => {
                self.rows += marks.acks.len();
                self.marks.push((marks, reply));
            }
            other => return Some(other),
        }
        None
    }

    /// Adds what waits already; gives back a job that cannot be part of it.
    ///
    /// Callers who were answered together come again one after the other: without a pause the first of them would be a
    /// transaction of its own, and all others would wait for its sync. So where the last transaction was a large one, this
    /// one waits, half a millisecond and a little at most, until it is half as large. Who comes alone never waits.
    pub fn gather(&mut self, queue: &mut mpsc::Receiver<Job>, last_rows: usize) -> Option<Job> {
        self.gather_with(queue, last_rows, || std::thread::sleep(GATHER_PAUSE))
    }

    fn gather_with(
        &mut self,
        queue: &mut mpsc::Receiver<Job>,
        last_rows: usize,
        mut pause: impl FnMut(),
    ) -> Option<Job> {
        let expected = if last_rows < GATHER_ROWS_MIN { 0 } else { last_rows / 2 };
        let mut looks = 0;
        while self.has_room() {
            match queue.try_recv() {
                Ok(job) => {
                    let other = self.add(job);
                    if other.is_some() {
                        return other;
                    }
                }
                Err(TryRecvError::Empty) if self.rows < expected && looks < GATHER_LOOKS => {
                    looks += 1;
                    pause();
                }
                Err(_) => break,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn append(rows: usize) -> Job {
        let entry = Entry {
            id: Uuid::nil(),
            source: "api".to_owned(),
            kind: "command".to_owned(),
            key: "k".to_owned(),
            received_at_ms: 0,
            payload: vec![0; 10],
        };
        Job::Append { entries: vec![entry; rows], reply: oneshot::channel().0 }
    }

    /// What a portion takes of these jobs, after a transaction of so many rows, while one row more comes in each pause: its
    /// runs, how often it paused, and whether a job is given back.
    fn check(jobs: Vec<Job>, last_rows: usize, mut late: usize) -> (usize, usize, bool) {
        let (sender, mut queue) = mpsc::channel(100);
        jobs.into_iter().for_each(|job| sender.try_send(job).unwrap());
        let (mut portion, mut pauses) = (Portion::default(), 0);
        let other = portion.gather_with(&mut queue, last_rows, || {
            pauses += 1;
            if late > 0 {
                late -= 1;
                sender.try_send(append(1)).unwrap();
            }
        });
        (portion.runs.len(), pauses, other.is_some())
    }

    #[test]
    fn what_waits_is_taken_up_to_what_cannot_share_a_transaction() {
        for last_rows in [0, 1, 7, 8] {
            assert_eq!(check(vec![append(1), append(3)], last_rows, 9), (2, 0, false), "{last_rows}");
            assert_eq!(check(vec![append(1), Job::Close, append(1)], last_rows, 9), (1, 0, true));
            assert_eq!(check(vec![append(BATCH_ROWS_MAX), append(1)], last_rows, 9), (1, 0, false));
        }
    }

    #[test]
    fn who_was_answered_together_is_waited_for() {
        let looks = GATHER_LOOKS as usize;
        let cases = [
            // Rows of the last transaction, rows that come late; runs and pauses.
            (8, 9, (4, 3)),
            (7, 9, (1, 0)),
            (0, 9, (1, 0)),
            // Until it is half as large, and no longer.
            (12, 2, (3, looks)),
            (1_000, 0, (1, looks)),
            (1_000, 100, (1 + looks, looks)),
        ];
        for (last_rows, late, (runs, pauses)) in cases {
            assert_eq!(check(vec![append(1)], last_rows, late), (runs, pauses, false), "{last_rows} {late}");
        }
        assert_eq!(check(Vec::new(), 1_000, 0), (0, looks, false));
    }
}
