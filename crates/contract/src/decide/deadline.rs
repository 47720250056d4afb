//! A time is over: what was not confirmed until then expires.

use super::notice::{Audience, Notice, tell};
use super::{Stop, answer};
use crate::agreement::{Agreement, Status};
use crate::entity::contract_stream;
use crate::event::{ContractExpired, EventData, Template};
use crate::input::Deadline;
use crate::outcome::Refusal;
use crate::world::Recorder;

pub(super) fn decide(deadline: &Deadline, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = contract_stream(&deadline.contract_id);
    let not_found = || Refusal::NotFound { what: "contract".into() };
    let now = recorder.world.recorded_at(recorder.input);
    // An amendment first: while it waited, the draft under it did not run out.
    while let Some((template, due)) = answer::agreement(recorder.world, &stream).and_then(waiting) {
        if now <= due.expires_at {
            break;
        }
        recorder.record(&stream, EventData::ContractExpired(due), None, &[])?;
        tell(&stream, Notice::of(template), Audience::All, &[], recorder)?;
    }
    if !recorder.recorded.is_empty() {
        return Ok(());
    }
    let agreement = answer::agreement(recorder.world, &stream).ok_or_else(not_found)?;
    Err(if waiting(agreement).is_some() { Refusal::NotDue.into() } else { Stop::Already(stream) })
}

/// What runs out next.
fn waiting(agreement: &Agreement) -> Option<(Template, ContractExpired)> {
    if let Some(proposal) = &agreement.proposal {
        let (document_sha256, expires_at) = (proposal.document_sha256, proposal.expires_at);
        return Some((Template::AmendmentExpired, ContractExpired { document_sha256, expires_at }));
    }
    let expires_at = agreement.expires_at.filter(|_| agreement.status == Status::Pending)?;
    let document_sha256 = agreement.document_sha256;
    Some((Template::Expired, ContractExpired { document_sha256, expires_at }))
}
