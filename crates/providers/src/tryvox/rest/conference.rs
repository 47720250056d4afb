//! Conferences and their members.

use ledger::time::Timestamp;
use serde::Deserialize;

use super::{Account, RestError, answer};
use crate::africastalking::time::instant;
use crate::json::members::Members;
use crate::request::{ApiRequest, segment};
use crate::script::{Address, Label};

/// Asks for all running conferences.
pub fn list_conferences(account: &Account) -> ApiRequest {
    account.request("GET", "/conferences", None)
}

/// Asks about one conference and its members. Names are case-sensitive.
pub fn get_conference(account: &Account, name: &str) -> ApiRequest {
    account.request("GET", &below(name, ""), None)
}

/// Ends a conference; everybody is disconnected.
pub fn end_conference(account: &Account, name: &str) -> ApiRequest {
    account.request("DELETE", &below(name, ""), None)
}

/// Mutes a member.
pub fn mute(account: &Account, name: &str, member: &str) -> ApiRequest {
    account.request("POST", &below(name, &format!("/members/{}/mute", segment(member))), None)
}

/// Lets a member speak again.
pub fn unmute(account: &Account, name: &str, member: &str) -> ApiRequest {
    account.request("POST", &below(name, &format!("/members/{}/unmute", segment(member))), None)
}

/// Takes a member out; it may come back by dialling in again.
pub fn kick(account: &Account, name: &str, member: &str) -> ApiRequest {
    account.request("POST", &below(name, &format!("/members/{}/kick", segment(member))), None)
}

/// Speaks to everybody. Interrupts what is spoken or played, as [`play`] does.
pub fn speak(account: &Account, name: &str, text: &str, voice: Option<&Label>) -> ApiRequest {
    let body = Members::new().with("text", text).maybe("voice", voice.map(Label::as_str)).json();
    account.request("POST", &below(name, "/speak"), Some(body))
}

/// Plays a file to everybody.
pub fn play(account: &Account, name: &str, url: &Address) -> ApiRequest {
    let body = Members::new().with("url", url.as_str()).json();
    account.request("POST", &below(name, "/play"), Some(body))
}

fn below(name: &str, rest: &str) -> String {
    format!("/conferences/{}{rest}", segment(name))
}

/// A running conference in a list. A name is used again over time; name and begin together are one conference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// `in-progress`.
    pub status: String,
    /// How many are in it.
    pub members: u32,
    /// When it began, RFC 3339.
    pub created_at: String,
}

/// One conference with its members.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Conference {
    /// Its name.
    pub name: String,
    /// `in-progress`.
    pub status: String,
    /// When it began, RFC 3339.
    pub created_at: String,
    /// Who is in it.
    pub members: Vec<Member>,
}

impl Conference {
    /// When it began, as an instant; none where the provider writes no time.
    pub fn begun(&self) -> Option<Timestamp> {
        instant(&self.created_at)
    }
}

/// Somebody in a conference. `Debug` hides the number.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Unique within the conference.
    pub member_id: String,
    /// The call that joined.
    pub call_uuid: String,
    /// Who it is.
    pub number: String,
    /// Whether the others cannot hear this one.
    pub muted: bool,
    /// Whether this one is on hold.
    pub hold: bool,
    /// When, RFC 3339.
    pub joined_at: String,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Member({}, muted: {})", self.member_id, self.muted)
    }
}

/// The answer to [`mute`] and [`unmute`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Muted {
    /// Who.
    pub member_id: String,
    /// Now.
    pub muted: bool,
}

/// What is being spoken or played to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Heard {
    /// The provider's id of it.
    #[serde(alias = "speak_uuid", alias = "play_uuid")]
    pub id: String,
    /// `speaking` or `playing`.
    pub status: String,
}

/// Reads the answer to [`list_conferences`].
///
/// # Errors
/// [`RestError`].
pub fn read_conferences(status: u16, body: &[u8]) -> Result<Vec<Room>, RestError> {
    #[derive(Deserialize)]
    struct Answer {
        conferences: Vec<Room>,
    }
    answer::<Answer>(status, body).map(|answer| answer.conferences)
}

/// Reads the answer to [`get_conference`].
///
/// # Errors
/// [`RestError`].
pub fn read_conference(status: u16, body: &[u8]) -> Result<Conference, RestError> {
    answer(status, body)
}

/// Reads the answer to [`mute`] and [`unmute`].
///
/// # Errors
/// [`RestError`].
pub fn read_muted(status: u16, body: &[u8]) -> Result<Muted, RestError> {
    answer(status, body)
}

/// Reads the answer to [`kick`]: the member that was taken out.
///
/// # Errors
/// [`RestError`]; unreadable where the status is another word than `kicked`.
pub fn read_kicked(status: u16, body: &[u8]) -> Result<String, RestError> {
    #[derive(Deserialize)]
    struct Answer {
        member_id: String,
        status: String,
    }
    match answer::<Answer>(status, body)? {
        Answer { member_id, status: word } if word == "kicked" => Ok(member_id),
        _ => Err(RestError::Unreadable { status }),
    }
}

/// Reads the answer to [`speak`].
///
/// # Errors
/// [`RestError`].
pub fn read_speaking(status: u16, body: &[u8]) -> Result<Heard, RestError> {
    answer(status, body)
}

/// Reads the answer to [`play`].
///
/// # Errors
/// [`RestError`].
pub fn read_playing(status: u16, body: &[u8]) -> Result<Heard, RestError> {
    answer(status, body)
}
