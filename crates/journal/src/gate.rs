//! What a NATS server and its streams must be like before anything is trusted to them.
//!
//! Old servers accept and drop settings they do not know; somebody may have made the stream by hand, or changed it. So
//! the configuration is always read back and compared, and every difference that could lose, hide or thin out messages
//! is refused with its own words. Differences that only keep more are accepted.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::entry::{ENTRY_BYTES_MAX, KEY_BYTES_MAX, NAME_BYTES_MAX};

/// Oldest server tried: 2.9, as Debian 12 ships it.
const VERSION_LEAST: (u64, u64) = (2, 9);
/// Room for an entry's headers: each name byte may become three, plus id, time and header names.
const HEADERS_BYTES_MAX: usize = 3 * (2 * NAME_BYTES_MAX + KEY_BYTES_MAX) + 512;
/// What `max_payload` of the server and `max_msg_size` of a stream have to allow.
const MESSAGE_BYTES_LEAST: usize = ENTRY_BYTES_MAX + HEADERS_BYTES_MAX;

/// A stream's configuration as the JetStream API writes it (ADR-31 names; durations in nanoseconds). Fields the server
/// does not send read as if the server did not have the feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamConfig {
    /// Stream name.
    pub name: String,
    /// Subjects it takes in.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// `limits`, `interest` or `workqueue`.
    pub retention: String,
    /// `file` or `memory`.
    pub storage: String,
    /// `new` refuses when full, `old` deletes.
    pub discard: String,
    /// Age at which messages go, nanoseconds; 0 is never.
    #[serde(default)]
    pub max_age: u64,
    /// Most bytes; -1 is no limit.
    #[serde(default = "unlimited")]
    pub max_bytes: i64,
    /// Most messages; -1 is no limit.
    #[serde(default = "unlimited")]
    pub max_msgs: i64,
    /// Most messages on one subject; -1 is no limit.
    #[serde(default = "unlimited")]
    pub max_msgs_per_subject: i64,
    /// Largest message; -1 is no limit.
    #[serde(default = "unlimited")]
    pub max_msg_size: i64,
    /// For how long ids are remembered, nanoseconds.
    #[serde(default)]
    pub duplicate_window: u64,
    /// Copies in a cluster.
    #[serde(default)]
    pub num_replicas: u32,
    /// Compression of the store, 2.10 and later; absent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// Publishes are not acknowledged.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_ack: bool,
    /// Takes nothing in any more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sealed: bool,
    /// A publisher may replace messages.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_rollup_hdrs: bool,
    /// A publisher may make single messages expire, 2.11 and later.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_msg_ttl: bool,
    /// `async` acknowledges before writing, 2.12 and later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persist_mode: Option<String>,
    /// Copies another stream instead of taking in subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Value>,
    /// Also copies other streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Value>,
    /// Stores messages under other subjects, 2.10 and later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_transform: Option<Value>,
}

impl StreamConfig {
    /// A stream that loses nothing silently: file storage, limits retention, refuses when full.
    #[must_use]
    pub fn keeping(name: &str, subject: &str, max_age: Duration, duplicate_window: Duration) -> StreamConfig {
        StreamConfig {
            name: name.to_owned(),
            subjects: vec![subject.to_owned()],
            retention: "limits".to_owned(),
            storage: "file".to_owned(),
            discard: "new".to_owned(),
            max_age: nanos(max_age),
            max_bytes: -1,
            max_msgs: -1,
            max_msgs_per_subject: -1,
            max_msg_size: -1,
            duplicate_window: nanos(duplicate_window),
            num_replicas: 1,
            compression: None,
            no_ack: false,
            sealed: false,
            allow_rollup_hdrs: false,
            allow_msg_ttl: false,
            persist_mode: None,
            mirror: None,
            sources: None,
            subject_transform: None,
        }
    }
}

/// Everything that is wrong with a server or one of its streams.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("NATS {what} cannot be used: {}", Listed(.refusals))]
pub struct GateError {
    /// `server` or `stream <name>`.
    pub what: String,
    /// The reasons, at least one.
    pub refusals: Vec<Refusal>,
}

struct Listed<'a>(&'a [Refusal]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, refusal) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{refusal}")?;
        }
        Ok(())
    }
}

/// One reason not to use a server or stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The server's version is too old, or is not a version.
    #[error("its version {0:?} is older than 2.9")]
    Version(String),
    /// The server does not speak headers, so ids cannot travel.
    #[error("it does not support headers")]
    Headers,
    /// `max_payload` or `max_msg_size` is below what an entry may need.
    #[error("{field} is {found} bytes, less than the {MESSAGE_BYTES_LEAST} an entry may need")]
    MessageSize {
        /// The setting.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// A setting has to have one value and has another. For a setting the server does not know, `found` is what it does
    /// without it.
    #[error("{field} is {found}, but has to be {wanted}")]
    Differs {
        /// The setting.
        field: &'static str,
        /// What it has to be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// A limit drops or refuses messages earlier than asked for.
    #[error("{field} is {found}, less than the {wanted} asked for")]
    TooLittle {
        /// The setting.
        field: &'static str,
        /// What was asked for.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// A feature is on that loses, hides or rewrites messages.
    #[error("{field} is set, which {why}")]
    Harmful {
        /// The setting.
        field: &'static str,
        /// What it does to messages.
        why: &'static str,
    },
}

/// Checks what the server said of itself when the connection was made.
///
/// # Errors
/// All reasons against it.
pub fn check_server(version: &str, headers: bool, max_payload: usize) -> Result<(), GateError> {
    let mut refusals = Vec::new();
    let mut numbers = version.split(['.', '-']).map(str::parse::<u64>);
    let recent = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= VERSION_LEAST,
        _ => false,
    };
    if !recent {
        refusals.push(Refusal::Version(version.to_owned()));
    }
    if !headers {
        refusals.push(Refusal::Headers);
    }
    if max_payload < MESSAGE_BYTES_LEAST {
        refusals.push(Refusal::MessageSize { field: "max_payload", found: max_payload as u64 });
    }
    refuse("server".to_owned(), refusals)
}

/// Compares a stream as the server describes it with what was asked for.
///
/// # Errors
/// All reasons against it.
pub fn check_stream(wanted: &StreamConfig, found: &StreamConfig) -> Result<(), GateError> {
    let mut refusals = Vec::new();
    equal(&mut refusals, "storage", &wanted.storage, &found.storage);
    equal(&mut refusals, "retention", &wanted.retention, &found.retention);
    equal(&mut refusals, "discard", &wanted.discard, &found.discard);
    let sorted = |subjects: &[String]| {
        let mut subjects = subjects.to_vec();
        subjects.sort();
        subjects.join(", ")
    };
    equal(&mut refusals, "subjects", &sorted(&wanted.subjects), &sorted(&found.subjects));
    let compression = |config: &StreamConfig| config.compression.clone().unwrap_or_else(|| "none".to_owned());
    equal(&mut refusals, "compression", &compression(wanted), &compression(found));
    limits(&mut refusals, wanted, found);
    harmful(&mut refusals, found);
    refuse(format!("stream {}", wanted.name), refusals)
}

fn limits(refusals: &mut Vec<Refusal>, wanted: &StreamConfig, found: &StreamConfig) {
    // 0 is "never" for an age; anything below 1 is "no limit" for a count.
    let unlimited_age = |nanos: u64| if nanos == 0 { u64::MAX } else { nanos };
    if unlimited_age(found.max_age) < unlimited_age(wanted.max_age) {
        let [wanted, found] = [wanted.max_age, found.max_age].map(show_nanos);
        refusals.push(Refusal::TooLittle { field: "max_age", wanted, found });
    }
    if found.duplicate_window < wanted.duplicate_window {
        let [wanted, found] = [wanted.duplicate_window, found.duplicate_window].map(show_nanos);
        refusals.push(Refusal::TooLittle { field: "duplicate_window", wanted, found });
    }
    let counts = [
        ("max_bytes", wanted.max_bytes, found.max_bytes),
        ("max_msgs", wanted.max_msgs, found.max_msgs),
        ("max_msgs_per_subject", wanted.max_msgs_per_subject, found.max_msgs_per_subject),
    ];
    for (field, wanted, found) in counts {
        let ceiling = |count: i64| if count < 1 { i64::MAX } else { count };
        if ceiling(found) < ceiling(wanted) {
            let show = |count: i64| if count < 1 { "unlimited".to_owned() } else { count.to_string() };
            refusals.push(Refusal::TooLittle { field, wanted: show(wanted), found: show(found) });
        }
    }
    if let Ok(bytes) = usize::try_from(found.max_msg_size)
        && bytes > 0
        && bytes < MESSAGE_BYTES_LEAST
    {
        refusals.push(Refusal::MessageSize { field: "max_msg_size", found: bytes as u64 });
    }
    if found.num_replicas < wanted.num_replicas {
        let [wanted, found] = [wanted.num_replicas, found.num_replicas].map(|n| n.to_string());
        refusals.push(Refusal::TooLittle { field: "num_replicas", wanted, found });
    }
}

fn harmful(refusals: &mut Vec<Refusal>, found: &StreamConfig) {
    let persists_late = found.persist_mode.as_deref() == Some("async");
    let features = [
        (found.no_ack, "no_ack", "leaves publishers without an answer"),
        (found.sealed, "sealed", "refuses every message"),
        (found.allow_rollup_hdrs, "allow_rollup_hdrs", "lets a publisher delete messages"),
        (found.allow_msg_ttl, "allow_msg_ttl", "lets single messages expire early"),
        (persists_late, "persist_mode: async", "acknowledges messages before they are written"),
        (found.mirror.is_some(), "mirror", "takes in another stream instead of the subjects"),
        (found.sources.is_some(), "sources", "takes in messages nobody published here"),
        (found.subject_transform.is_some(), "subject_transform", "stores messages under other subjects"),
    ];
    let on = features.into_iter().filter(|(on, ..)| *on);
    refusals.extend(on.map(|(_, field, why)| Refusal::Harmful { field, why }));
}

fn equal(refusals: &mut Vec<Refusal>, field: &'static str, wanted: &str, found: &str) {
    if wanted != found {
        refusals.push(Refusal::Differs { field, wanted: wanted.to_owned(), found: found.to_owned() });
    }
}

fn refuse(what: String, refusals: Vec<Refusal>) -> Result<(), GateError> {
    if refusals.is_empty() { Ok(()) } else { Err(GateError { what, refusals }) }
}

fn show_nanos(nanos: u64) -> String {
    if nanos == 0 { "unlimited".to_owned() } else { format!("{:?}", Duration::from_nanos(nanos)) }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn unlimited() -> i64 {
    -1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}
