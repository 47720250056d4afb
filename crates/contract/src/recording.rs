//! Recordings of a call or conference: none, one or many, early or late, each with its own fate.

use std::collections::{BTreeMap, BTreeSet};

use ledger::hash::sha256;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entity::OpenTask;
use crate::event::{Event, EventData};
use crate::message::after;
use crate::report::FailureReason;

/// How often a recording is tried before we give up; with [`fetch_delay_ms`] that is about two days.
pub const FETCH_ATTEMPTS_MAX: u32 = 21;

/// How often a recording is fetched once more, failures included: bounds what naming it again and again can make us do.
pub const CHECKS_MAX: u32 = 20;
/// How often fetching it once more may fail in a row before it is left.
const CHECK_FAILURES_MAX: u32 = 5;
/// How long after it was fetched last it is fetched again because somebody named it, in milliseconds: providers tell the
/// same in several bodies within minutes.
pub const NAMED_AGAIN_MS: i64 = 3_600_000;
/// How long to wait after such a failure, in milliseconds, times their number.
const CHECK_DELAY_MS: i64 = 3_600_000;

/// How long to wait after attempt `n` (1-based): 2 s, doubling to at most 6 h. In milliseconds.
pub fn fetch_delay_ms(attempt: u32) -> i64 {
    let doubled = 2_000_i64.saturating_mul(1_i64 << attempt.saturating_sub(1).min(20));
    doubled.min(6 * 3_600_000)
}

/// All recordings named on one stream, by the start of the hash of their address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recordings(pub BTreeMap<String, Recording>);

/// One recording.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Version of the record that named it: the number of the fetching task.
    pub task: u32,
    /// Where it can be fetched; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Length the provider states, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// When it was first named to us.
    pub available_at: Timestamp,
    /// What was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Fetched>,
    /// The same address gave other bytes later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub altered: bool,
    /// Hashes of those other bytes, as far as they are not erased.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub altered_sha256: BTreeSet<String>,
    /// How often fetching failed.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// No more attempts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
    /// Fetching once more what was fetched, to see whether it is still the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// How a recording is fetched once more. What was fetched first stays what counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Check {
    /// How often it was tried, over all times.
    pub attempts: u32,
    /// How often it failed since it last worked.
    pub failures: u32,
    /// When it is to be tried; none: not until it is named again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When it was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// When the bytes were last found to be the first ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_at: Option<Timestamp>,
}

impl Check {
    fn want(&mut self, at: Timestamp) {
        if self.attempts < CHECKS_MAX {
            self.due = Some(self.due.map_or(at, |due| due.min(at)));
        }
    }

    fn done(&mut self, at: Timestamp) {
        self.attempts += 1;
        self.failures = 0;
        self.due = None;
        self.tried_at = Some(at);
    }
}

impl Recording {
    /// Attempts so far at what is to be done next, and when it is due: at fetching it, or fetching it once more. None
    /// where there is nothing to do.
    pub fn next(&self) -> Option<(u32, Timestamp)> {
        self.url.as_ref()?;
        match (&self.fetched, &self.check) {
            (None, _) => (!self.given_up).then_some((self.attempts, self.not_before)),
            (Some(_), Some(check)) => Some((check.attempts, check.due?)),
            (Some(_), None) => None,
        }
    }

    /// Somebody named it again. What we have may be no longer what is there.
    fn named_again(&mut self, at: Timestamp) {
        let Some(fetched) = &self.fetched else { return };
        let check = self.check.get_or_insert_default();
        let last = check.tried_at.unwrap_or(fetched.at);
        check.want(at.max(after(last, NAMED_AGAIN_MS)));
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording(task {}, fetched {})", self.task, self.fetched.is_some())
    }
}

/// Bytes of a recording as they were stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// Lower-case hex SHA-256; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// By the first bytes.
    pub media_type: String,
    /// Length in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// When.
    pub at: Timestamp,
}

impl Recordings {
    /// Folds one event; events of other things change nothing.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::RecordingAvailable(data) => {
                let url = event.private.get("url");
                let key = url.map_or_else(|| format!("erased-{}", event.version), url_key);
                let task = u32::try_from(event.version).unwrap_or(u32::MAX);
                let recording = self.0.entry(key).or_insert_with(|| Recording {
                    task,
                    url: url.map(str::to_owned),
                    duration_s: None,
                    available_at: event.recorded_at,
                    fetched: None,
                    altered: false,
                    altered_sha256: BTreeSet::new(),
                    attempts: 0,
                    not_before: event.recorded_at,
                    failure: None,
                    given_up: false,
                    check: None,
                });
                recording.named_again(event.recorded_at);
                recording.duration_s = recording.duration_s.max(data.duration_s);
            }
            EventData::RecordingFetched(data) => {
                let sha256 = event.private.get("sha256").map(str::to_owned);
                if let Some(recording) = self.by_task(data.task) {
                    recording.fetched = Some(Fetched {
                        sha256,
                        bytes: data.bytes,
                        media_type: data.media_type.clone(),
                        duration_ms: data.duration_ms,
                        at: event.recorded_at,
                    });
                    if let Some(seconds) = data.check_after_s {
                        let due = after(event.recorded_at, i64::from(seconds) * 1_000);
                        recording.check.get_or_insert_default().want(due);
                    }
                }
            }
            EventData::RecordingAltered(data) => {
                if let Some(recording) = self.by_task(data.task) {
                    recording.altered = true;
                    if let Some(check) = &mut recording.check {
                        check.done(event.recorded_at);
                    }
                    recording.altered_sha256.extend(event.private.get("sha256").map(str::to_owned));
                }
            }
            EventData::RecordingFailed(data) => {
                if let Some(recording) = self.by_task(data.task) {
                    recording.attempts = recording.attempts.max(data.attempt);
                    recording.failure = Some(data.reason);
                    recording.given_up = !data.again || data.attempt >= FETCH_ATTEMPTS_MAX;
                    recording.not_before = after(event.recorded_at, fetch_delay_ms(data.attempt));
                }
            }
            _ => self.look_again(event),
        }
    }

    /// Folds one event about fetching once more.
    fn look_again(&mut self, event: &Event) {
        let at = event.recorded_at;
        match &event.data {
            EventData::RecordingChecked(data) => {
                if let Some(check) = self.check_of(data.task) {
                    check.done(at);
                    check.same_at = data.same.then_some(at).or(check.same_at);
                }
            }
            EventData::RecordingCheckFailed(data) => {
                if let Some(check) = self.check_of(data.task) {
                    let failures = check.failures + 1;
                    check.done(at);
                    check.failures = failures;
                    if data.again && failures < CHECK_FAILURES_MAX {
                        check.want(after(at, CHECK_DELAY_MS * i64::from(failures)));
                    }
                }
            }
            EventData::WebhookRepeated(data) => {
                for task in &data.recordings {
                    if let Some(recording) = self.by_task(*task) {
                        recording.named_again(at);
                    }
                }
            }
            _ => {}
        }
    }

    fn check_of(&mut self, task: u32) -> Option<&mut Check> {
        self.by_task(task)?.check.as_mut()
    }

    /// Whether another length was told for the same address before.
    pub fn contradicts(&self, url: Option<&str>, duration_s: Option<u32>) -> bool {
        let known = url.and_then(|url| self.0.get(&url_key(url))).and_then(|r| r.duration_s);
        matches!((known, duration_s), (Some(known), Some(told)) if known != told)
    }

    /// The recording a task number names.
    pub fn by_task(&mut self, task: u32) -> Option<&mut Recording> {
        self.0.values_mut().find(|r| r.task == task)
    }

    /// What is still to be fetched, or to be fetched once more.
    pub fn open_tasks(&self) -> impl Iterator<Item = OpenTask> + '_ {
        self.0.values().filter_map(|recording| {
            let (attempts, not_before) = recording.next()?;
            let kind = if recording.fetched.is_some() { "check" } else { "recording" };
            Some(OpenTask { task: recording.task, kind, attempts, not_before })
        })
    }
}

/// The key under which a recording address is kept: the first 16 hex digits of its SHA-256.
pub fn url_key(url: &str) -> String {
    sha256(url.as_bytes()).to_string()[..16].to_owned()
}
