//! Requests to MiniVoice as values, and the bytes of its answers as results.

use contract::phone::Phone;
use contract::report::FailureReason;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::json::members::Members;
use crate::request::{ApiRequest, segment};
use crate::word::told;

/// The provider's own servers.
pub const BASE: &str = "https://api.minivoice.eu/v1";
/// Longest answer worth reading, in bytes. An answer about one call has less than one kilobyte.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why the provider refused, by the code of its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Code {
    InvalidJson,
    InvalidRequest,
    InvalidAction,
    RateNotFound,
    NoActiveTrunk,
    InsufficientBalance,
    CpsLimitReached,
    ConcurrentCallLimitReached,
    OriginateFailed,
    CallNotFound,
    ActiveCallNotFound,
    CallUuidMissing,
    RecordingNotStarted,
    RecordingStartFailed,
    RecordingStopFailed,
    ConferenceUnavailable,
    /// One we do not know, or none.
    #[serde(other)]
    Other,
}

/// Why an answer is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The provider refused, or failed. After a 5xx, or no answer at all, a call may still have been placed.
    #[error("the provider refused with status {status}: {code:?}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Why.
        code: Code,
    },
    /// No answer we know the shape of.
    #[error("the provider's answer with status {status} could not be read")]
    Unreadable {
        /// HTTP status.
        status: u16,
    },
}

impl RestError {
    /// The word for the ledger.
    pub fn reason(&self) -> FailureReason {
        let RestError::Refused { status, code } = self else { return FailureReason::UnreadableAnswer };
        match (code, status) {
            (Code::InsufficientBalance, _) => FailureReason::InsufficientCredit,
            (Code::ConferenceUnavailable, _) => FailureReason::ConferenceUnavailable,
            (Code::CallNotFound | Code::ActiveCallNotFound | Code::RecordingNotStarted, _) => {
                FailureReason::NotFound
            }
            // 402 and 403 without a known code speak of balance and of the limit on spending.
            (_, 402 | 403) => FailureReason::InsufficientCredit,
            (_, 401) => FailureReason::Unauthorized,
            (_, 429 | 500..) => FailureReason::ProviderError,
            _ => FailureReason::Other,
        }
    }
}

/// Places a call. `metadata` comes back in webhooks: a place for our conference's id. The provider has no protection
/// against a repeated request, so one whose answer was lost must not be sent again: it can ring the person twice.
pub fn create_call(
    api_key: &str,
    from: &str,
    to: &Phone,
    metadata: &[(&str, &str)],
    record: Option<bool>,
) -> ApiRequest {
    let pairs = metadata.iter().fold(Members::new(), |all, (name, value)| all.with(name, *value));
    let body = Members::new()
        .with("from", from)
        .with("to", to.as_str())
        .maybe("metadata", (!metadata.is_empty()).then_some(pairs))
        .maybe("record", record);
    ApiRequest::new("POST", BASE, "/calls".to_owned(), api_key, Some(body.json()))
}

/// Asks about a call.
pub fn get_call(api_key: &str, id: &str) -> ApiRequest {
    ApiRequest::new("GET", BASE, format!("/calls/{}", segment(id)), api_key, None)
}

/// What to do with the recording of a running call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorder {
    /// Begin.
    Start,
    /// End.
    Stop,
}

/// Begins or ends the recording of a running call.
pub fn record(api_key: &str, id: &str, recorder: Recorder) -> ApiRequest {
    let action = match recorder {
        Recorder::Start => "start",
        Recorder::Stop => "stop",
    };
    let body = Members::new().with("action", action).json();
    ApiRequest::new("POST", BASE, format!("/calls/{}/recordings", segment(id)), api_key, Some(body))
}

/// A call, as told when it is placed and when it is asked about. `Debug` hides the numbers.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// The provider's id.
    pub id: String,
    /// `dialing`, `in_progress`, `completed`, …: an open set.
    pub status: String,
    /// `inbound` or `outbound`.
    #[serde(default)]
    pub direction: Option<String>,
    /// Who called.
    #[serde(default)]
    pub from: Option<String>,
    /// Who was called.
    #[serde(default)]
    pub to: Option<String>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({}, {})", self.id, self.status)
    }
}

/// Reads the answer to [`create_call`] and [`get_call`].
///
/// # Errors
/// [`RestError`].
pub fn read_call(status: u16, body: &[u8]) -> Result<Call, RestError> {
    answer(status, body)
}

/// A recording. `Debug` hides its address.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Recording {
    /// The provider's id, the same for every recording of a call.
    pub id: String,
    /// `started` and others: an open set.
    pub status: String,
    /// Where it can be fetched; the provider writes an empty one while it records. See [`Recording::address`].
    #[serde(default)]
    file_url: Option<String>,
    /// Length, seconds.
    #[serde(default)]
    pub duration_seconds: u32,
    /// Size, bytes.
    #[serde(default)]
    pub size_bytes: u64,
}

impl Recording {
    /// Where it can be fetched; none while it is being made.
    pub fn address(&self) -> Option<&str> {
        self.file_url.as_deref().and_then(told)
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({}, {}, {} s)", self.id, self.status, self.duration_seconds)
    }
}

/// Reads the answer to [`record`].
///
/// # Errors
/// [`RestError`].
pub fn read_recording(status: u16, body: &[u8]) -> Result<Recording, RestError> {
    #[derive(Deserialize)]
    struct Answer {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        recording: Recording,
    }
    answer::<Answer>(status, body).map(|answer| answer.data.recording)
}

/// The answer of a 2xx, or why there is none.
fn answer<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, RestError> {
    let body = if body.len() > ANSWER_BYTES_MAX { &[][..] } else { body };
    if (200..300).contains(&status) {
        return serde_json::from_slice(body).map_err(|_| RestError::Unreadable { status });
    }
    #[derive(Deserialize)]
    struct Refusal {
        error: Coded,
    }
    #[derive(Deserialize)]
    struct Coded {
        code: Code,
    }
    let code = serde_json::from_slice::<Refusal>(body).map_or(Code::Other, |refusal| refusal.error.code);
    Err(RestError::Refused { status, code })
}
