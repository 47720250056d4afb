//! Webhooks: each fact once, duplicates dropped, contradictions kept and marked.

use ledger::hash::{Hash, sha256};

use super::{Stop, answer, seen_key, subject_stream};
use crate::entity::Entity;
use crate::event::{
    CallFact, ConferenceReported, EventData, MessageDelivery, MessageReceived, Reading, RecordingAvailable,
};
use crate::fact::{Fact, What};
use crate::input::Webhook;
use crate::outcome::QuarantineReason;
use crate::world::{Recorder, World};

pub(super) fn decide(webhook: &Webhook, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    if webhook.facts.is_empty() {
        return Err(Stop::Quarantine(QuarantineReason::NoFacts));
    }
    // The disclosure's name says how the body is written.
    let mut raw = Some((if webhook.raw_base64 { "raw_base64" } else { "raw" }, webhook.raw.as_str()));
    let mut repeated = None;
    let mut failed = None;
    for fact in &webhook.facts {
        let key = seen_key(fact, webhook.provider);
        let digest = fact_digest(fact);
        let stream = subject_stream(&fact.subject);
        let seen = recorder.world.seen(&key);
        if seen.is_some_and(|digests| digests.contains(&digest)) {
            repeated = Some(stream);
            continue;
        }
        let again = seen.is_some_and(|digests| !digests.is_empty());
        let conflict = contradicts(fact, &stream, again, recorder.world);
        // A fact that cannot be recorded costs the others nothing; the whole body is kept either way, once, with the
        // first record it led to.
        match record(fact, &stream, conflict, raw, recorder) {
            Ok(()) => recorder.world.remember(&key, digest),
            Err(stop) => {
                failed.get_or_insert(stop);
                continue;
            }
        }
        raw = None;
    }
    match (failed, repeated) {
        (Some(stop), _) => Err(stop),
        (None, Some(stream)) if recorder.recorded.is_empty() => Err(Stop::Already(stream)),
        (None, _) => Ok(()),
    }
}

/// Whether a fact contradicts what was told before. For a message, which is told once, anything else under its key does.
fn contradicts(fact: &Fact, stream: &str, again: bool, world: &World) -> bool {
    let private = &fact.private;
    match (&fact.what, world.entity(stream)) {
        (What::MessageReceived {} | What::MessageDelivery { .. }, _) => again,
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

fn record(
    fact: &Fact,
    stream: &str,
    conflict: bool,
    raw: Option<Raw<'_>>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let leg = |leg: &crate::fact::Leg| CallFact { leg: leg.clone(), conflict };
    let data = match &fact.what {
        What::CallStarted(l) => EventData::CallStarted(leg(l)),
        What::CallQueued(l) => EventData::CallQueued(leg(l)),
        What::CallRinging(l) => EventData::CallRinging(leg(l)),
        What::CallAnswered(l) => EventData::CallAnswered(leg(l)),
        What::CallTransferred(l) => EventData::CallTransferred(leg(l)),
        What::CallInput(l) => EventData::CallInput(leg(l)),
        What::CallEnded(l) => EventData::CallEnded(leg(l)),
        What::CallOther(l) => EventData::CallOther(leg(l)),
        What::RecordingAvailable { duration_s } => {
            EventData::RecordingAvailable(RecordingAvailable { duration_s: *duration_s, conflict })
        }
        What::ConferenceReported { status, duration_s } => {
            EventData::ConferenceReported(ConferenceReported {
                status: *status,
                duration_s: *duration_s,
                conflict,
            })
        }
        What::MessageReceived {} => return received(fact, stream, conflict, raw, recorder),
        What::MessageDelivery { status } => {
            EventData::MessageDelivery(MessageDelivery { status: *status, conflict })
        }
    };
    Ok(recorder.record(stream, data, fact.occurred.clone(), &private(fact, raw))?)
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
type Raw<'a> = (&'static str, &'a str);

fn private<'a>(fact: &'a Fact, raw: Option<Raw<'a>>) -> Vec<(&'static str, &'a str)> {
    let values = &fact.private;
    let named = [
        ("phone", values.phone.as_deref()),
        ("line", values.line.as_deref()),
        ("digits", values.digits.as_deref()),
        ("dialled", values.dialled.as_deref()),
        ("text", values.text.as_deref()),
        ("url", values.url.as_deref()),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(raw).collect()
}
