//! Dialling: rings people, once, and brings back what the provider said.

use std::fmt;
use std::sync::Arc;

use contract::phone::Phone;
use contract::provider::Provider;
use contract::report::{DialledLeg, FailureReason, Report};
use providers::africastalking::rest::{self, CallEntry, RestError};
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::client::{Client, SendError};
use crate::door::{Door, DoorError};

/// Dials. Cheap to clone.
///
/// The provider has no protection against a repeated request, and a repeated one rings people twice. So a dialling is
/// never tried again by itself, whatever came of it: who asked sees the failure and decides.
#[derive(Clone)]
pub struct Dialer {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    client: Client,
    account: Option<Account>,
    running: TaskTracker,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("account", &self.inner.account).finish_non_exhaustive()
    }
}

/// What the provider answered to a dialling. `Debug` hides the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialAnswer {
    /// One per number, as the provider wrote and ordered them.
    pub entries: Vec<CallEntry>,
    /// One per party, in the order of the parties.
    pub legs: Vec<DialledLeg>,
    /// What the provider complains of though it took the request; none when all is well.
    pub error_message: Option<String>,
}

/// Why nobody is known to be rung. All but [`DialError::NotRecorded`] and [`DialError::Interrupted`] are on the ledger.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No account is configured.
    #[error("no voice provider is configured")]
    NotConfigured,
    /// No connection, or no whole answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The answer is no success, or cannot be read.
    #[error(transparent)]
    Answer(#[from] RestError),
    /// The provider refused to call anybody.
    #[error("the provider refused: {0:?}")]
    Refused(FailureReason),
    /// The result could not be journaled, so the ledger shows the request only. People may have been rung.
    #[error("the result of the dialling could not be recorded: {0}")]
    NotRecorded(#[from] DoorError),
    /// The process is stopping, or a defect of ours.
    #[error("the dialling was interrupted; whether it took effect is unknown")]
    Interrupted,
}

impl DialError {
    /// The word for the ledger; none where nothing about it can be recorded.
    pub fn reason(&self) -> Option<FailureReason> {
        match self {
            DialError::NotConfigured => Some(FailureReason::NotConfigured),
            DialError::Send(error) => Some(error.reason()),
            DialError::Answer(error) => Some(error.reason()),
            DialError::Refused(reason) => Some(*reason),
            DialError::NotRecorded(_) | DialError::Interrupted => None,
        }
    }
}

impl SendError {
    /// The word for the ledger.
    pub fn reason(&self) -> FailureReason {
        match self {
            SendError::NotSent(_) => FailureReason::Unreachable,
            SendError::UnknownOutcome => FailureReason::UnknownOutcome,
            SendError::AnswerTooLarge { .. } => FailureReason::UnreadableAnswer,
        }
    }
}

impl Dialer {
    /// A dialler for an account; without one every dialling fails, and is recorded as failed.
    pub fn new(door: Door, client: Client, account: Option<Account>) -> Dialer {
        Dialer { inner: Arc::new(Inner { door, client, account, running: TaskTracker::new() }) }
    }

    /// Rings all `phones` at once for `stream` (`conference/…`, `dial/…`), whose request must be journaled before.
    /// The result is journaled before this returns. Dropping the future changes nothing: the dialling goes on, and its
    /// result is journaled all the same.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self, stream: &str, phones: &[Phone]) -> Result<DialAnswer, DialError> {
        let inner = Arc::clone(&self.inner);
        let (stream, phones) = (stream.to_owned(), phones.to_vec());
        let dialling = self.inner.running.spawn(async move { inner.dial(stream, &phones).await });
        dialling.await.unwrap_or(Err(DialError::Interrupted))
    }

    /// Resolves when no dialling is under way any more. For an orderly end: call it when no more are asked for.
    pub async fn finished(&self) {
        self.inner.running.close();
        self.inner.running.wait().await;
    }
}

impl Inner {
    async fn dial(&self, stream: String, phones: &[Phone]) -> Result<DialAnswer, DialError> {
        let answer = self.ring(&stream, phones).await;
        let report = match &answer {
            Ok(answer) => {
                let provider = Provider::AfricasTalking;
                Report::Dialled { stream: stream.clone(), provider, legs: answer.legs.clone() }
            }
            Err(error) => {
                let reason = error.reason().unwrap_or(FailureReason::Other);
                tracing::warn!(stream, ?reason, error = %error, "dialling failed");
                Report::DialFailed { stream: stream.clone(), reason }
            }
        };
        if let Err(error) = self.door.report(report).await {
            tracing::error!(stream, %error, "the result of a dialling is lost");
            return Err(error.into());
        }
        answer
    }

    async fn ring(&self, stream: &str, phones: &[Phone]) -> Result<DialAnswer, DialError> {
        let account = self.account.as_ref().ok_or(DialError::NotConfigured)?;
        // Our own id comes back with the events of every leg, so they can be joined even when this answer is lost.
        let id = stream.split_once('/').map(|(_, id)| id);
        let request = rest::call(&account.username, &account.api_key, &account.line, phones, id);
        let answer = self.client.send(&account.url(&request), &request).await?;
        let answer = rest::read_call(answer.status, &answer.body)?;
        match answer.refusal() {
            Some(reason) => Err(DialError::Refused(reason)),
            None => Ok(DialAnswer {
                legs: answer.legs(phones),
                entries: answer.entries,
                error_message: answer.error_message,
            }),
        }
    }
}
