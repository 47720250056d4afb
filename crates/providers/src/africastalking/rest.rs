//! Requests to the provider as values, and the bytes of its answers as results.
//!
//! An answer is judged by its body: a refused request may come as 200 or 201, and a wrong key comes as plain text.

mod call;
mod line;
mod message;

pub use call::{CallAnswer, CallEntry, CallLeg, call, read_call, read_transfer, transfer};
pub use line::{Queue, queue_status, read_queues, read_uploaded, upload_media};
pub use message::{Recipient, read_sms, send_sms};

use contract::report::FailureReason;
use serde_json::Value;

use crate::word::{plain, told};

/// The user name that means the sandbox; nothing else chooses it.
const SANDBOX_USERNAME: &str = "sandbox";
/// Longest answer worth reading, in bytes. One of 1000 recipients has about 160 KiB.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Which of the provider's services a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Calls.
    Voice,
    /// Text messages.
    Messaging,
}

/// A request ready to be sent. `Debug` shows only where it goes: header and form hold the key and people's numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `POST`.
    pub method: &'static str,
    /// Which service.
    pub service: Service,
    /// Whether it goes to the sandbox.
    pub sandbox: bool,
    /// Path under [`Request::base`], with its leading slash.
    pub path: &'static str,
    /// Headers, lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// Form fields in order.
    pub form: Vec<(&'static str, String)>,
}

impl Request {
    fn post(service: Service, path: &'static str, username: &str, api_key: &str) -> Request {
        Request {
            method: "POST",
            service,
            sandbox: username == SANDBOX_USERNAME,
            path,
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("apikey", api_key.to_owned()),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ],
            form: vec![("username", username.to_owned())],
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.form.push((name, value.into()));
        self
    }

    fn maybe(self, name: &'static str, value: Option<&str>) -> Request {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Scheme and host of the provider's own servers.
    pub fn base(&self) -> &'static str {
        match (self.service, self.sandbox) {
            (Service::Voice, false) => "https://voice.africastalking.com",
            (Service::Voice, true) => "https://voice.sandbox.africastalking.com",
            (Service::Messaging, false) => "https://api.africastalking.com",
            (Service::Messaging, true) => "https://api.sandbox.africastalking.com",
        }
    }

    /// The body, form-encoded.
    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.form).finish()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} {}{})", self.method, self.base(), self.path)
    }
}

/// Why an answer is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The key or user name was refused.
    #[error("the provider refused the API key")]
    Unauthorized,
    /// The provider refused the request as a whole, with a readable reason.
    #[error("the provider refused the request: {0:?}")]
    Refused(FailureReason),
    /// The provider failed, or was too busy. A call may still have been placed.
    #[error("the provider failed with status {status}")]
    Provider {
        /// HTTP status.
        status: u16,
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
        match self {
            RestError::Unauthorized => FailureReason::Unauthorized,
            RestError::Refused(reason) => *reason,
            RestError::Provider { .. } => FailureReason::ProviderError,
            RestError::Unreadable { .. } => FailureReason::UnreadableAnswer,
        }
    }
}

/// The JSON of an answer, once the status leaves room for one.
fn answer(status: u16, body: &[u8]) -> Result<Value, RestError> {
    match status {
        401 | 403 => return Err(RestError::Unauthorized),
        429 | 500.. => return Err(RestError::Provider { status }),
        _ => {}
    }
    let unreadable = RestError::Unreadable { status };
    if body.len() > ANSWER_BYTES_MAX {
        return Err(unreadable);
    }
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        // 4xx with plain text: what it says is a refusal.
        Err(_) if (400..500).contains(&status) => {
            Err(RestError::Refused(refusal(&String::from_utf8_lossy(body))))
        }
        Err(_) => Err(unreadable),
    }
}

/// A member that is a text and not one of the words for "nothing".
fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).and_then(told)
}

/// The provider's words for refusing a whole request.
fn refusal(message: &str) -> FailureReason {
    let word = plain(message);
    let has = |part: &str| word.contains(part);
    if has("authentication") {
        FailureReason::Unauthorized
    } else if has("invalidsenderid") {
        FailureReason::InvalidSender
    } else if has("insufficientbalance") || has("insufficientcredit") {
        FailureReason::InsufficientCredit
    } else if has("blacklist") {
        FailureReason::OptedOut
    } else if has("invalidphonenumber") {
        FailureReason::InvalidNumber
    } else {
        FailureReason::Other
    }
}
