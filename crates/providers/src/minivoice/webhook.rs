//! The webhook: one JSON envelope for every event of a call.
//!
//! | event | fact | key after `<call id>:` |
//! |---|---|---|
//! | `call.created` | `CallStarted` | `started` |
//! | `call.queued`, `call.ringing` (not documented) | `CallQueued`, `CallRinging` | `queued`, `ringing` |
//! | `call.answered` | `CallAnswered` | `answered` |
//! | `call.gathered` with keys | `CallInput` | `input:` digest of the body |
//! | `call.completed`, `call.failed` | `CallEnded` | `ended` |
//! | `recording.completed` with an address | `RecordingAvailable` | `recording:` digest of the address |
//! | anything else | `CallOther` | `other:` digest of the body |
//!
//! The provider advises to tell events apart by call and name, which would make the second recording or the second
//! answer to a question of one call a repetition of the first; so those keys hold a digest too. `created_at` is when it
//! happened. Neither `call.failed` nor the recording events have a documented payload: what stands in `data` is looked
//! for in the places where the interface has it elsewhere.

use contract::fact::{Fact, Leg, What};
use contract::phone::Country;
use contract::provider::Provider;

use crate::africastalking::outcome::{End, cause};
use crate::form::Media;
use crate::json::document::Document;
use crate::leg::{Moment, Told, direction, ends, occurred, request};
use crate::reading::{Echo, ReadError, Reading};
use crate::word::plain;

/// Where a recording's address is looked for.
const RECORDING_URL: [&str; 4] =
    ["data.recording.file_url", "data.file_url", "data.recording.url", "data.recording_url"];
/// Where a recording's length is looked for.
const RECORDING_SECONDS: [&str; 2] = ["data.recording.duration_seconds", "data.duration_seconds"];
/// Where a call's length is looked for.
const CALL_SECONDS: [&str; 2] = ["data.duration_seconds", "call.duration_seconds"];
/// Where the cause of an end is looked for.
const CAUSE: [&str; 3] = ["data.hangup_cause", "data.cause", "call.hangup_cause"];
/// Where the id of our conference or dialling comes back that was given along when the call was placed, or set by an
/// action.
const REQUEST: [&str; 8] = [
    "variables.conference_id",
    "variables.request_id",
    "metadata.conference_id",
    "metadata.request_id",
    "call.metadata.conference_id",
    "call.metadata.request_id",
    "call.variables.conference_id",
    "call.variables.request_id",
];

/// Reads one webhook.
///
/// # Errors
/// [`ReadError`] for bytes that are no JSON object, a missing or odd `call.id`, a missing `event`, or one name with two
/// values. Unknown events are read as [`What::CallOther`].
pub fn read(body: &[u8], content_type: &str, country: Country) -> Result<Reading, ReadError> {
    let document = document(body, content_type)?;
    let event = document.text("event")?.ok_or(ReadError::Missing { field: "event" })?;
    let call = Call::of(&document, country)?;
    let moment = moment(&event);
    let fact = call.fact(&event, moment)?;
    Ok(call.reading(fact, moment != Some(Moment::Ended)))
}

/// Reads the request for instructions (`answer_url`), whose body is documented nowhere: that a call is there, where it
/// names one like a webhook does.
///
/// # Errors
/// As [`read`], but for the event, which need not be there.
pub fn read_question(body: &[u8], content_type: &str, country: Country) -> Result<Reading, ReadError> {
    let document = document(body, content_type)?;
    let call = Call::of(&document, country)?;
    let active = document.text("call.status")?.and_then(|status| moment(&status)) != Some(Moment::Ended);
    let fact = call.told.fact("asked", What::CallStarted(call.leg.clone()));
    Ok(call.reading(fact, active))
}

fn document(body: &[u8], content_type: &str) -> Result<Document, ReadError> {
    match Media::of(content_type) {
        Media::Json | Media::Absent => Document::read(body),
        Media::Form | Media::Other => Err(ReadError::ContentType { expected: "application/json" }),
    }
}

/// The moment an event or a status stands for; none for a word we do not know.
pub(super) fn moment(word: &str) -> Option<Moment> {
    let word = word.trim();
    match plain(word.strip_prefix("call.").unwrap_or(word)).as_str() {
        "created" | "dialing" => Some(Moment::Started),
        "queued" => Some(Moment::Queued),
        "ringing" => Some(Moment::Ringing),
        "answered" => Some(Moment::Answered),
        "transferred" => Some(Moment::Transferred),
        "completed" | "failed" | "ended" | "busy" | "noanswer" | "canceled" | "cancelled" | "rejected" => {
            Some(Moment::Ended)
        }
        _ => None,
    }
}

/// What every event tells about its call.
struct Call<'a> {
    document: &'a Document,
    told: Told,
    leg: Leg,
}

impl<'a> Call<'a> {
    fn of(document: &'a Document, country: Country) -> Result<Call<'a>, ReadError> {
        let direction = document.text("call.direction")?.as_deref().and_then(direction);
        let told = Told {
            provider: Provider::MiniVoice,
            id: document.id("call.id")?,
            occurred: occurred(document.text("created_at")?),
            private: ends(direction, document.text("call.from")?, document.text("call.to")?, country),
        };
        Ok(Call { document, told, leg: Leg { direction, ..Leg::default() } })
    }

    fn fact(&self, event: &str, moment: Option<Moment>) -> Result<Fact, ReadError> {
        let leg = self.leg.clone();
        Ok(match (event, moment) {
            ("call.gathered", _) => return self.gathered(),
            ("recording.completed", _) => match self.document.first(&RECORDING_URL)? {
                Some(url) => self.told.recording(url, self.document.seconds(&RECORDING_SECONDS)?),
                None => self.other(),
            },
            // Only events of calls tell a state of the call.
            (event, _) if !event.starts_with("call.") => self.other(),
            (_, Some(Moment::Started)) => self.told.fact("started", What::CallStarted(leg)),
            (_, Some(Moment::Queued)) => self.told.fact("queued", What::CallQueued(leg)),
            (_, Some(Moment::Ringing)) => self.told.fact("ringing", What::CallRinging(leg)),
            (_, Some(Moment::Answered)) => self.told.fact("answered", What::CallAnswered(leg)),
            (_, Some(Moment::Transferred)) => {
                let word = format!("transferred:{}", self.document.digest());
                self.told.fact(&word, What::CallTransferred(leg))
            }
            (event, Some(Moment::Ended)) => self.told.fact("ended", What::CallEnded(self.end(event)?)),
            (_, None) => self.other(),
        })
    }

    /// A question that ran out of time without a key tells nothing about the call.
    fn gathered(&self) -> Result<Fact, ReadError> {
        let Some(digits) = self.document.text("data.digits")? else { return Ok(self.other()) };
        let word = format!("input:{}", self.document.digest());
        let mut fact = self.told.fact(&word, What::CallInput(self.leg.clone()));
        fact.private.digits = Some(digits);
        Ok(fact)
    }

    fn end(&self, event: &str) -> Result<Leg, ReadError> {
        let hangup = self.document.first(&CAUSE)?.map(|text| cause(&text));
        let duration_s = self.document.seconds(&CALL_SECONDS)?;
        let (status, reason) = (self.document.text("call.status")?, self.document.text("data.reason")?);
        let event = event.strip_prefix("call.");
        let end = End {
            causes: [hangup, reason.as_deref().map(cause)],
            words: [event, status.as_deref(), reason.as_deref()],
            duration_s,
        };
        Ok(Leg { outcome: Some(end.outcome()), cause: hangup, duration_s, ..self.leg.clone() })
    }

    fn other(&self) -> Fact {
        self.told.fact(&format!("other:{}", self.document.digest()), What::CallOther(self.leg.clone()))
    }

    fn reading(&self, fact: Fact, active: bool) -> Reading {
        let echo = Echo { session_id: self.told.id.clone(), ..Echo::default() };
        Reading { facts: vec![fact], active, echo }.of_request(self.request().as_deref())
    }

    /// Customers may put anything under these names, so only what is an id of ours is taken.
    fn request(&self) -> Option<String> {
        REQUEST
            .iter()
            .filter_map(|path| self.document.text(path).ok().flatten())
            .find_map(|id| request(Some(&id)))
    }
}
/// What a `call.gathered` says that waited so many seconds for keys: the keys, or that none came. None for any other
/// body. The time is the only thing it repeats of the question it answers.
pub fn gathered(raw: &str, seconds: u16) -> Option<Option<String>> {
    let document = Document::read(raw.as_bytes()).ok()?;
    let is_gathered = plain(&document.text("event").ok()??) == plain("call.gathered");
    let waited = document.seconds(&["data.timeout_seconds"]).ok()??;
    (is_gathered && waited == u32::from(seconds)).then(|| document.text("data.digits").ok().flatten())
}
