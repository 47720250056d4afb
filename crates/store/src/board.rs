//! Where callers of this process wait for what becomes of their inputs, and followers for the log to grow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::newest::{Newest, Tray};
use crate::rows::RecordRow;

/// Waiters kept before those who have left are swept out for the first time.
const WAITERS_BEFORE_SWEEP: usize = 64;

/// The notice board of one open store. Each commit of this process is announced on it; those of other processes are
/// not, so who waits also asks the store now and then.
#[derive(Clone)]
pub struct Board(Arc<Inner>);

struct Inner {
    waiters: Mutex<Waiters>,
    size: watch::Sender<u64>,
    /// Commits that left open tasks where they were not before, or others.
    tasks: watch::Sender<u64>,
    records: Tray,
}

struct Waiters {
    by_input: HashMap<Uuid, Vec<oneshot::Sender<String>>>,
    sweep_at: usize,
}

impl Board {
    pub(crate) fn new(size: u64) -> Board {
        let waiters = Waiters { by_input: HashMap::new(), sweep_at: WAITERS_BEFORE_SWEEP };
        Board(Arc::new(Inner {
            waiters: Mutex::new(waiters),
            size: watch::Sender::new(size),
            tasks: watch::Sender::new(0),
            records: Tray::default(),
        }))
    }

    /// A receiver of the outcome (JSON) of one input, once a commit of this process holds it. Wait before the input is
    /// handed in, or the commit may come first; after that, [`crate::Reader::outcome`] knows it. Dropping the receiver
    /// ends the wait.
    pub fn wait(&self, input: Uuid) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        let mut waiters = self.waiters();
        waiters.by_input.entry(input).or_default().push(sender);
        if waiters.by_input.len() >= waiters.sweep_at {
            waiters.sweep();
        }
        receiver
    }

    /// The size of the log: as it was when the store was opened, then after each commit of this process.
    pub fn size(&self) -> watch::Receiver<u64> {
        self.0.size.subscribe()
    }

    /// The records of this process's commits from now on, for the one who follows the log with them; who asked before gets no
    /// more. They are there before [`Board::size`] tells of them.
    pub fn follow(&self) -> Newest {
        self.0.records.follow()
    }

    /// Changes with each commit of this process that changed which tasks are open. Nearly all commits leave them alone, and
    /// who works them off need not look.
    pub fn tasks(&self) -> watch::Receiver<u64> {
        self.0.tasks.subscribe()
    }

    /// Tells the waiters. Only for what is durably committed.
    pub(crate) fn announce(
        &self,
        size: u64,
        opens_tasks: bool,
        outcomes: impl IntoIterator<Item = (Uuid, String)>,
        records: Vec<RecordRow>,
    ) {
        {
            let mut waiters = self.waiters();
            for (input, outcome) in outcomes {
                for sender in waiters.by_input.remove(&input).unwrap_or_default() {
                    // A waiter who has left needs no answer.
                    let _ = sender.send(outcome.clone());
                }
            }
        }
        self.0.records.leave(records);
        self.0.size.send_if_modified(|known| {
            let grown = size > *known;
            *known = size.max(*known);
            grown
        });
        if opens_tasks {
            self.0.tasks.send_modify(|commits| *commits += 1);
        }
    }

    /// A panic elsewhere cannot leave the map half changed, so a poisoned lock is as good as a clean one.
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.0.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiters {
    /// Forgets who has left. Sweeping again only once the map has doubled keeps the cost per wait constant.
    fn sweep(&mut self) {
        self.by_input.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        self.sweep_at = (self.by_input.len() * 2).max(WAITERS_BEFORE_SWEEP);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn input(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn every_waiter_of_an_input_is_told_and_no_other() {
        let board = Board::new(0);
        let (mut first, mut second, mut other) =
            (board.wait(input(1)), board.wait(input(1)), board.wait(input(2)));
        board.announce(1, false, [(input(1), "done".to_owned())], vec![]);
        assert_eq!(first.try_recv().unwrap(), "done");
        assert_eq!(second.try_recv().unwrap(), "done");
        assert!(other.try_recv().is_err());
    }

    #[test]
    fn those_who_leave_are_forgotten() {
        let board = Board::new(0);
        let kept = board.wait(input(0));
        for n in 1..1_000 {
            drop(board.wait(input(n)));
        }
        assert!(board.waiters().by_input.len() <= WAITERS_BEFORE_SWEEP);
        board.announce(1, false, [(input(0), "done".to_owned())], vec![]);
        assert_eq!(kept.blocking_recv().unwrap(), "done");
    }

    #[test]
    fn the_size_never_shrinks() {
        let board = Board::new(7);
        let mut size = board.size();
        board.announce(9, false, [], vec![]);
        assert!(size.has_changed().unwrap());
        assert_eq!(*size.borrow_and_update(), 9);
        board.announce(8, true, [], vec![]);
        assert!(!size.has_changed().unwrap());
        assert_eq!(*size.borrow_and_update(), 9);
    }

    #[test]
    fn who_works_off_tasks_is_told_of_tasks_only() {
        let board = Board::new(0);
        let mut tasks = board.tasks();
        board.announce(1, false, [], vec![]);
        assert!(!tasks.has_changed().unwrap());
        board.announce(1, true, [], vec![]);
        assert!(tasks.has_changed().unwrap());
        tasks.mark_unchanged();
        assert!(!tasks.has_changed().unwrap());
    }
}
