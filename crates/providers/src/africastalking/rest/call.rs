//! Placing calls and passing them on.

use contract::phone::Phone;
use contract::report::{DialledLeg, FailureReason, LegStatus};
use serde_json::Value;

use super::{Request, RestError, Service, answer, refusal, text};
use crate::script::Address;
use crate::word::plain;

/// Dials numbers from one of our lines, all at once; each gets a session of its own. The provider has no protection
/// against a repeated request, so a request whose answer was lost must not be sent again: it can ring people twice.
///
/// `client_request_id` comes back on the events address of every session.
pub fn call(
    username: &str,
    api_key: &str,
    from: &str,
    to: &[Phone],
    client_request_id: Option<&str>,
) -> Request {
    let to: Vec<&str> = to.iter().map(Phone::as_str).collect();
    Request::post(Service::Voice, "/call", username, api_key)
        .with("from", from)
        .with("to", to.join(","))
        .maybe("clientRequestId", client_request_id)
}

/// The answer to [`call`].
#[derive(Clone, PartialEq, Eq)]
pub struct CallAnswer {
    /// One per number that was looked at; empty where the request was refused as a whole.
    pub entries: Vec<CallEntry>,
    /// What the provider says went wrong; none on success (its word `None`).
    pub error_message: Option<String>,
}

/// One number of a [`CallAnswer`].
#[derive(Clone, PartialEq, Eq)]
pub struct CallEntry {
    /// The number, as the provider wrote it.
    pub phone: String,
    /// Whether it was taken.
    pub status: LegStatus,
    /// Its session; none when it was refused.
    pub session_id: Option<String>,
}

impl std::fmt::Debug for CallAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallAnswer({:?}, error: {})", self.entries, self.error_message.is_some())
    }
}

impl std::fmt::Debug for CallEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallEntry({:?}, {:?})", self.status, self.session_id)
    }
}

impl CallAnswer {
    /// Why the request as a whole was refused, where it was.
    pub fn refusal(&self) -> Option<FailureReason> {
        if self.entries.is_empty() {
            Some(refusal(self.error_message.as_deref().unwrap_or_default()))
        } else {
            None
        }
    }

    /// One leg per party in the order of the parties, found by number, since the provider promises no order. A party
    /// the answer does not name was not taken.
    pub fn legs(&self, parties: &[Phone]) -> Vec<DialledLeg> {
        let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
        parties
            .iter()
            .zip(0u32..)
            .map(|(phone, party)| {
                let wanted = digits(phone.as_str());
                match self.entries.iter().find(|entry| digits(&entry.phone) == wanted) {
                    Some(entry) => {
                        DialledLeg { party, call_id: entry.session_id.clone(), status: entry.status }
                    }
                    None => DialledLeg { party, call_id: None, status: LegStatus::Refused },
                }
            })
            .collect()
    }
}

/// Reads the answer to [`call`].
///
/// # Errors
/// [`RestError`] where there is no answer of the known shape. A request refused as a whole is read: see
/// [`CallAnswer::refusal`].
pub fn read_call(status: u16, body: &[u8]) -> Result<CallAnswer, RestError> {
    let json = answer(status, body)?;
    let error_message = text(&json, "errorMessage").map(str::to_owned);
    let entries: Vec<CallEntry> = match json.get("entries") {
        Some(Value::Array(entries)) => entries.iter().map(entry).collect(),
        _ if error_message.is_some() => Vec::new(),
        _ => return Err(RestError::Unreadable { status }),
    };
    Ok(CallAnswer { entries, error_message })
}

fn entry(entry: &Value) -> CallEntry {
    let status = match plain(text(entry, "status").unwrap_or_default()).as_str() {
        "queued" => LegStatus::Queued,
        "invalidphonenumber" => LegStatus::InvalidNumber,
        "destinationnotsupported" => LegStatus::NotSupported,
        "insufficientcredit" | "insufficientbalance" => LegStatus::InsufficientCredit,
        _ => LegStatus::Refused,
    };
    CallEntry {
        phone: text(entry, "phoneNumber").unwrap_or_default().to_owned(),
        status,
        session_id: text(entry, "sessionId").map(str::to_owned),
    }
}

/// Which side of a call is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallLeg {
    /// Who called.
    Caller,
    /// Who was called; the provider's default.
    Callee,
}

/// Passes one side of a running call on to another number.
pub fn transfer(
    username: &str,
    api_key: &str,
    session_id: &str,
    to: &Phone,
    leg: Option<CallLeg>,
    hold_music: Option<&Address>,
) -> Request {
    let leg = leg.map(|leg| match leg {
        CallLeg::Caller => "caller",
        CallLeg::Callee => "callee",
    });
    Request::post(Service::Voice, "/callTransfer", username, api_key)
        .with("sessionId", session_id)
        .with("phoneNumber", to.as_str())
        .maybe("callLeg", leg)
        .maybe("holdMusicUrl", hold_music.map(Address::as_str))
}

/// Reads the answer to [`transfer`], nested as recorded or flat as one of the vendor's libraries expects it.
///
/// # Errors
/// [`RestError`] unless the provider says `Success`.
pub fn read_transfer(status: u16, body: &[u8]) -> Result<(), RestError> {
    let json = answer(status, body)?;
    let json = json.get("callTransferResponse").unwrap_or(&json);
    match (text(json, "status").map(plain).as_deref(), text(json, "errorMessage")) {
        (Some("success"), None) => Ok(()),
        (_, Some(message)) => Err(RestError::Refused(refusal(message))),
        (Some(_), None) => Err(RestError::Refused(FailureReason::Other)),
        (None, None) => Err(RestError::Unreadable { status }),
    }
}
