//! The VoicePact webhook: a form or a flat JSON object about a call or about a whole conference.
//!
//! Its documented names (`phoneNumber`, `duration`) are its own; the provider that posts there sends `callerNumber` and
//! `durationInSeconds`. Both are read. A `sessionId` of ours (`ATVoice_…`) is a conference; any other is a call, and
//! gives the very facts and keys the voice callback of that call gives, so one event told on both is one event.

use contract::fact::{ConferenceStatus, Fact, Private, Subject, What};
use contract::phone::Country;

use crate::africastalking::time::Zone;
use crate::africastalking::{number, voice};
use crate::form::{self, Fields, Media, key_digest};
use crate::json;
use crate::reading::{Echo, ReadError, Reading};
use crate::word::plain;

/// What every conference id of ours starts with.
pub use contract::conference::CONFERENCE_PREFIX;

/// The documented names and the provider's own for the same thing.
const RENAMED: [(&str, &str); 2] = [("phoneNumber", "callerNumber"), ("duration", "durationInSeconds")];

/// Reads one webhook, as form or JSON by its content type.
///
/// # Errors
/// [`ReadError`] for a body that is not what its content type says, a missing or odd `sessionId`, and a `duration`
/// that is no whole number of seconds.
pub fn read_webhook(
    body: &[u8],
    content_type: &str,
    country: Country,
    zone: &Zone,
) -> Result<Reading, ReadError> {
    let fields = match Media::of(content_type) {
        Media::Form | Media::Absent => form::read(body, content_type)?,
        Media::Json => json::read(body)?,
        Media::Other => {
            return Err(ReadError::ContentType {
                expected: "application/x-www-form-urlencoded or application/json",
            });
        }
    };
    check_duration(&fields, "duration")?;
    check_duration(&fields, "durationInSeconds")?;
    let fields = renamed(&fields)?;
    if fields.id("sessionId")?.starts_with(CONFERENCE_PREFIX) {
        conference(&fields, country)
    } else {
        voice::read_fields(&fields, country, zone)
    }
}

/// The provider's retry cannot mend a wrong number, but an operator reading the refusal can.
fn check_duration(fields: &Fields, name: &'static str) -> Result<(), ReadError> {
    match fields.get(name)? {
        Some(text) if text.parse::<u32>().is_err() || text.starts_with('+') => {
            Err(ReadError::Invalid { field: name, reason: "is not a whole number of seconds" })
        }
        _ => Ok(()),
    }
}

/// The fields under the provider's own names. Where both names stand, the provider's own is kept.
fn renamed(fields: &Fields) -> Result<Fields, ReadError> {
    // Before they are renamed, so that a field with two values is named as it was sent.
    for (documented, _) in RENAMED {
        fields.raw(documented)?;
    }
    let mut renamed = Fields::new();
    for (name, value) in fields.iter() {
        let documented = RENAMED.iter().find(|(ours, _)| name.trim().eq_ignore_ascii_case(ours));
        match documented {
            Some((_, own)) if fields.get(own)?.is_some() => {}
            Some((_, own)) => renamed.push(own, value)?,
            None => renamed.push(name, value)?,
        }
    }
    Ok(renamed)
}

fn conference(fields: &Fields, country: Country) -> Result<Reading, ReadError> {
    let id = fields.id("sessionId")?;
    let phone = number(fields, &["callerNumber"], country)?;
    let duration_s = fields.get("durationInSeconds")?.and_then(|text| text.parse().ok());
    let fact = |word: &str, what, private| Fact {
        subject: Subject::Conference { id: id.to_owned() },
        key: format!("{id}:{word}"),
        occurred: None,
        what,
        private,
    };
    let mut facts = Vec::new();
    if let Some((status, word)) = fields.get("status")?.and_then(status) {
        // One report per participant may come, so who and how long belong to what makes a report the same.
        let told = format!("{id} {} {duration_s:?}", phone.as_deref().unwrap_or_default());
        let word = format!("reported:{word}:{}", key_digest(&told));
        let private = Private { phone, ..Private::default() };
        facts.push(fact(&word, What::ConferenceReported { status, duration_s }, private));
    }
    if let Some(url) = fields.get("recordingUrl")?.map(str::to_owned) {
        let word = format!("recording:{}", key_digest(&url));
        let private = Private { url: Some(url), ..Private::default() };
        facts.push(fact(&word, What::RecordingAvailable { duration_s }, private));
    }
    let echo = Echo { session_id: id.to_owned(), ..Echo::default() };
    Ok(Reading { facts, active: false, echo })
}

/// The documented words and those of calls; none for a word that says nothing about a conference.
fn status(word: &str) -> Option<(ConferenceStatus, &'static str)> {
    match plain(word).as_str() {
        "active" | "inprogress" | "answered" | "ringing" | "queued" => {
            Some((ConferenceStatus::Active, "active"))
        }
        "completed" | "success" => Some((ConferenceStatus::Completed, "completed")),
        "failed" | "busy" | "noanswer" | "notanswered" | "aborted" => {
            Some((ConferenceStatus::Failed, "failed"))
        }
        _ => None,
    }
}
