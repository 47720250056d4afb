//! An input: one thing that happened outside, as it is journaled.

use std::collections::BTreeMap;

use ledger::hash::{Hash, sha256};
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::command::Command;
use crate::fact::Fact;
use crate::provider::{Provider, Via};
use crate::report::Report;

/// The version written into every journaled input; a change of shape gets a new number and keeps reading the old.
pub const INPUT_VERSION: u32 = 1;

/// The name under which the verdict on a signature stands among the headers of a [`Webhook`]. No header of that name is
/// ever taken from a request.
pub const SIGNATURE_VERDICT: &str = "signature-verdict";
/// The verdict on a signature that is right, but was made too long ago or in the future.
pub const STALE: &str = "stale";

/// One thing that happened outside. Append-only in meaning: never changed after it was journaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// [`INPUT_VERSION`].
    pub v: u32,
    /// Unique per arrival (UUIDv7, drawn at the door).
    pub id: Uuid,
    /// By which way it came.
    pub via: Via,
    /// When the door took it, by its clock.
    pub received_at: Timestamp,
    /// Whether the sender proved who it is (signature, secret path, API key).
    pub authenticated: bool,
    /// 32 random bytes drawn at the door; salts, nonces and codes are derived from it. Dies with the journal row.
    pub seed: Seed,
    /// What happened.
    pub body: Body,
}

/// See [`Input::seed`]. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub Hash);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// 32 bytes for one purpose: `SHA-256(seed ‖ purpose ‖ n)`.
    pub fn derive(&self, purpose: &str, n: u32) -> Hash {
        let mut bytes = Vec::with_capacity(36 + purpose.len());
        bytes.extend_from_slice(&self.0.0);
        bytes.extend_from_slice(purpose.as_bytes());
        bytes.extend_from_slice(&n.to_be_bytes());
        sha256(&bytes)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A provider called a webhook of ours.
    Webhook(Webhook),
    /// A client asked for something.
    Command(Command),
    /// Something we did outside came to an end.
    Report(Report),
    /// A time is over. The fold has no clock: it compares this input's own time.
    Deadline(Deadline),
}

/// See [`Body::Deadline`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The contract that may be due.
    pub contract_id: String,
}

/// A webhook as it arrived, and what `providers` read in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Whose it is.
    pub provider: Provider,
    /// Which of our webhook routes took it, without any secret: `voice/events`.
    pub route: String,
    /// As sent, without parameters.
    pub content_type: String,
    /// Headers worth keeping (signature, timestamp, request id), lower-case names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: text where it is UTF-8, else base64 with `raw_base64` set.
    pub raw: String,
    /// Whether `raw` is base64 of bytes that were not UTF-8.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw_base64: bool,
    /// What it says. Empty: authentic, but nothing we could read; kept in quarantine.
    pub facts: Vec<Fact>,
}

impl Webhook {
    /// Whether it was signed too long ago, or in the future, by the clock of the door.
    pub fn is_stale(&self) -> bool {
        self.headers.get(SIGNATURE_VERDICT).is_some_and(|verdict| verdict == STALE)
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({}, {}, {} facts)", self.provider.as_str(), self.route, self.facts.len())
    }
}

/// Why bytes from the journal are not an input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Not the JSON we write.
    #[error("not a journaled input: {0}")]
    Shape(#[from] serde_json::Error),
    /// Written by a newer version of the service.
    #[error("input version {0} is newer than this program; upgrade it")]
    Newer(u32),
}

impl Input {
    /// The bytes that are journaled.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Room for all of it at once, where it is a webhook: the body as it came, and about as much said of it.
        let raw = match &self.body {
            Body::Webhook(webhook) => webhook.raw.len(),
            Body::Command(_) | Body::Report(_) | Body::Deadline(_) => 0,
        };
        let mut bytes = Vec::with_capacity(1_024 + raw);
        serde_json::to_writer(&mut bytes, self)
            .expect("an input holds only strings, numbers, lists and string-keyed maps");
        bytes
    }

    /// Reads what [`Input::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`InputError`]; the projector quarantines such an entry.
    pub fn from_bytes(bytes: &[u8]) -> Result<Input, InputError> {
        let input: Input = serde_json::from_slice(bytes)?;
        if input.v > INPUT_VERSION { Err(InputError::Newer(input.v)) } else { Ok(input) }
    }

    /// The last token of the subject: what the input is about, so that one thing stays in one place.
    /// Holds no personal value.
    pub fn key(&self) -> String {
        match &self.body {
            Body::Webhook(webhook) => {
                webhook.facts.first().map_or_else(|| "none".to_owned(), |f| f.subject.id().to_owned())
            }
            Body::Command(command) => self.command_key(command),
            Body::Deadline(deadline) => deadline.contract_id.clone(),
            Body::Report(report) => report.stream().to_owned(),
        }
    }

    fn command_key(&self, command: &Command) -> String {
        match command {
            Command::CreateConference(c) => c.conference_id.clone(),
            Command::InvokeCall(c) => c.dial_id.clone(),
            Command::AnswerContract(c) => c.contract_id.clone(),
            Command::AddRecording(c) => c.conference_id.clone(),
            Command::AddTranscript(c) => c.stream.clone(),
            Command::RequestTranscript(c) => c.stream.clone(),
            Command::RequestTerms(c) => c.stream.clone(),
            Command::ActOnContract(act) => act.contract_id.clone(),
            Command::ControlConference(c) => c.conference_id.clone(),
            Command::ControlCall(c) => c.call_id.clone(),
            Command::UploadMedia(c) => c.media_id.clone(),
            Command::Once(keyed) => self.command_key(&keyed.inner),
            Command::CreateContract(_) | Command::ErasePerson(_) | Command::StateKey(_) => {
                self.id.to_string()
            }
        }
    }

    /// The word for the subject's kind token: `webhook`, `command`, `report`, `deadline`.
    pub fn kind(&self) -> &'static str {
        match self.body {
            Body::Webhook(_) => "webhook",
            Body::Command(_) => "command",
            Body::Report(_) => "report",
            Body::Deadline(_) => "deadline",
        }
    }
}

impl crate::fact::Subject {
    /// The id, whatever it is of.
    pub fn id(&self) -> &str {
        use crate::fact::Subject;
        match self {
            Subject::Call { id, .. }
            | Subject::Conference { id }
            | Subject::Message { id, .. }
            | Subject::Session { id, .. } => id,
            // The number itself may stand in no subject.
            Subject::Contact {} => "contact",
        }
    }
}

impl Report {
    /// The stream it reports on.
    pub fn stream(&self) -> &str {
        match self {
            Report::MessageAttempted(task)
            | Report::MessageAccepted { task, .. }
            | Report::MessageFailed { task, .. }
            | Report::RecordingFetched { task, .. }
            | Report::ErasureDone { task, .. }
            | Report::RecordingFailed { task, .. }
            | Report::Transcribed { task, .. }
            | Report::TranscriptFailed { task, .. }
            | Report::TermsRead { task, .. }
            | Report::TermsFailed { task, .. } => &task.stream,
            Report::Dialled { stream, .. }
            | Report::DialFailed { stream, .. }
            | Report::CallLooked { stream, .. }
            | Report::Controlled { stream, .. }
            | Report::ControlFailed { stream, .. } => stream,
        }
    }
}
