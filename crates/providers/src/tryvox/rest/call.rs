//! Placing calls, asking about them, ending them.

use contract::phone::Phone;
use serde::Deserialize;

use super::{Account, RestError, answer};
use crate::json::members::Members;
use crate::request::{ApiRequest, segment};
use crate::script::Address;

/// Most calls of one page.
pub const PAGE_CALLS_MAX: u32 = 100;

/// A call to be placed. `Debug` of its parts hides numbers and addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct CallOrder {
    /// Our line.
    pub from: String,
    /// Whom.
    pub to: Phone,
    /// Asked for VoxML when somebody picks up.
    pub answer: Address,
    /// Told that it rings.
    pub ring: Option<Address>,
    /// Told that it is over.
    pub hangup: Option<Address>,
    /// How long it rings, seconds.
    pub ring_timeout_s: Option<u32>,
    /// Longest talk, seconds.
    pub time_limit_s: Option<u32>,
}

/// Places a call. The provider has no protection against a repeated request, so one whose answer was lost must not be
/// sent again: it can ring the person twice.
pub fn make_call(account: &Account, order: &CallOrder) -> ApiRequest {
    let body = Members::new()
        .with("from", order.from.as_str())
        .with("to", order.to.as_str())
        .with("answer_url", order.answer.as_str())
        .with("answer_method", "POST")
        .maybe("ring_url", order.ring.as_ref().map(Address::as_str))
        .maybe("hangup_url", order.hangup.as_ref().map(Address::as_str))
        .maybe("ring_timeout", order.ring_timeout_s)
        .maybe("time_limit", order.time_limit_s);
    account.request("POST", "/calls", Some(body.json()))
}

/// Asks for a page of calls, newest first; pages count from 1.
pub fn list_calls(account: &Account, page: u32, per_page: u32) -> ApiRequest {
    let per_page = per_page.clamp(1, PAGE_CALLS_MAX);
    account.request("GET", &format!("/calls?page={}&per_page={per_page}", page.max(1)), None)
}

/// Asks about a call.
pub fn get_call(account: &Account, call_uuid: &str) -> ApiRequest {
    account.request("GET", &format!("/calls/{}", segment(call_uuid)), None)
}

/// Ends a call. Answered like [`super::read_done`] reads it; for a call that is over with 404.
pub fn hang_up(account: &Account, call_uuid: &str) -> ApiRequest {
    account.request("DELETE", &format!("/calls/{}", segment(call_uuid)), None)
}

/// Passes a call on to another number.
pub fn transfer(account: &Account, call_uuid: &str, to: &Phone) -> ApiRequest {
    let body = Members::new().with("to", to.as_str()).json();
    account.request("POST", &format!("/calls/{}/transfer", segment(call_uuid)), Some(body))
}

/// Begins to record a call.
pub fn start_recording(account: &Account, call_uuid: &str) -> ApiRequest {
    account.request(
        "POST",
        &format!("/calls/{}/record", segment(call_uuid)),
        Some(Members::new().with("format", "mp3").json()),
    )
}

/// Ends the recording of a call. Answered like [`super::read_done`] reads it.
pub fn stop_recording(account: &Account, call_uuid: &str) -> ApiRequest {
    account.request("DELETE", &format!("/calls/{}/record", segment(call_uuid)), None)
}

/// The answer to [`make_call`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Placed {
    /// The call.
    pub call_uuid: String,
    /// The request.
    pub request_uuid: String,
    /// `ringing`.
    pub status: String,
}

/// A call as told when asked about. `Debug` hides numbers and addresses.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// Its id.
    pub call_uuid: String,
    /// Who called.
    pub from: String,
    /// Who was called.
    pub to: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// `ringing`, `in-progress`, `completed`, `failed`, `busy`, `no-answer`, `canceled`: an open set.
    pub status: String,
    /// Length, seconds.
    #[serde(default)]
    pub duration: Option<u32>,
    /// When it began, RFC 3339.
    #[serde(default)]
    pub start_time: Option<String>,
    /// When somebody picked up, RFC 3339.
    #[serde(default)]
    pub answer_time: Option<String>,
    /// When it ended, RFC 3339.
    #[serde(default)]
    pub end_time: Option<String>,
    /// `caller-hangup`, `callee-hangup`, `api-hangup`: an open set.
    #[serde(default)]
    pub end_reason: Option<String>,
    /// The cost as written.
    #[serde(default)]
    pub price: Option<String>,
    /// Its currency.
    #[serde(default)]
    pub price_unit: Option<String>,
    /// Where its recordings can be fetched.
    #[serde(default)]
    pub recording_urls: Vec<String>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({}, {}, {} recordings)", self.call_uuid, self.status, self.recording_urls.len())
    }
}

/// Reads the answer to [`make_call`].
///
/// # Errors
/// [`RestError`].
pub fn read_placed(status: u16, body: &[u8]) -> Result<Placed, RestError> {
    answer(status, body)
}

/// Reads the answer to [`get_call`].
///
/// # Errors
/// [`RestError`].
pub fn read_call(status: u16, body: &[u8]) -> Result<Call, RestError> {
    answer(status, body)
}

/// Reads the answer to [`list_calls`]: the calls, and how many pages there are.
///
/// # Errors
/// [`RestError`].
pub fn read_calls(status: u16, body: &[u8]) -> Result<(Vec<Call>, u32), RestError> {
    #[derive(Deserialize)]
    struct Answer {
        calls: Vec<Call>,
        pagination: Pagination,
    }
    #[derive(Deserialize)]
    struct Pagination {
        total_pages: u32,
    }
    answer::<Answer>(status, body).map(|answer| (answer.calls, answer.pagination.total_pages))
}

/// Reads the answer to [`transfer`]: the provider's id of it.
///
/// # Errors
/// [`RestError`].
pub fn read_transferring(status: u16, body: &[u8]) -> Result<String, RestError> {
    #[derive(Deserialize)]
    struct Answer {
        transfer_uuid: String,
    }
    answer::<Answer>(status, body).map(|answer| answer.transfer_uuid)
}

/// Reads the answer to [`start_recording`]: the provider's id of the recording.
///
/// # Errors
/// [`RestError`].
pub fn read_recording(status: u16, body: &[u8]) -> Result<String, RestError> {
    #[derive(Deserialize)]
    struct Answer {
        recording_uuid: String,
    }
    answer::<Answer>(status, body).map(|answer| answer.recording_uuid)
}
