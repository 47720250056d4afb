//! Webhooks: each fact once, duplicates dropped, contradictions kept and marked.

use ledger::hash::{Hash, sha256};

use super::{Stop, answer, contact, seen_key, subject_stream, wish};
use crate::arrival::{RAW_NAMES, Repeat};
use crate::entity::Entity;
use crate::event::{
    CallFact, Channel, ConferenceReported, EventData, MessageDelivery, MessageReceived, Reading,
    RecordingAvailable, UssdEnded, UssdRequested, WebhookRepeated,
};
use crate::fact::{Fact, What};
use crate::input::Webhook;
use crate::outcome::{QuarantineReason, Refusal};
use crate::provider::Provider;
use crate::recording::url_key;
use crate::world::{Recorder, World};

pub(super) fn decide(webhook: &Webhook, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    if webhook.facts.is_empty() {
        return Err(Stop::Quarantine(QuarantineReason::NoFacts));
    }
    // The disclosure's name says how the body is written.
    let raw = (RAW_NAMES[usize::from(webhook.raw_base64)], webhook.raw.as_str());
    let telling =
        Telling { provider: webhook.provider, facts: &webhook.facts, raw, stale: webhook.is_stale() };
    telling.take(recorder)
}

/// What a provider tells in one body, whether it called us or was asked.
pub(super) struct Telling<'a> {
    pub(super) provider: Provider,
    pub(super) facts: &'a [Fact],
    pub(super) raw: Raw<'a>,
    pub(super) stale: bool,
}

impl Telling<'_> {
    /// Records what is new in it.
    pub(super) fn take(&self, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
        // The whole body tells where the voices are; with it goes what it is told in.
        let late = |fact: &Fact| is_late(fact, recorder.world);
        let unwanted: Vec<bool> = self.facts.iter().map(late).collect();
        let any_late = unwanted.contains(&true);
        let mut raw = Some(self.raw).filter(|_| !any_late);
        let mut repeated: Vec<(usize, String)> = Vec::new();
        let (mut failed, mut refused, mut already) = (None, None, None);
        for (ordinal, fact) in self.facts.iter().enumerate().filter(|(ordinal, _)| !unwanted[*ordinal]) {
            let key = seen_key(fact, self.provider);
            let digest = fact_digest(fact);
            let Some(stream) = subject_stream(&fact.subject) else {
                // Told of a person, without an id or a time: the same words mean something again after the opposite.
                match contact::told(fact, raw, recorder) {
                    Ok(None) => raw = None,
                    Ok(Some(stream)) => already = Some(stream),
                    Err(stop) => drop(failed.get_or_insert(stop)),
                }
                continue;
            };
            let seen = recorder.world.seen(&key);
            if seen.is_some_and(|digests| digests.contains(&digest)) {
                repeated.push((ordinal, stream));
                continue;
            }
            let again = seen.is_some_and(|digests| !digests.is_empty());
            let conflict = contradicts(fact, &stream, again, recorder.world);
            // A fact that cannot be recorded costs the others nothing; the whole body is kept either way, once, with
            // the first record it led to.
            match record(fact, &stream, Mark { conflict, stale: self.stale }, raw, recorder) {
                Ok(refusal) => {
                    recorder.world.remember(&key, digest);
                    refused = refused.or(refusal);
                }
                Err(stop) => {
                    failed.get_or_insert(stop);
                    continue;
                }
            }
            raw = None;
        }
        if failed.is_none() && raw.is_some() {
            self.keep_body(&repeated, recorder)?;
        }
        let known = already.or_else(|| repeated.last().map(|(_, stream)| stream.clone()));
        self.note(repeated, recorder);
        if any_late {
            super::erase::late(None, recorder)?;
        }
        match (failed, known, refused) {
            (Some(stop), ..) => Err(stop),
            (None, Some(stream), None) if recorder.recorded.is_empty() => Err(Stop::Already(stream)),
            (None, _, Some(refusal)) => Err(Stop::Refused(refusal)),
            (None, _, None) => Ok(()),
        }
    }

    /// A body that says only what is known is kept nevertheless if its bytes are others: in them may stand what we have
    /// no word for.
    fn keep_body(&self, repeated: &[(usize, String)], recorder: &mut Recorder<'_>) -> Result<(), Stop> {
        let Some((_, stream)) = repeated.first() else { return Ok(()) };
        let bodies = |stream: &String| recorder.world.entity(stream).and_then(Entity::bodies);
        // What keeps no bodies, as a menu session, has nothing to compare with.
        let is_kept = |stream| bodies(stream).is_none_or(|bodies| bodies.version_of(self.raw.1).is_some());
        if repeated.iter().any(|(_, stream)| is_kept(stream)) {
            return Ok(());
        }
        let facts = u32::try_from(repeated.len()).unwrap_or(u32::MAX);
        let named = repeated.iter().filter(|(_, of)| of == stream).map(|(ordinal, _)| &self.facts[*ordinal]);
        let recordings = named.filter_map(|fact| task_of(fact, stream, recorder.world)).collect();
        let data = EventData::WebhookRepeated(WebhookRepeated { facts, recordings });
        Ok(recorder.record(stream, data, None, &[self.raw])?)
    }

    /// Notes what came again.
    fn note(&self, repeated: Vec<(usize, String)>, recorder: &mut Recorder<'_>) {
        for (ordinal, stream) in repeated {
            let bodies = recorder.world.entity(&stream).and_then(Entity::bodies);
            let version = bodies.and_then(|bodies| bodies.version_of(self.raw.1));
            let fact = &self.facts[ordinal];
            let repeat = Repeat {
                input: recorder.input.id,
                ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
                received_at: recorder.input.received_at,
                stream,
                version,
                kind: fact.what.kind(),
                occurred_at: fact.occurred.as_ref().map(|occurred| occurred.at),
                authenticated: recorder.input.authenticated,
                stale: self.stale,
            };
            recorder.world.repeats.push(repeat);
        }
    }
}

/// A recording of a call or conference of which nothing more is kept.
fn is_late(fact: &Fact, world: &World) -> bool {
    let told = matches!(fact.what, What::RecordingAvailable { .. });
    told && subject_stream(&fact.subject).is_some_and(|stream| super::erase::is_forgotten(&stream, world))
}

/// What is marked on a record.
#[derive(Clone, Copy)]
struct Mark {
    conflict: bool,
    stale: bool,
}

/// The task of the recording that a fact names, where it is known on that stream.
fn task_of(fact: &Fact, stream: &str, world: &World) -> Option<u32> {
    let recordings = match (&fact.what, world.entity(stream)?) {
        (What::RecordingAvailable { .. }, Entity::Call(call)) => &call.recordings,
        (What::RecordingAvailable { .. }, Entity::Conference(conference)) => &conference.recordings,
        _ => return None,
    };
    recordings.0.get(&url_key(fact.private.url.as_deref()?)).map(|recording| recording.task)
}

/// Whether a fact contradicts what was told before. For a message, which is told once, anything else under its key does.
fn contradicts(fact: &Fact, stream: &str, again: bool, world: &World) -> bool {
    let private = &fact.private;
    match (&fact.what, world.entity(stream)) {
        (
            What::MessageReceived {}
            | What::MessageDelivery { .. }
            | What::UssdRequested { .. }
            | What::UssdEnded { .. },
            _,
        ) => again,
        (What::RecordingAvailable { duration_s }, Some(Entity::Call(call))) => {
            call.recordings.contradicts(private.url.as_deref(), *duration_s)
        }
        (What::RecordingAvailable { duration_s }, Some(Entity::Conference(conference))) => {
            conference.recordings.contradicts(private.url.as_deref(), *duration_s)
        }
        (What::ConferenceReported { status, duration_s }, Some(Entity::Conference(conference))) => {
            !conference.contradictions(*status, *duration_s).is_empty()
        }
        (what, Some(Entity::Call(call))) => what.leg().is_some_and(|leg| {
            !call.contradictions(leg, private.phone.as_deref(), private.line.as_deref()).is_empty()
        }),
        _ => false,
    }
}

/// What makes two deliveries under one key the same: all that was understood.
fn fact_digest(fact: &Fact) -> Hash {
    sha256(&serde_json::to_vec(fact).expect("a fact holds only strings, numbers and string-keyed maps"))
}

/// Records one fact, and does what a person asks for in it. What may not be done is given back: the fact itself stands.
fn record(
    fact: &Fact,
    stream: &str,
    mark: Mark,
    raw: Option<Raw<'_>>,
    recorder: &mut Recorder<'_>,
) -> Result<Option<Refusal>, Stop> {
    let Mark { conflict, stale } = mark;
    let leg = |leg: &crate::fact::Leg| CallFact { leg: leg.clone(), conflict, stale };
    let data = match &fact.what {
        What::CallStarted(l) => EventData::CallStarted(leg(l)),
        What::CallQueued(l) => EventData::CallQueued(leg(l)),
        What::CallRinging(l) => EventData::CallRinging(leg(l)),
        What::CallAnswered(l) => EventData::CallAnswered(leg(l)),
        What::CallTransferred(l) => EventData::CallTransferred(leg(l)),
        What::CallInput(l) => EventData::CallInput(leg(l)),
        What::CallEnded(l) => EventData::CallEnded(leg(l)),
        What::CallOther(l) => EventData::CallOther(leg(l)),
        What::CallAsked(l) => EventData::CallAsked(leg(l)),
        What::CallConsented(l) => EventData::CallConsented(leg(l)),
        What::CallConsentRefused(l) => EventData::CallConsentRefused(leg(l)),
        What::CallConsentMissing(l) => EventData::CallConsentMissing(leg(l)),
        What::CallKeyed { leg: l, .. } => EventData::CallInput(leg(l)),
        What::UssdRequested { .. } => EventData::UssdRequested(UssdRequested { conflict }),
        What::UssdEnded { status, duration_s } => {
            EventData::UssdEnded(UssdEnded { status: *status, duration_s: *duration_s, conflict })
        }
        What::RecordingAvailable { duration_s } => {
            EventData::RecordingAvailable(RecordingAvailable { duration_s: *duration_s, conflict, stale })
        }
        What::ConferenceReported { status, duration_s } => {
            EventData::ConferenceReported(ConferenceReported {
                status: *status,
                duration_s: *duration_s,
                conflict,
            })
        }
        What::MessageReceived {} => {
            return received(fact, stream, conflict, raw, recorder).map(|()| None);
        }
        // Only of a person, which has no stream of its own name.
        What::TextsRefused {} | What::TextsWanted {} => {
            return Err(Stop::Quarantine(QuarantineReason::NoFacts));
        }
        What::MessageDelivery { status } => {
            EventData::MessageDelivery(MessageDelivery { status: *status, conflict })
        }
    };
    recorder.record(stream, data, fact.occurred.clone(), &private(fact, raw))?;
    match &fact.what {
        What::CallKeyed { wish, .. } => wish::grant(wish, fact, Channel::Keypad, stream, recorder),
        // A second step under the key of an earlier one: one of the two was never typed.
        What::UssdRequested { wish: Some(wish) } if !conflict => {
            wish::grant(wish, fact, Channel::Ussd, stream, recorder)
        }
        _ => Ok(None),
    }
}

/// A party wrote: what it means is decided first, so that the record says how it was read. A second text under the
/// id of an earlier one is kept and not acted on: one of the two was never written.
fn received(
    fact: &Fact,
    stream: &str,
    conflict: bool,
    raw: Option<Raw<'_>>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let understood = if conflict { answer::Understood::Nothing } else { answer::understand(fact, recorder) };
    let reading = if conflict { Reading::Ambiguous } else { understood.reading() };
    let data = EventData::MessageReceived(MessageReceived { reading, conflict });
    recorder.record(stream, data, fact.occurred.clone(), &private(fact, raw))?;
    answer::act(&understood, stream, fact, recorder)
}

/// Name and text of the body as it came.
pub(super) type Raw<'a> = (&'static str, &'a str);

pub(super) fn private<'a>(fact: &'a Fact, raw: Option<Raw<'a>>) -> Vec<(&'static str, &'a str)> {
    let values = &fact.private;
    let named = [
        ("phone", values.phone.as_deref()),
        ("line", values.line.as_deref()),
        ("digits", values.digits.as_deref()),
        ("dialled", values.dialled.as_deref()),
        ("text", values.text.as_deref()),
        ("url", values.url.as_deref()),
        ("told", values.told.as_deref()),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(raw).collect()
}
