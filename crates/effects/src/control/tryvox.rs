//! TryVox: rooms and their members, calls.

use contract::control::{Action, Said};
use contract::phone::Phone;
use contract::report::FailureReason;
use providers::request::ApiRequest;
use providers::script::{Address, Label};
use providers::tryvox::rest::{self, Account, Conference, RestError, Room};

use super::{ControlError, Done, Inner, Order, needed};
use crate::client::Answer;

impl Inner {
    pub(super) async fn by_tryvox(&self, order: &Order) -> Result<Done, ControlError> {
        let account = self.accounts.tryvox.as_ref().ok_or(ControlError::NotConfigured)?;
        let request = request(&account.rest, order)?;
        let Answer { status, body, .. } = self.client.send_api(account.url.as_deref(), &request).await?;
        read(order, status, &body).map_err(|error| refused(&error))
    }

    pub(super) async fn rooms(&self) -> Result<Vec<Room>, ControlError> {
        let Some(account) = &self.accounts.tryvox else { return Ok(Vec::new()) };
        let request = rest::list_conferences(&account.rest);
        let answer = self.client.send_api(account.url.as_deref(), &request).await?;
        rest::read_conferences(answer.status, &answer.body).map_err(|error| refused(&error))
    }

    pub(super) async fn room(&self, name: &str) -> Result<Option<Conference>, ControlError> {
        let Some(account) = &self.accounts.tryvox else { return Ok(None) };
        let request = rest::get_conference(&account.rest, name);
        let answer = self.client.send_api(account.url.as_deref(), &request).await?;
        match rest::read_conference(answer.status, &answer.body).map_err(|error| refused(&error)) {
            Ok(conference) => Ok(Some(conference)),
            Err(ControlError::Refused(FailureReason::NotFound)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn request(account: &Account, order: &Order) -> Result<ApiRequest, ControlError> {
    let (target, said) = (order.target.as_str(), &order.said);
    let member = || needed(said.member.as_ref());
    Ok(match order.action {
        Action::Mute => rest::mute(account, target, member()?),
        Action::Unmute => rest::unmute(account, target, member()?),
        Action::Kick => rest::kick(account, target, member()?),
        Action::Speak => rest::speak(account, target, needed(said.text.as_ref())?, voice(said)?.as_ref()),
        Action::Play => rest::play(account, target, &address(said)?),
        Action::End => rest::end_conference(account, target),
        Action::Transfer => rest::transfer(account, target, &number(said)?),
        Action::StartRecording => rest::start_recording(account, target),
        Action::StopRecording => rest::stop_recording(account, target),
        Action::HangUp => rest::hang_up(account, target),
        Action::UploadMedia => return Err(ControlError::Unsupported),
    })
}

/// What the answer says. One that says another thing than what was asked is none.
fn read(order: &Order, status: u16, body: &[u8]) -> Result<Done, RestError> {
    let confirmed = |so: bool, member: &String| match so && Some(member) == order.said.member.as_ref() {
        true => Ok(Done::default()),
        false => Err(RestError::Unreadable { status }),
    };
    match order.action {
        Action::Mute | Action::Unmute => {
            let told = rest::read_muted(status, body)?;
            confirmed(told.muted == (order.action == Action::Mute), &told.member_id)
        }
        Action::Kick => confirmed(true, &rest::read_kicked(status, body)?),
        Action::Speak => rest::read_speaking(status, body).map(|heard| Done::referring(heard.id)),
        Action::Play => rest::read_playing(status, body).map(|heard| Done::referring(heard.id)),
        Action::Transfer => rest::read_transferring(status, body).map(Done::referring),
        Action::StartRecording => rest::read_recording(status, body).map(Done::referring),
        Action::End | Action::HangUp | Action::StopRecording | Action::UploadMedia => {
            rest::read_done(status, body).map(|()| Done::default())
        }
    }
}

fn voice(said: &Said) -> Result<Option<Label>, ControlError> {
    said.voice.as_deref().map(Label::new).transpose().map_err(|_| ControlError::Incomplete)
}

fn address(said: &Said) -> Result<Address, ControlError> {
    Address::new(needed(said.url.as_ref())?).map_err(|_| ControlError::Incomplete)
}

fn number(said: &Said) -> Result<Phone, ControlError> {
    needed(said.to.as_ref())?.parse().map_err(|_| ControlError::Incomplete)
}

fn refused(error: &RestError) -> ControlError {
    ControlError::Refused(error.reason())
}
