//! MiniVoice: recordings of calls.

use contract::control::Action;
use providers::minivoice::rest::{self, Recorder};

use super::{ControlError, Done, Inner, Order};

impl Inner {
    pub(super) async fn by_minivoice(&self, order: &Order) -> Result<Done, ControlError> {
        let account = self.accounts.minivoice.as_ref().ok_or(ControlError::NotConfigured)?;
        let recorder = if order.action == Action::StartRecording { Recorder::Start } else { Recorder::Stop };
        let request = rest::record(&account.api_key, &order.target, recorder);
        let answer = self.client.send_api(account.url.as_deref(), &request).await?;
        let recording = rest::read_recording(answer.status, &answer.body)
            .map_err(|error| ControlError::Refused(error.reason()))?;
        Ok(Done { reference: Some(recording.id.clone()), recording: Some(recording) })
    }
}
