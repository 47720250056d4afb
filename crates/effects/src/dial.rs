//! Dialling: rings people, once, and brings back what the provider said.

mod apart;

pub use apart::{REQUEST_PARAMETER, ROOM_PARAMETER};

use std::fmt;
use std::sync::Arc;

use contract::phone::Phone;
use contract::provider::Provider;
use contract::report::{DialledLeg, FailureReason, Report};
use providers::africastalking::rest::{self, CallEntry, RestError};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::account::Accounts;
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
    accounts: Accounts,
    running: TaskTracker,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("accounts", &self.inner.accounts).finish_non_exhaustive()
    }
}

/// What is to be dialled. `Debug` hides the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialling {
    /// The request it is for, which must be journaled before: `conference/…`, `dial/…`.
    pub stream: String,
    /// Who dials.
    pub provider: Provider,
    /// Whom, all at once.
    pub phones: Vec<Phone>,
    /// The room each joins when it is answered, where the provider has rooms with names.
    pub room: Option<String>,
    /// Whether the provider shall record each call, where it can be told to.
    pub record: bool,
}

impl Dialling {
    /// Our own id of the request. It comes back with the events of every leg, so they can be joined even when the answer
    /// is lost.
    fn request(&self) -> Option<&str> {
        self.stream.split_once('/').map(|(_, id)| id)
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
    /// The input as which this answer was journaled: its outcome tells that the ledger knows the legs.
    pub report: Uuid,
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
    /// A dialler for these accounts; what is to be dialled without one fails, and is recorded as failed.
    pub fn new(door: Door, client: Client, accounts: impl Into<Accounts>) -> Dialer {
        let accounts = accounts.into();
        Dialer { inner: Arc::new(Inner { door, client, accounts, running: TaskTracker::new() }) }
    }

    /// The accounts it dials with.
    pub fn accounts(&self) -> &Accounts {
        &self.inner.accounts
    }

    /// Rings people. The result is journaled before this returns. Dropping the future changes nothing: the dialling goes
    /// on, and its result is journaled all the same.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self, dialling: Dialling) -> Result<DialAnswer, DialError> {
        let inner = Arc::clone(&self.inner);
        let dialling = self.inner.running.spawn(async move { inner.dial(&dialling).await });
        dialling.await.unwrap_or(Err(DialError::Interrupted))
    }

    /// Records that nobody is dialled any more for a request that was recorded too late.
    ///
    /// # Errors
    /// [`DialError::NotRecorded`].
    pub async fn give_up(&self, stream: &str) -> Result<(), DialError> {
        let report = Report::DialFailed { stream: stream.to_owned(), reason: FailureReason::TooSlow };
        self.inner.door.report(report).await?;
        Ok(())
    }

    /// Resolves when no dialling is under way any more. For an orderly end: call it when no more are asked for.
    pub async fn finished(&self) {
        self.inner.running.close();
        self.inner.running.wait().await;
    }
}

impl Inner {
    async fn dial(&self, dialling: &Dialling) -> Result<DialAnswer, DialError> {
        let answer = match dialling.provider {
            Provider::AfricasTalking => self.together(dialling).await,
            Provider::TryVox | Provider::MiniVoice => self.apart(dialling).await,
        };
        let (stream, provider) = (&dialling.stream, dialling.provider);
        let line = self.accounts.line(provider).map(str::to_owned);
        let report = match &answer {
            Ok(answer) => {
                Report::Dialled { stream: stream.clone(), provider, legs: answer.legs.clone(), line }
            }
            Err(error) => {
                let reason = error.reason().unwrap_or(FailureReason::Other);
                tracing::warn!(stream, ?reason, error = %error, "dialling failed");
                Report::DialFailed { stream: stream.clone(), reason }
            }
        };
        match self.door.report(report).await {
            Ok(input) => answer.map(|answer| DialAnswer { report: input.id, ..answer }),
            Err(error) => {
                tracing::error!(stream, %error, "the result of a dialling is lost");
                Err(error.into())
            }
        }
    }

    /// Africa's Talking rings all parties by one request.
    async fn together(&self, dialling: &Dialling) -> Result<DialAnswer, DialError> {
        let account = self.accounts.africastalking.as_ref().ok_or(DialError::NotConfigured)?;
        let phones = &dialling.phones;
        let request =
            rest::call(&account.username, &account.api_key, &account.line, phones, dialling.request());
        let answer = self.client.send(&account.url(&request), &request).await?;
        let answer = rest::read_call(answer.status, &answer.body)?;
        match answer.refusal() {
            Some(reason) => Err(DialError::Refused(reason)),
            None => Ok(DialAnswer {
                legs: answer.legs(phones),
                entries: answer.entries,
                error_message: answer.error_message,
                report: Uuid::nil(),
            }),
        }
    }
}
