//! Acts on a conference: found, asked for on the ledger, done at the provider.

use contract::command::Command;
use contract::control::{Action, ControlConference, Said};
use contract::entity::call_stream;
use contract::provider::Provider;
use contract::report::FailureReason;
use contract::world::space;
use effects::control::{ControlError, Done, Order, is_possible};
use providers::tryvox::rest;

use super::{Conferences, GONE};
use crate::errand::{self, Begun, Turn};
use crate::intake::Done as Recorded;
use crate::once::Asked;
use crate::problem::{Kind, Problem};
use crate::voice::{Failed, reason_words};
use crate::voicepact::conference::conference_id;

/// Acts on the conference of that name, and records it before and after.
///
/// # Errors
/// 404 where there is no such conference or member, 409 where its provider has no such control, and what the provider says.
pub(super) async fn act(
    state: &Conferences,
    name: &str,
    action: Action,
    said: Said,
    asked: Option<Asked>,
) -> Result<Done, Problem> {
    let first = match asked {
        None => None,
        Some(asked) => match state.intake.begin(asked).await? {
            Begun::Before(done) => return errand::came_of(&state.intake, &done, GONE).await,
            Begun::First(first) => Some(first),
        },
    };
    if let Some(held) = state.held(name).await? {
        debug_assert!(!is_possible(held.provider, action), "TryVox tells of its rooms itself");
        return Err(unsupported(held.provider));
    }
    let provider = Provider::TryVox;
    let room = state.room(name).await?;
    if let Some(member) = &said.member
        && room.members.iter().all(|known| known.member_id != *member)
    {
        return Err(Problem::not_found("There is no such member in the conference."));
    }
    let command = ControlConference {
        conference_id: id(state, &room).await?,
        provider,
        room: room.name.clone(),
        begun: room.begun(),
        action,
        said: said.clone(),
    };
    let command = Command::ControlConference(command);
    let order = move |asked: &Recorded| {
        let (stream, control) = (asked.stream.clone(), asked.input);
        Order { stream, control, provider, target: room.name, action, said }
    };
    if let Some(first) = first {
        let (stamp, controller) = (first.stamp()?, state.controller.clone());
        let act = async move |turn: Turn| {
            let order = order(&turn.done);
            errand::act(controller, turn, order).await;
        };
        let done = first.carry_out(stamp, command, act).await?;
        return errand::came_of(&state.intake, &done, GONE).await;
    }
    let asked = state.intake.run(command).await?;
    state.controller.act(order(&asked)).await.map_err(|error| not_done(&error, GONE))
}

/// Our id of a room: of the conference whose legs are in it, else a new one. The fold takes the one under which it met the
/// same room before, so the new one counts only the first time.
async fn id(state: &Conferences, room: &rest::Conference) -> Result<String, Problem> {
    for member in &room.members {
        let call = call_stream(Provider::TryVox, &member.call_uuid);
        let of = state.reader.links(space::CALL, &call).await?;
        let ours = of.iter().find_map(|stream| stream.strip_prefix("conference/"));
        if let Some(ours) = ours {
            return Ok(ours.to_owned());
        }
    }
    let stamp = state.intake.door().stamp().map_err(crate::intake::not_taken)?;
    Ok(conference_id(&stamp.seed))
}

fn unsupported(provider: Provider) -> Problem {
    let detail = match provider {
        Provider::AfricasTalking => "Africa's Talking has no control of conferences.",
        Provider::MiniVoice => "MiniVoice has no control of conferences.",
        Provider::TryVox => "There is no account at TryVox to control this conference with.",
    };
    Problem::new(Kind::ConferenceControlUnsupported, detail)
}

/// An act that was not done, or of which nobody knows; `gone` is what to say where the provider has nothing to do it to.
pub(crate) fn not_done(error: &ControlError, gone: &'static str) -> Problem {
    match error {
        ControlError::Unsupported | ControlError::NotConfigured => {
            return Problem::new(Kind::ConferenceControlUnsupported, "The provider has no such control.");
        }
        ControlError::Refused(FailureReason::NotFound) => return Problem::not_found(gone),
        ControlError::Refused(FailureReason::ConferenceUnavailable) => {
            return Problem::new(Kind::ConferenceUnavailable, "The room could not be joined.");
        }
        ControlError::NotRecorded(_) => {
            let detail = "The provider was asked, but what it answered could not be stored.";
            return Problem::new(Kind::NotJournaled, detail);
        }
        ControlError::Incomplete
        | ControlError::Send(_)
        | ControlError::Refused(_)
        | ControlError::Interrupted => {}
    }
    let reason = error.reason();
    Problem::provider(format!("The provider did not do it: {}", reason_words(reason)), Failed(reason))
}
