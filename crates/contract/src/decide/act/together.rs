//! Steps that every party must take: to complete, to cancel, to end a dispute.

use super::{Taken, has_ended, left};
use crate::decide::Stop;
use crate::decide::notice::{Audience, Notice, tell};
use crate::event::{EventData, Template, Word};
use crate::lifecycle::{Status, Step, is_operators, resolution};
use crate::outcome::Refusal;
use crate::world::Recorder;

pub(super) fn agree(
    taken: &Taken<'_>,
    step: Step,
    to: Option<Status>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = taken.agreement(recorder)?;
    let is_done = match (step, to) {
        (Step::Complete, _) => known.status == Status::Completed,
        (Step::Cancel, _) => known.status == Status::Cancelled,
        (_, Some(to)) => has_ended(known, to),
        _ => false,
    };
    let standing = known.standing(step, to);
    let has_said = match taken.party {
        Some(party) => standing.is_some_and(|standing| standing.agreed.contains(&party)),
        // The operator's word is a proposal, and that stands.
        None => standing.is_some(),
    };
    if is_done || has_said {
        return Err(taken.already());
    }
    if to.is_some_and(|to| !resolution(to)) {
        let reason = "must be one of active, completed, cancelled".into();
        return Err(Refusal::Invalid { field: "resolution".into(), reason }.into());
    }
    taken.may(step, recorder)?;
    let known = taken.agreement(recorder)?;
    let agreed = known.standing(step, to).map_or(0, |standing| standing.agreed.len());
    let remaining = match taken.party {
        Some(_) => left(known.parties.len(), agreed + 1),
        None if is_operators(known.status, step) => 0,
        None if step == Step::Resolve => left(known.parties.len(), agreed),
        None => return Err(Refusal::PartyNeeded.into()),
    };
    let word = Word { party: taken.party, channel: taken.channel, remaining, to };
    let (event, template) = event(step, word);
    recorder.record(&taken.stream, event, None, &[])?;
    let notice = Notice::of(template).by(taken.party).to(to);
    let audience = if remaining == 0 { Audience::All } else { Audience::Others(taken.party) };
    tell(&taken.stream, notice, audience, &[], recorder)
}

fn event(step: Step, word: Word) -> (EventData, Template) {
    match (step, word.remaining) {
        (Step::Complete, 0) => (EventData::ContractCompleted(word), Template::Completed),
        (Step::Complete, _) => (EventData::ContractCompletionProposed(word), Template::CompletionProposed),
        (Step::Cancel, 0) => (EventData::ContractCancelled(word), Template::Cancelled),
        (Step::Cancel, _) => (EventData::ContractCancelProposed(word), Template::CancelProposed),
        (_, 0) => (EventData::ContractResolved(word), Template::Resolved),
        (_, _) => (EventData::ContractResolutionProposed(word), Template::ResolutionProposed),
    }
}
