//! One leg of a call, folded so that neither order nor repetition of its webhooks matters.
//!
//! Every field is a join: progress and outcome take the furthest, times the earliest or only, other fields the greatest
//! of those told. So any permutation with duplicates gives the same state (a property test), a late `answered` after
//! `ended` fills in what it knows, and absent never clears known.

use std::collections::BTreeSet;

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arrival::Bodies;
use crate::control::Controls;
use crate::event::{CallFact, Event, EventData};
use crate::fact::{CallOutcome, Cause, Direction, Leg};
use crate::recording::Recordings;
use crate::silence::Silence;
use crate::transcript::Transcripts;

/// How far a leg got. Ordered; never runs backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Heard of, nothing more.
    #[default]
    Known,
    /// Placed or arriving.
    Started,
    /// In a queue.
    Queued,
    /// Ringing.
    Ringing,
    /// Answered.
    Answered,
    /// Passed on.
    Transferred,
    /// Over. Sticks.
    Ended,
}

impl Progress {
    /// The word in views and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Progress::Known => "known",
            Progress::Started => "started",
            Progress::Queued => "queued",
            Progress::Ringing => "ringing",
            Progress::Answered => "answered",
            Progress::Transferred => "transferred",
            Progress::Ended => "ended",
        }
    }
}

/// What a person said to being recorded. Ordered: whoever refuses once has refused, in whatever order it is heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Nothing that could be understood.
    Missing,
    /// Agreed.
    Given,
    /// Refused.
    Refused,
}

/// State of one leg.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// How far it got.
    pub progress: Progress,
    /// Whether anybody picked up, however late we heard of it.
    pub answered: bool,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CallOutcome>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Who called whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Length, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// Length of the dialled leg, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dial_duration_s: Option<u32>,
    /// Currency and cost, as the provider wrote them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<(String, String)>,
    /// Start by the provider's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Answer by the provider's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// End by the provider's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The person's number; none when erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Our line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Numbers it was passed on to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub dialled: BTreeSet<String>,
    /// What the person said to being recorded, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Fields of which different values were told.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub disputed: BTreeSet<String>,
    /// Our ids of the conference or dialling it was placed for, as the provider sent them back: one, unless somebody
    /// invents them. All are kept, so that nothing that was joined comes apart.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub requests: BTreeSet<String>,
    /// What was asked of the provider.
    #[serde(skip_serializing_if = "Controls::is_empty")]
    pub controls: Controls,
    /// Its recordings.
    #[serde(skip_serializing_if = "none_recorded")]
    pub recordings: Recordings,
    /// What was said on it.
    #[serde(skip_serializing_if = "Transcripts::is_empty")]
    pub transcripts: Transcripts,
    /// Bodies of webhooks kept with its records.
    #[serde(skip_serializing_if = "Bodies::is_empty")]
    pub bodies: Bodies,
    /// That its end was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// Somebody on it was forgotten: nothing more is kept of what was said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

pub(crate) fn none_recorded(recordings: &Recordings) -> bool {
    recordings.0.is_empty()
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?}, {:?}, {} disputed)", self.progress, self.outcome, self.disputed.len())
    }
}

impl Call {
    /// What was said on it, and that nothing more is to be kept of that.
    fn hear(&mut self, event: &Event) {
        self.forgotten |= matches!(event.data, EventData::PersonalErased(_));
        self.transcripts.apply(event);
        self.recordings.apply(event);
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let at = event.occurred.as_ref().map(|o| o.at);
        self.bodies.apply(event);
        let (progress, fact) = match &event.data {
            EventData::CallStarted(fact) => (Progress::Started, fact),
            EventData::CallQueued(fact) => (Progress::Queued, fact),
            EventData::CallRinging(fact) => (Progress::Ringing, fact),
            EventData::CallAnswered(fact) => {
                self.answered = true;
                self.answered_at = earliest(self.answered_at, at);
                (Progress::Answered, fact)
            }
            EventData::CallTransferred(fact) => (Progress::Transferred, fact),
            EventData::CallInput(fact) => {
                // Nobody presses keys on a phone that was not picked up.
                self.answered = true;
                (Progress::Answered, fact)
            }
            EventData::CallOther(fact) => (Progress::Known, fact),
            EventData::CallAsked(fact) => (Progress::Known, fact),
            EventData::CallConsented(fact) => {
                self.answered = true;
                self.consent = self.consent.max(Some(Consent::Given));
                (Progress::Answered, fact)
            }
            EventData::CallConsentRefused(fact) => {
                self.answered = true;
                self.consent = self.consent.max(Some(Consent::Refused));
                (Progress::Answered, fact)
            }
            EventData::CallConsentMissing(fact) => {
                self.consent = self.consent.max(Some(Consent::Missing));
                (Progress::Known, fact)
            }
            EventData::CallEnded(fact) => {
                self.ended_at = earliest(self.ended_at, at);
                (Progress::Ended, fact)
            }
            EventData::CallSilent(data) => return Silence::fold(&mut self.silence, data),
            EventData::RecordingAvailable(data) => {
                if self.recordings.contradicts(event.private.get("url"), data.duration_s) {
                    self.disputed.insert("recording_duration_s".to_owned());
                }
                return self.recordings.apply(event);
            }
            EventData::ControlRequested(_) | EventData::ControlDone(_) | EventData::ControlFailed(_) => {
                self.controls.apply(event);
                return;
            }
            _ => return self.hear(event),
        };
        let (phone, line) = (event.private.get("phone"), event.private.get("line"));
        let disputed = self.contradictions(&fact.leg, phone, line);
        self.disputed.extend(disputed.into_iter().map(str::to_owned));
        self.progress = self.progress.max(progress);
        self.join(fact);
        self.phone = phone.map(str::to_owned).max(self.phone.take());
        self.line = line.map(str::to_owned).max(self.line.take());
        self.dialled.extend(event.private.get("dialled").map(str::to_owned));
    }

    /// The fields in which something told now differs from what was told before. Untold never contradicts: a carrier
    /// posts the end of a call to two addresses with different fields. That any order of the same facts gives the same
    /// fields follows from keeping one extreme of the values told: of two different ones, one is not that extreme.
    pub fn contradictions(&self, leg: &Leg, phone: Option<&str>, line: Option<&str>) -> Vec<&'static str> {
        // "Ended" says only that it is over, not how.
        let how = |outcome: Option<CallOutcome>| outcome.filter(|o| *o != CallOutcome::Ended);
        // A currency is told beside the amount, or not.
        let (currency, cost) = self.cost.as_ref().map(|(currency, cost)| (currency, cost)).unzip();
        let told_currency = leg.cost.as_ref().and(leg.currency.as_ref());
        let currency = currency.filter(|currency| !currency.is_empty());
        let fields = [
            ("outcome", differ(how(self.outcome), how(leg.outcome))),
            ("cause", differ(self.cause, leg.cause)),
            ("direction", differ(self.direction, leg.direction)),
            ("duration_s", differ(self.duration_s, leg.duration_s)),
            ("dial_duration_s", differ(self.dial_duration_s, leg.dial_duration_s)),
            ("started_at", differ(self.started_at, leg.started_at)),
            ("cost", differ(cost, leg.cost.as_ref()) || differ(currency, told_currency)),
            ("phone", differ(self.phone.as_deref(), phone)),
            ("line", differ(self.line.as_deref(), line)),
        ];
        fields.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name).collect()
    }

    fn join(&mut self, fact: &CallFact) {
        let leg = &fact.leg;
        self.outcome = self.outcome.max(leg.outcome);
        self.cause = self.cause.max(leg.cause);
        self.direction = self.direction.max(leg.direction);
        self.duration_s = self.duration_s.max(leg.duration_s);
        self.dial_duration_s = self.dial_duration_s.max(leg.dial_duration_s);
        self.started_at = earliest(self.started_at, leg.started_at);
        self.requests.extend(leg.request.clone());
        if let Some(cost) = &leg.cost {
            let told = (leg.currency.clone().unwrap_or_default(), cost.clone());
            self.cost = self.cost.take().max(Some(told));
        }
    }
}

fn differ<T: PartialEq>(known: Option<T>, told: Option<T>) -> bool {
    matches!((known, told), (Some(known), Some(told)) if known != told)
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
