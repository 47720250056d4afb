//! What sends callbacks for all providers: it plans them with their faults, delivers them, and remembers how that went.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Pace;
use crate::delivery::{Delivery, deliver_all};
use crate::faults::Faults;
use crate::plan::{Draft, Planned};

/// How callbacks are sent.
pub(crate) struct Manner {
    pub(crate) pace: Pace,
    pub(crate) attempts_max: u32,
    pub(crate) retry_pause: Duration,
    pub(crate) callback_timeout: Duration,
    pub(crate) client: reqwest::Client,
}

/// What one provider does differently when it sends.
pub(crate) trait Line: Clone + Send + Sync + 'static {
    /// Where a callback goes now; none where it is not sent.
    fn url(&self, planned: &Planned) -> Option<String>;

    /// Headers beside the content type.
    fn headers(&self, _body: &str) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Whether a callback that was refused is sent again.
    fn repeats_refused(&self) -> bool {
        false
    }

    /// What the service answered to the last attempt.
    fn answered(&self, _planned: &Planned, _status: u16, _body: String) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Sends callbacks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Courier(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) manner: Manner,
    pub(crate) stopped: CancellationToken,
    pub(crate) tasks: TaskTracker,
    deliveries: Mutex<Vec<Delivery>>,
    plan: Mutex<Vec<Planned>>,
    /// How many stories are being told.
    pending: watch::Sender<usize>,
}

impl Deref for Courier {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Courier {
    pub(crate) fn new(manner: Manner) -> Courier {
        Courier(Arc::new(Inner {
            manner,
            stopped: CancellationToken::new(),
            tasks: TaskTracker::new(),
            deliveries: Mutex::default(),
            plan: Mutex::default(),
            pending: watch::Sender::new(0),
        }))
    }

    /// Every attempt so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything planned so far.
    pub(crate) fn plan(&self) -> Vec<Planned> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, delivery: Delivery) {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
    }

    /// Plans what is due for `subject`, with faults.
    pub(crate) fn planned(
        &self,
        faults: &Faults,
        seed: u64,
        subject: &str,
        drafts: Vec<Draft>,
    ) -> Vec<Planned> {
        let plan = faults.apply(seed, subject, drafts);
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).extend(plan.iter().cloned());
        plan
    }

    /// Sends a plan in a task of its own. The receiver hears of the first callback sent.
    pub(crate) fn send(&self, line: &impl Line, plan: Vec<Planned>) -> oneshot::Receiver<()> {
        let (first, was_sent) = oneshot::channel();
        let (courier, line) = (self.clone(), line.clone());
        self.tell(async move { deliver_all(&courier, &line, Instant::now(), plan, Some(first)).await });
        was_sent
    }

    /// Waits for a moment of a story that began at `start`. A fast story has no time of its own.
    pub(crate) async fn reach(&self, start: Instant, due_ms: u64) {
        let times = match self.manner.pace {
            Pace::Fast => return,
            Pace::Real => 1,
            Pace::Times(times) => times.max(1),
        };
        tokio::time::sleep_until(start + Duration::from_millis(due_ms) / times).await;
    }

    /// Runs a story in a task of its own, which ends with the carrier.
    pub(crate) fn tell(&self, story: impl Future<Output = ()> + Send + 'static) {
        let work = Work::start(self);
        let stopped = self.stopped.clone();
        self.tasks.spawn(async move {
            let _work = work;
            stopped.run_until_cancelled(story).await;
        });
    }

    /// Resolves when nothing is left to send.
    pub(crate) async fn idle(&self) {
        // Cannot fail: the sender lives in what this handle keeps alive.
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }
}

/// Counts one story as pending for as long as it lives.
struct Work(Courier);

impl Work {
    fn start(courier: &Courier) -> Self {
        courier.pending.send_modify(|pending| *pending += 1);
        Work(courier.clone())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.pending.send_modify(|pending| *pending -= 1);
    }
}
