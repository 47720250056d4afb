//! The voice callback: one form for every moment of a call, posted to the callback and to the events address.
//!
//! Which fact a callback is, in this order (`isActive` decides first, since other fields came and went over the years):
//!
//! | told | fact | key after `<sessionId>:` |
//! |---|---|---|
//! | `isActive=0`; without it: a word of ending, or fields only a final callback has | `CallEnded` | `ended` |
//! | `eventType` (source document) | by its word | `started`, `queued`, `ringing`, `answered`, `transferred` |
//! | `callTransferState` | `CallTransferred` | `transferred:` digest of session, state and number |
//! | `dialDestinationNumber`, no sign that the dial is over | `CallTransferred` | `dialled:` digest of session and number |
//! | the same, dial over | `CallOther` | `other:` digest of all fields |
//! | `dtmfDigits` | `CallInput` | `input:` digest of all fields |
//! | `callSessionState`, or nothing at all | by its word; nothing means answered | as above |
//! | anything else | `CallOther` | `other:` digest of all fields |
//! | besides, `recordingUrl` | `RecordingAvailable` | `recording:` digest of the address |
//!
//! The post at the moment a dialled number picks up repeats `isActive=1` and the state `Answered`. It is no second
//! answer of this leg: the leg was answered before, and was now passed on, once per destination. Posts for two
//! destinations are two facts; two posts for one destination are one.
//!
//! Two bodies that press the same key twice are equal byte for byte, so they are one `CallInput`: agreement must not
//! be taken by keypad from this provider without a callback address of its own for each question.

use contract::fact::{Fact, Leg, Occurred, Private, Subject, What};
use contract::phone::Country;
use contract::provider::Provider;

use super::outcome::{End, cause};
use super::time::{self, Zone};
use super::{cost, currency, normalised, number};
use crate::form::{self, Fields, key_digest};
use crate::leg::{direction, request};
use crate::reading::{Echo, ReadError, Reading};
use crate::word::plain;

/// Fields that only a final callback has.
const FINAL_ONLY: [&str; 4] = ["status", "durationInSeconds", "hangupCause", "amount"];
/// Fields naming a number this call was passed on to by our own script.
const DIALLED: [&str; 3] = ["dialDestinationNumber", "dialDestinationPhoneNumber", "dequeuedToPhoneNumber"];
/// Fields that say a dial within the call is over.
const DIAL_OVER: [&str; 2] = ["dialStatus", "dialDurationInSeconds"];

/// Reads one callback. `country` reads local numbers, `zone` is assumed for its times.
///
/// # Errors
/// [`ReadError`] for bytes that are no form, a missing or odd `sessionId`, or one field with two values. Unknown
/// kinds and further fields are read as [`What::CallOther`].
pub fn read(body: &[u8], content_type: &str, country: Country, zone: &Zone) -> Result<Reading, ReadError> {
    read_fields(&form::read(body, content_type)?, country, zone)
}

/// See [`read`]; shared with the VoicePact webhook.
pub(crate) fn read_fields(fields: &Fields, country: Country, zone: &Zone) -> Result<Reading, ReadError> {
    let callback = Callback::of(fields, country, zone)?;
    let facts = callback.facts()?;
    Ok(Reading {
        facts,
        active: callback.active,
        echo: Echo {
            session_id: callback.id.to_owned(),
            client_request_id: fields.get("clientRequestId")?.map(str::to_owned),
            dialled: callback.dialled,
        },
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Started,
    Queued,
    Ringing,
    Answered,
    Transferred,
    Ended,
}

/// The kind a word of `eventType`, `callSessionState` or `status` stands for; none for a word we do not know.
fn kind_of(word: &str) -> Option<Kind> {
    match plain(word).as_str() {
        "sessionstarted" | "initiated" | "dialing" | "dialling" => Some(Kind::Started),
        "sessionqueued" | "queued" => Some(Kind::Queued),
        "sessionringing" | "ringing" => Some(Kind::Ringing),
        "sessionanswered" | "answered" | "active" | "bridged" | "inprogress" => Some(Kind::Answered),
        "sessiontransferred" | "transferred" | "transfercompleted" => Some(Kind::Transferred),
        "sessionended" | "sessionfailed" | "completed" | "success" | "notanswered" | "noanswer" | "busy"
        | "rejected" | "expired" | "failed" | "aborted" | "cancelled" | "canceled" => Some(Kind::Ended),
        _ => None,
    }
}

/// What one callback tells, read but not yet judged.
struct Callback<'a> {
    fields: &'a Fields,
    id: &'a str,
    active: bool,
    event: Option<&'a str>,
    state: Option<&'a str>,
    dialled: bool,
    started: Option<Occurred>,
    leg: Leg,
    private: Private,
    country: Country,
}

impl<'a> Callback<'a> {
    fn of(fields: &'a Fields, country: Country, zone: &Zone) -> Result<Callback<'a>, ReadError> {
        let id = fields.id("sessionId")?;
        let event = fields.get("eventType")?;
        let told_active =
            fields.get("isActive")?.map(|text| !matches!(plain(text).as_str(), "0" | "false" | "no"));
        let mut state = fields.get("callSessionState")?;
        if told_active.is_none() {
            // Shapes without isActive say how far they are in `status`; elsewhere it stands on finals only.
            state = state.or(fields.get("status")?);
        }
        let active = match (told_active, event.or(state)) {
            (Some(active), _) => active,
            (None, Some(word)) => kind_of(word) != Some(Kind::Ended),
            (None, None) => !any_told(fields, &FINAL_ONLY)?,
        };
        let started = fields.get("callStartTime")?.and_then(|text| time::read(text, zone));
        let mut callback = Callback {
            fields,
            id,
            active,
            event,
            state,
            dialled: any_told(fields, &DIALLED)?,
            leg: Leg { request: request(fields.get("clientRequestId")?), ..leg(fields, started.as_ref())? },
            started,
            private: private(fields, country)?,
            country,
        };
        if !active {
            callback.leg.outcome = Some(callback.end()?.outcome());
        }
        Ok(callback)
    }

    fn end(&self) -> Result<End<'a>, ReadError> {
        let bridge = self.fields.get("lastBridgeHangupCause")?.map(cause);
        Ok(End {
            causes: [self.fields.get("hangupCause")?.map(cause), bridge],
            words: [self.fields.get("status")?, self.state, self.event],
            duration_s: self.leg.duration_s,
        })
    }

    fn facts(&self) -> Result<Vec<Fact>, ReadError> {
        let recording = self.fields.get("recordingUrl")?.map(str::to_owned);
        let transfer = self.transfer()?;
        let mut facts = Vec::new();
        if let Some(fact) = self.main(transfer.is_some(), recording.is_some())? {
            facts.push(fact);
        }
        facts.extend(transfer);
        if let Some(url) = recording {
            facts.push(self.recording(url));
        }
        Ok(facts)
    }

    /// The fact about the state of the leg, unless a transfer or a recording is all the callback is about.
    fn main(&self, transfer: bool, recording: bool) -> Result<Option<Fact>, ReadError> {
        if !self.active {
            return Ok(Some(self.fact("ended", What::CallEnded(self.leg.clone()))));
        }
        if let Some(event) = self.event {
            return Ok(Some(self.state_fact(kind_of(event))));
        }
        if transfer {
            return Ok(None);
        }
        if self.dialled {
            if any_told(self.fields, &DIAL_OVER)? {
                return Ok(Some(self.state_fact(None)));
            }
            let destination = self.private.dialled.as_deref().unwrap_or_default();
            let word = format!("dialled:{}", key_digest(&format!("{} {destination}", self.id)));
            return Ok(Some(self.fact(&word, What::CallTransferred(self.leg.clone()))));
        }
        if self.private.digits.is_some() {
            let word = format!("input:{}", self.fields.digest());
            return Ok(Some(self.fact(&word, What::CallInput(self.leg.clone()))));
        }
        if recording {
            return Ok(None);
        }
        Ok(Some(match self.state {
            None => self.state_fact(Some(Kind::Answered)),
            Some(word) => self.state_fact(kind_of(word)),
        }))
    }

    /// The fact for a known kind. A word of ending on an active call contradicts itself: kept, changes nothing.
    fn state_fact(&self, kind: Option<Kind>) -> Fact {
        let leg = self.leg.clone();
        match kind {
            Some(Kind::Started) => {
                let occurred = self.started.clone();
                Fact { occurred, ..self.fact("started", What::CallStarted(leg)) }
            }
            Some(Kind::Queued) => self.fact("queued", What::CallQueued(leg)),
            Some(Kind::Ringing) => self.fact("ringing", What::CallRinging(leg)),
            Some(Kind::Answered) => self.fact("answered", What::CallAnswered(leg)),
            Some(Kind::Transferred) => self.fact("transferred", What::CallTransferred(leg)),
            Some(Kind::Ended) | None => {
                self.fact(&format!("other:{}", self.fields.digest()), What::CallOther(leg))
            }
        }
    }

    /// A transfer asked for over REST is told in fields of its own, on the events address.
    fn transfer(&self) -> Result<Option<Fact>, ReadError> {
        let Some(state) = self.fields.get("callTransferState")? else { return Ok(None) };
        let mut to = number(self.fields, &["callTransferredToNumber"], self.country)?;
        if to.is_none() {
            // `+254…:20` is the number and the seconds to wait.
            let param = self.fields.number("callTransferParam")?;
            to = param.and_then(|p| p.split(':').next().map(|n| normalised(n.to_owned(), self.country)));
        }
        let key = format!("{} {} {}", self.id, plain(state), to.as_deref().unwrap_or_default());
        let leg = Leg { outcome: None, ..self.leg.clone() };
        let mut fact = self.fact(&format!("transferred:{}", key_digest(&key)), What::CallTransferred(leg));
        fact.private.dialled = to.or(fact.private.dialled);
        Ok(Some(fact))
    }

    /// The provider states no length of a recording; the dialled leg's is the nearest, where a dial was recorded.
    fn recording(&self, url: String) -> Fact {
        let duration_s = if self.active { None } else { self.leg.dial_duration_s };
        let word = format!("recording:{}", key_digest(&url));
        let private = Private { url: Some(url), ..Private::default() };
        Fact { private, ..self.fact(&word, What::RecordingAvailable { duration_s }) }
    }

    fn fact(&self, word: &str, what: What) -> Fact {
        Fact {
            subject: Subject::Call { provider: Provider::AfricasTalking, id: self.id.to_owned() },
            key: format!("{}:{word}", self.id),
            occurred: None,
            what,
            private: self.private.clone(),
        }
    }
}

fn any_told(fields: &Fields, names: &[&'static str]) -> Result<bool, ReadError> {
    for name in names {
        if fields.get(name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Everything about the leg that may stand in clear. A number that is none is left out, the raw body keeps it.
fn leg(fields: &Fields, started: Option<&Occurred>) -> Result<Leg, ReadError> {
    let seconds = |name| Ok::<_, ReadError>(fields.get(name)?.and_then(|text| text.parse::<u32>().ok()));
    let direction = fields.get("direction")?.and_then(direction);
    let amount = fields.get("amount")?.and_then(cost);
    let beside = fields.get("currencyCode")?.and_then(currency);
    let hangup = fields.get("hangupCause")?.or(fields.get("lastBridgeHangupCause")?);
    Ok(Leg {
        direction,
        outcome: None,
        cause: hangup.map(cause),
        duration_s: seconds("durationInSeconds")?,
        dial_duration_s: seconds("dialDurationInSeconds")?,
        currency: beside.or_else(|| amount.as_ref().and_then(|(code, _)| code.clone())),
        cost: amount.map(|(_, amount)| amount),
        started_at: started.map(|occurred| occurred.at),
        request: None,
    })
}

/// `callerNumber` is the person in both directions, `destinationNumber` our own line.
fn private(fields: &Fields, country: Country) -> Result<Private, ReadError> {
    let [a, b, c] = DIALLED;
    Ok(Private {
        phone: number(fields, &["callerNumber"], country)?,
        line: number(fields, &["destinationNumber"], country)?,
        digits: fields.get("dtmfDigits")?.map(str::to_owned),
        dialled: number(fields, &[a, b, c, "clientDialedNumber"], country)?,
        ..Private::default()
    })
}
