//! What an answer about a call tells, in the words of its webhooks.

use contract::fact::{Fact, Leg, What};
use contract::phone::Country;
use contract::provider::Provider;

use super::rest::Call;
use super::webhook::{end_cause, moment};
use crate::africastalking::outcome::End;
use crate::africastalking::time::instant;
use crate::africastalking::{cost, currency};
use crate::leg::{Moment, Told, direction, ends, occurred};

/// The facts of an answer to `GET …/calls/{call_uuid}`: that somebody picked up, where the call stands, and its recordings.
pub fn facts(call: &Call, country: Country) -> Vec<Fact> {
    let direction = direction(&call.direction);
    let at = |time: &Option<String>| Told {
        provider: Provider::TryVox,
        id: call.call_uuid.clone(),
        occurred: occurred(time.clone()),
        private: ends(direction, Some(call.from.clone()), Some(call.to.clone()), country),
    };
    let started_at = call.start_time.as_deref().and_then(instant);
    let leg = Leg { direction, started_at, ..Leg::default() };
    let mut facts = Vec::new();
    let stands = moment(&call.status);
    if call.answer_time.is_some() || stands == Some(Moment::Answered) {
        facts.push(at(&call.answer_time).fact("answered", What::CallAnswered(leg.clone())));
    }
    match stands {
        Some(Moment::Started) => facts.push(at(&None).fact("started", What::CallStarted(leg))),
        Some(Moment::Queued) => facts.push(at(&None).fact("queued", What::CallQueued(leg))),
        Some(Moment::Ringing) => facts.push(at(&None).fact("ringing", What::CallRinging(leg))),
        Some(Moment::Transferred) => facts.push(at(&None).fact("transferred", What::CallTransferred(leg))),
        Some(Moment::Ended) => facts.push(at(&call.end_time).fact("ended", What::CallEnded(end(call, &leg)))),
        Some(Moment::Answered) | None => {}
    }
    let recordings = call.recording_urls.iter().filter(|url| !url.trim().is_empty());
    facts.extend(recordings.map(|url| at(&None).recording(url.clone(), None)));
    facts
}

fn end(call: &Call, leg: &Leg) -> Leg {
    let cause = call.end_reason.as_deref().map(end_cause);
    let words = [Some(call.status.as_str()), call.end_reason.as_deref(), None];
    let end = End { causes: [cause, None], words, duration_s: call.duration };
    let price = call.price.as_deref().and_then(cost);
    let unit = call.price_unit.as_deref().and_then(currency);
    Leg {
        outcome: Some(end.outcome()),
        cause,
        duration_s: call.duration,
        currency: unit.or_else(|| price.as_ref().and_then(|(code, _)| code.clone())),
        cost: price.map(|(_, amount)| amount),
        ..leg.clone()
    }
}
