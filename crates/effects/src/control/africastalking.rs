//! Africa's Talking: passing calls on, files, queues.

use contract::control::Action;
use providers::africastalking::rest::{self, CallLeg, Queue, Request, RestError};
use providers::script::Address;

use super::{ControlError, Done, Inner, Order, needed};
use crate::client::Answer;

impl Inner {
    pub(super) async fn by_africastalking(&self, order: &Order) -> Result<Done, ControlError> {
        let account = self.accounts.africastalking.as_ref().ok_or(ControlError::NotConfigured)?;
        let (username, api_key) = (&account.username, &account.api_key);
        let said = &order.said;
        let file = || said.url.as_deref().map(Address::new).transpose();
        if order.action == Action::UploadMedia {
            let file = file().map_err(|_| ControlError::Incomplete)?.ok_or(ControlError::Incomplete)?;
            let request = rest::upload_media(username, api_key, &file, &account.line);
            let answer = self.ask_africastalking(&request).await?;
            return rest::read_uploaded(answer.status, &answer.body)
                .map(|()| Done::default())
                .map_err(refused);
        }
        let to = needed(said.to.as_ref())?.parse().map_err(|_| ControlError::Incomplete)?;
        let leg = match said.leg.as_deref() {
            Some("caller") => Some(CallLeg::Caller),
            Some("callee") => Some(CallLeg::Callee),
            _ => None,
        };
        let music = file().map_err(|_| ControlError::Incomplete)?;
        let request = rest::transfer(username, api_key, &order.target, &to, leg, music.as_ref());
        let answer = self.ask_africastalking(&request).await?;
        rest::read_transfer(answer.status, &answer.body).map(|()| Done::default()).map_err(refused)
    }

    pub(super) async fn queues(&self, name: Option<&str>) -> Result<Vec<Queue>, ControlError> {
        let account = self.accounts.africastalking.as_ref().ok_or(ControlError::NotConfigured)?;
        let lines = [account.line.as_str()];
        let request = rest::queue_status(&account.username, &account.api_key, &lines, name);
        let answer = self.ask_africastalking(&request).await?;
        rest::read_queues(answer.status, &answer.body).map_err(refused)
    }

    async fn ask_africastalking(&self, request: &Request) -> Result<Answer, ControlError> {
        let account = self.accounts.africastalking.as_ref().ok_or(ControlError::NotConfigured)?;
        Ok(self.client.send(&account.url(request), request).await?)
    }
}

fn refused(error: RestError) -> ControlError {
    ControlError::Refused(error.reason())
}
