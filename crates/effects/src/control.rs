//! Acting on calls and conferences that are going on: asks the provider, once, and brings back what it said.

mod africastalking;
mod minivoice;
mod tryvox;

use std::fmt;
use std::sync::Arc;

use contract::control::{Action, Said};
use contract::provider::Provider;
use contract::report::{FailureReason, Report};
use providers::africastalking::rest::Queue;
use providers::minivoice::rest::Recording;
use providers::tryvox::rest::{Conference, Room};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::account::Accounts;
use crate::client::{Client, SendError};
use crate::door::{Door, DoorError};

/// Acts on what is going on at providers. Cheap to clone.
///
/// No act is ever tried again by itself, whatever came of it: a text would be spoken twice, a call passed on twice. Who
/// asked sees the failure and decides.
#[derive(Clone)]
pub struct Controller {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    client: Client,
    accounts: Accounts,
    running: TaskTracker,
}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").field("accounts", &self.inner.accounts).finish_non_exhaustive()
    }
}

/// An act whose request stands on the ledger. `Debug` hides what it is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The stream it was asked on.
    pub stream: String,
    /// The input that asked.
    pub control: Uuid,
    /// Of whom.
    pub provider: Provider,
    /// The provider's name of the room, or its id of the call; none for a file.
    pub target: String,
    /// What.
    pub action: Action,
    /// With what.
    pub said: Said,
}

/// What the provider answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Its id of what it began, where it gives one.
    pub reference: Option<String>,
    /// The recording it began or ended, where it tells about it.
    pub recording: Option<Recording>,
}

impl Done {
    fn referring(reference: String) -> Done {
        Done { reference: Some(reference), recording: None }
    }
}

/// Why it is not known that the provider did it. All but [`ControlError::NotRecorded`] and
/// [`ControlError::Interrupted`] are on the ledger.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No account is configured.
    #[error("no account at this provider is configured")]
    NotConfigured,
    /// The provider has nothing of the kind.
    #[error("the provider has no such control")]
    Unsupported,
    /// What the act needs is missing or none the provider would take.
    #[error("something that the act needs is missing")]
    Incomplete,
    /// No connection, or no whole answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The provider refused, or its answer cannot be read.
    #[error("the provider refused: {0:?}")]
    Refused(FailureReason),
    /// The result could not be journaled, so the ledger shows the request only. It may have been done.
    #[error("the result could not be recorded: {0}")]
    NotRecorded(#[from] DoorError),
    /// The process is stopping, or a defect of ours.
    #[error("interrupted; whether it took effect is unknown")]
    Interrupted,
}

impl ControlError {
    /// The word for the ledger.
    pub fn reason(&self) -> FailureReason {
        match self {
            ControlError::NotConfigured => FailureReason::NotConfigured,
            ControlError::Send(error) => error.reason(),
            ControlError::Refused(reason) => *reason,
            ControlError::Unsupported | ControlError::Incomplete => FailureReason::Other,
            ControlError::NotRecorded(_) | ControlError::Interrupted => FailureReason::UnknownOutcome,
        }
    }
}

/// Whether a provider can be asked for it at all. Africa's Talking has one control of calls and none of conferences,
/// MiniVoice records calls and knows nothing of its rooms.
pub fn is_possible(provider: Provider, action: Action) -> bool {
    match provider {
        Provider::TryVox => action != Action::UploadMedia,
        Provider::AfricasTalking => matches!(action, Action::Transfer | Action::UploadMedia),
        Provider::MiniVoice => matches!(action, Action::StartRecording | Action::StopRecording),
    }
}

impl Controller {
    /// Acts with these accounts.
    pub fn new(door: Door, client: Client, accounts: Accounts) -> Controller {
        Controller { inner: Arc::new(Inner { door, client, accounts, running: TaskTracker::new() }) }
    }

    /// The accounts it acts with.
    pub fn accounts(&self) -> &Accounts {
        &self.inner.accounts
    }

    /// Asks the provider for what `order` says. The result is journaled before this returns. Dropping the future changes
    /// nothing: the act goes on, and its result is journaled all the same.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn act(&self, order: Order) -> Result<Done, ControlError> {
        let inner = Arc::clone(&self.inner);
        let acting = self.inner.running.spawn(async move { inner.act(&order).await });
        acting.await.unwrap_or(Err(ControlError::Interrupted))
    }

    /// Records that an act is not done any more that was recorded too late.
    ///
    /// # Errors
    /// [`ControlError::NotRecorded`].
    pub async fn give_up(&self, stream: &str, control: Uuid) -> Result<(), ControlError> {
        let reason = FailureReason::TooSlow;
        self.inner.door.report(Report::ControlFailed { stream: stream.to_owned(), control, reason }).await?;
        Ok(())
    }

    /// The rooms that are open at TryVox; none without an account there. Changes nothing, so nothing is recorded.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn rooms(&self) -> Result<Vec<Room>, ControlError> {
        self.inner.rooms().await
    }

    /// A room that is open at TryVox, with its members; none where there is none of that name, or no account.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn room(&self, name: &str) -> Result<Option<Conference>, ControlError> {
        self.inner.room(name).await
    }

    /// How many wait in the queues of our line at Africa's Talking.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn queues(&self, name: Option<&str>) -> Result<Vec<Queue>, ControlError> {
        self.inner.queues(name).await
    }

    /// Resolves when no act is under way any more. For an orderly end: call it when no more are asked for.
    pub async fn finished(&self) {
        self.inner.running.close();
        self.inner.running.wait().await;
    }
}

impl Inner {
    async fn act(&self, order: &Order) -> Result<Done, ControlError> {
        let done = match order.provider {
            _ if !is_possible(order.provider, order.action) => Err(ControlError::Unsupported),
            Provider::AfricasTalking => self.by_africastalking(order).await,
            Provider::TryVox => self.by_tryvox(order).await,
            Provider::MiniVoice => self.by_minivoice(order).await,
        };
        let (stream, control) = (order.stream.clone(), order.control);
        let report = match &done {
            Ok(done) => Report::Controlled { stream, control, reference: done.reference.clone() },
            Err(error) => {
                let reason = error.reason();
                tracing::warn!(stream, action = ?order.action, ?reason, %error, "an act failed");
                Report::ControlFailed { stream, control, reason }
            }
        };
        if let Err(error) = self.door.report(report).await {
            tracing::error!(stream = order.stream, %error, "the result of an act is lost");
            return Err(error.into());
        }
        done
    }
}

/// What an act cannot do without.
fn needed(value: Option<&String>) -> Result<&str, ControlError> {
    value.map(String::as_str).ok_or(ControlError::Incomplete)
}
