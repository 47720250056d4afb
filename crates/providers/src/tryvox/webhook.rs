//! The webhooks: status events, requests for VoxML, keys, recordings; all of them flat JSON objects or forms.
//!
//! Only one payload is documented (`call.answered`). Which fact a body is, in this order:
//!
//! | told | fact | key after `<call_uuid>:` |
//! |---|---|---|
//! | `event` (`call.answered`, also without `call.`) | by its word | `started`, `queued`, `ringing`, `answered`, `transferred`, `ended` |
//! | `digits` | `CallInput` | `input:` digest of the body |
//! | `recording_url`, `recording_urls`, and no sign of the call's end | only the recordings | |
//! | `call_status`, else `status` | by its word | as above |
//! | anything else | `CallOther` | `other:` digest of the body |
//! | besides, each recording's address | `RecordingAvailable` | `recording:` digest of the address |
//!
//! The word `completed` beside a recording speaks of the recording; so it ends a call only where the body has a field
//! that only an ended call has. A status of a conference that names no call is authentic, but its payload is documented
//! nowhere: it gives no fact.

use contract::fact::{Cause, Fact, Leg, What};
use contract::phone::Country;
use contract::provider::Provider;

use crate::africastalking::outcome::{End, cause};
use crate::africastalking::time::instant;
use crate::africastalking::{cost, currency};
use crate::form::{self, Media};
use crate::json::document::{Document, Node};
use crate::leg::{Moment, Told, direction, ends, occurred};
use crate::reading::{Echo, ReadError, Reading};
use crate::word::plain;

/// Most recordings taken from one body; a call has a few.
const RECORDINGS_MAX: usize = 32;
/// Fields that only the end of a call has.
const END_ONLY: [&str; 3] = ["end_reason", "end_time", "hangup_cause"];
/// What the three known reasons of an end, each a hang-up by somebody, have in common.
const HANGUP: &str = "hangup";

/// Reads one webhook.
///
/// # Errors
/// [`ReadError`] for bytes that are neither a JSON object nor a form, a missing or odd `call_uuid`, or one name with two
/// values. Unknown events are read as [`What::CallOther`].
pub fn read(body: &[u8], content_type: &str, country: Country) -> Result<Reading, ReadError> {
    let document = document(body, content_type)?;
    if document.text("call_uuid")?.is_none() && about_conference(&document)? {
        return Ok(Reading { facts: Vec::new(), active: true, echo: Echo::default() });
    }
    let call = Call::of(&document, country)?;
    let (fact, active) = call.fact()?;
    call.reading(fact, active)
}

/// Reads the request for VoxML (`answer_url`, or the address of a redirect). Without any word it says that the call is
/// there.
///
/// # Errors
/// As [`read`].
pub fn read_question(body: &[u8], content_type: &str, country: Country) -> Result<Reading, ReadError> {
    let document = document(body, content_type)?;
    let call = Call::of(&document, country)?;
    let (fact, active) = call.fact()?;
    let told = fact.as_ref().is_some_and(|fact| !matches!(fact.what, What::CallOther(_)));
    let asked = || call.told.fact("asked", What::CallStarted(call.leg.clone()));
    call.reading(if told { fact } else { Some(asked()) }, active)
}

fn document(body: &[u8], content_type: &str) -> Result<Document, ReadError> {
    match Media::of(content_type) {
        Media::Json | Media::Absent => Document::read(body),
        Media::Form => Ok(Document::of(&form::read(body, content_type)?)),
        Media::Other => {
            Err(ReadError::ContentType { expected: "application/json or application/x-www-form-urlencoded" })
        }
    }
}

fn about_conference(document: &Document) -> Result<bool, ReadError> {
    let event = document.text("event")?.is_some_and(|event| plain(&event).starts_with("conference"));
    Ok(event || document.first(&["conference_name", "conference"])?.is_some())
}

/// The moment a word of events or of statuses stands for; none for a word we do not know.
pub(super) fn moment(word: &str) -> Option<Moment> {
    let word = word.trim();
    match plain(word.strip_prefix("call.").unwrap_or(word)).as_str() {
        "initiated" | "started" | "created" => Some(Moment::Started),
        "queued" => Some(Moment::Queued),
        "ringing" => Some(Moment::Ringing),
        "answered" | "inprogress" => Some(Moment::Answered),
        "transferred" => Some(Moment::Transferred),
        "ended" | "completed" | "failed" | "busy" | "noanswer" | "canceled" | "cancelled" | "rejected"
        | "hangup" => Some(Moment::Ended),
        _ => None,
    }
}

/// What one body tells, read but not yet judged.
struct Call<'a> {
    document: &'a Document,
    told: Told,
    leg: Leg,
    status: Option<String>,
    recordings: Vec<String>,
}

impl<'a> Call<'a> {
    fn of(document: &'a Document, country: Country) -> Result<Call<'a>, ReadError> {
        let direction = document.text("direction")?.as_deref().and_then(direction);
        let told = Told {
            provider: Provider::TryVox,
            id: document.id("call_uuid")?,
            occurred: occurred(document.text("timestamp")?),
            private: ends(direction, document.text("from")?, document.text("to")?, country),
        };
        let started_at = document.text("start_time")?.and_then(|text| instant(&text));
        Ok(Call {
            document,
            told,
            leg: Leg { direction, started_at, ..Leg::default() },
            status: document.first(&["call_status", "status"])?,
            recordings: recordings(document)?,
        })
    }

    /// The fact about the call, unless recordings are all the body is about; and whether the call goes on.
    fn fact(&self) -> Result<(Option<Fact>, bool), ReadError> {
        let status = self.status.as_deref().and_then(moment);
        if let Some(event) = self.document.text("event")? {
            let moment = moment(&event);
            if moment.is_none() && !self.recordings.is_empty() {
                return Ok((None, true));
            }
            return Ok((Some(self.of_moment(moment, Some(&event))?), moment != Some(Moment::Ended)));
        }
        if let Some(digits) = self.document.first(&["digits", "dtmf_digits"])? {
            let word = format!("input:{}", self.document.digest());
            let mut fact = self.told.fact(&word, What::CallInput(self.leg.clone()));
            fact.private.digits = Some(digits);
            return Ok((Some(fact), status != Some(Moment::Ended)));
        }
        let over = status == Some(Moment::Ended) && self.document.first(&END_ONLY)?.is_some();
        if !self.recordings.is_empty() && !over {
            return Ok((None, true));
        }
        Ok((Some(self.of_moment(status, None)?), status != Some(Moment::Ended)))
    }

    fn of_moment(&self, moment: Option<Moment>, event: Option<&str>) -> Result<Fact, ReadError> {
        let leg = self.leg.clone();
        Ok(match moment {
            Some(Moment::Started) => self.told.fact("started", What::CallStarted(leg)),
            Some(Moment::Queued) => self.told.fact("queued", What::CallQueued(leg)),
            Some(Moment::Ringing) => self.told.fact("ringing", What::CallRinging(leg)),
            Some(Moment::Answered) => self.told.fact("answered", What::CallAnswered(leg)),
            Some(Moment::Transferred) => {
                let word = format!("transferred:{}", self.document.digest());
                self.told.fact(&word, What::CallTransferred(leg))
            }
            Some(Moment::Ended) => self.told.fact("ended", What::CallEnded(self.end(event)?)),
            None => self.told.fact(&format!("other:{}", self.document.digest()), What::CallOther(leg)),
        })
    }

    fn end(&self, event: Option<&str>) -> Result<Leg, ReadError> {
        let reason = self.document.first(&["end_reason", "hangup_cause"])?;
        let hangup = reason.as_deref().map(end_cause);
        let duration_s = self.document.seconds(&["duration"])?;
        let event = event.map(|event| event.strip_prefix("call.").unwrap_or(event));
        let words = [event, self.status.as_deref(), reason.as_deref()];
        let end = End { causes: [hangup, None], words, duration_s };
        let price = self.document.text("price")?.as_deref().and_then(cost);
        let unit = self.document.text("price_unit")?.as_deref().and_then(currency);
        Ok(Leg {
            outcome: Some(end.outcome()),
            cause: hangup,
            duration_s,
            currency: unit.or_else(|| price.as_ref().and_then(|(code, _)| code.clone())),
            cost: price.map(|(_, amount)| amount),
            ..self.leg.clone()
        })
    }

    fn reading(&self, fact: Option<Fact>, active: bool) -> Result<Reading, ReadError> {
        // A body about nothing but recordings says with `duration` how long they are.
        let seconds: &[&'static str] =
            if fact.is_some() { &["recording_duration"] } else { &["recording_duration", "duration"] };
        let duration_s = self.document.seconds(seconds)?;
        let mut facts: Vec<Fact> = fact.into_iter().collect();
        facts.extend(self.recordings.iter().map(|url| self.told.recording(url.clone(), duration_s)));
        let echo = Echo { session_id: self.told.id.clone(), ..Echo::default() };
        Ok(Reading { facts, active, echo })
    }
}

/// Every address of a recording, each once.
fn recordings(document: &Document) -> Result<Vec<String>, ReadError> {
    let mut found: Vec<String> = document.text("recording_url")?.into_iter().collect();
    if let Some(Node::List(items)) = document.get("recording_urls")? {
        for item in items.iter().take(RECORDINGS_MAX) {
            found.extend(item.text("recording_urls")?);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Who hung up is told as `caller-hangup`, `callee-hangup`, `api-hangup`: all of them a normal clearing.
pub(super) fn end_cause(reason: &str) -> Cause {
    if plain(reason).ends_with(HANGUP) { Cause::NormalClearing } else { cause(reason) }
}
