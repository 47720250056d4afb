//! What a party asks for by keys: on a call on which its contract was read back, or in the USSD menu.
//!
//! The number alone proves too little, for whoever can post to us can name any number: the code that the party was sent
//! is always needed.

use super::{Stop, act, answer};
use crate::entity::{Entity, contract_stream};
use crate::event::{Channel, Link};
use crate::fact::{Fact, Will, Wish};
use crate::outcome::Refusal;
use crate::world::Recorder;

/// Does it, or says why not. `said_on` is the stream on which the keys themselves were recorded just now.
pub(super) fn grant(
    wish: &Wish,
    fact: &Fact,
    channel: Channel,
    said_on: &str,
    recorder: &mut Recorder<'_>,
) -> Result<Option<Refusal>, Stop> {
    let stream = contract_stream(&wish.contract_id);
    let Some(Entity::Contract(agreement)) = recorder.world.entity(&stream) else {
        return Ok(Some(Refusal::NotFound { what: "contract".into() }));
    };
    let phone = fact.private.phone.as_deref().unwrap_or_default();
    let Some(party) = agreement.party_of(phone) else { return Ok(Some(Refusal::NotAParty)) };
    let code = fact.private.code.as_deref().unwrap_or_default();
    let links: Vec<Link> = recorder.world.head_link(said_on).into_iter().collect();
    let done = match wish.will {
        Will::Answer(answer) => {
            let given = answer::Given { answer, channel, code: Some(code), links, if_head: &[] };
            answer::give(&stream, party, given, recorder)
        }
        Will::Dispute => {
            let reason = fact.private.reason.as_deref().unwrap_or_default();
            let contract_id = wish.contract_id.as_str();
            act::complain(act::Complaint { contract_id, party, code, channel, reason, links }, recorder)
        }
    };
    match done {
        // Said twice is said once.
        Ok(()) | Err(Stop::Already(_)) => Ok(None),
        Err(Stop::Refused(refusal)) => Ok(Some(refusal)),
        Err(other) => Err(other),
    }
}
