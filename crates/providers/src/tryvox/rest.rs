//! Requests to TryVox as values, and the bytes of its answers as results.

mod call;
mod conference;

pub use call::{
    Call, CallOrder, Placed, get_call, hang_up, list_calls, make_call, read_call, read_calls, read_placed,
    read_recording, read_transferring, start_recording, stop_recording, transfer,
};
pub use conference::{
    Conference, Heard, Member, Muted, Room, end_conference, get_conference, kick, list_conferences, mute,
    play, read_conference, read_conferences, read_kicked, read_muted, read_playing, read_speaking, speak,
    unmute,
};

use contract::report::FailureReason;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::request::{ApiRequest, segment};

/// The provider's own servers.
pub const BASE: &str = "https://api.tryvox.io/v1/voice";
/// Longest answer worth reading, in bytes. One of 100 calls has about 40 KiB.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Whose requests they are. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's id, part of every path.
    pub auth_id: String,
    /// `tvx_sk_live_…` or `tvx_sk_test_…`.
    pub api_key: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(..)")
    }
}

impl Account {
    fn request(&self, method: &'static str, below: &str, body: Option<String>) -> ApiRequest {
        let path = format!("/accounts/{}{below}", segment(&self.auth_id));
        ApiRequest::new(method, BASE, path, &self.api_key, body)
    }
}

/// Why the provider refused: the codes of its errors page, and the words of its hang-up page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Code {
    ValidationFailed,
    Unauthorized,
    Forbidden,
    NotFound,
    VerificationFailed,
    RateLimited,
    MaxAttemptsExceeded,
    InternalError,
    DeliveryFailed,
    CallAlreadyEnded,
    CallNotFound,
    /// One we do not know, or none.
    Other,
}

/// Why an answer is no success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The provider refused, or failed. After a 5xx, or no answer at all, a call may still have been placed.
    #[error("the provider refused with status {status}: {code:?}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Why.
        code: Code,
        /// The fields it names, where it names any. Free text of the provider, not for the log.
        fields: Fields,
    },
    /// No answer we know the shape of.
    #[error("the provider's answer with status {status} could not be read")]
    Unreadable {
        /// HTTP status.
        status: u16,
    },
}

/// Names of fields a provider refused. `Debug` shows only how many.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<String>);

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}

impl RestError {
    /// The word for the ledger.
    pub fn reason(&self) -> FailureReason {
        let RestError::Refused { status, code, .. } = self else { return FailureReason::UnreadableAnswer };
        match (code, status) {
            (Code::Unauthorized | Code::Forbidden, _) | (Code::Other, 401 | 403) => {
                FailureReason::Unauthorized
            }
            (Code::NotFound | Code::CallNotFound | Code::CallAlreadyEnded, _) | (Code::Other, 404) => {
                FailureReason::NotFound
            }
            (Code::InternalError | Code::DeliveryFailed | Code::RateLimited, _) | (_, 429 | 500..) => {
                FailureReason::ProviderError
            }
            _ => FailureReason::Other,
        }
    }
}

/// Reads an answer without a body, such as the one to [`end_conference`] or [`hang_up`].
///
/// # Errors
/// [`RestError`].
pub fn read_done(status: u16, body: &[u8]) -> Result<(), RestError> {
    if (200..300).contains(&status) { Ok(()) } else { Err(refused(status, body)) }
}

/// The answer of a 2xx, or why there is none.
fn answer<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, RestError> {
    if !(200..300).contains(&status) {
        return Err(refused(status, body));
    }
    if body.len() > ANSWER_BYTES_MAX {
        return Err(RestError::Unreadable { status });
    }
    serde_json::from_slice(body).map_err(|_| RestError::Unreadable { status })
}

/// Both shapes of an error: `{"error":{"code","message","details"}}` and `{"error":"call_not_found","message"}`.
fn refused(status: u16, body: &[u8]) -> RestError {
    #[derive(Deserialize)]
    struct Refusal {
        error: Shape,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Shape {
        Word(String),
        Coded {
            code: String,
            #[serde(default)]
            details: Option<Vec<Detail>>,
        },
    }
    #[derive(Deserialize)]
    struct Detail {
        field: String,
    }
    let body = if body.len() > ANSWER_BYTES_MAX { &[][..] } else { body };
    let (code, fields) = match serde_json::from_slice::<Refusal>(body) {
        Ok(Refusal { error: Shape::Word(word) }) => (code(&word), Vec::new()),
        Ok(Refusal { error: Shape::Coded { code: word, details } }) => {
            (code(&word), details.into_iter().flatten().map(|detail| detail.field).collect())
        }
        Err(_) => (Code::Other, Vec::new()),
    };
    RestError::Refused { status, code, fields: Fields(fields) }
}

fn code(word: &str) -> Code {
    match word.to_ascii_lowercase().as_str() {
        "validation_failed" => Code::ValidationFailed,
        "unauthorized" => Code::Unauthorized,
        "forbidden" => Code::Forbidden,
        "not_found" => Code::NotFound,
        "verification_failed" => Code::VerificationFailed,
        "rate_limited" => Code::RateLimited,
        "max_attempts_exceeded" => Code::MaxAttemptsExceeded,
        "internal_error" => Code::InternalError,
        "delivery_failed" => Code::DeliveryFailed,
        "call_already_ended" => Code::CallAlreadyEnded,
        "call_not_found" => Code::CallNotFound,
        _ => Code::Other,
    }
}
