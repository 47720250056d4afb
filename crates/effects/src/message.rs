//! Sending text messages: the outbox that the ledger computes, worked off.
//!
//! Each attempt is journaled before it is made, and its result after, so an attempt nobody knows the end of stands in
//! the ledger as such. It is enough that the attempt is journaled: it is durable then, comes before its own result in
//! the same journal, and if this process dies in between, the fold takes the task up again after its delay. Waiting until
//! the attempt is folded would add nothing but time; what must be waited for is the fold of the result (`worker`).
//!
//! A message is sent at least once. Where the outcome is unknown it is sent again: a text that comes twice does no harm,
//! one that never comes leaves a contract unconfirmed.

use std::fmt;
use std::sync::Arc;

use contract::entity::Entity;
use contract::message::{Outgoing, OutgoingMessage, SendStatus};
use contract::phone::Phone;
use contract::provider::Provider;
use contract::report::{FailureReason, Receipt, Report, TaskRef};
use contract::world::space;
use providers::africastalking::rest::{self, RestError};
use store::Reader;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::account::Account;
use crate::client::{Client, SendError};
use crate::door::{Door, DoorError};
use crate::worker::Worker;

/// Messages sent at once. A contract has ten parties at most, and one request takes a fraction of a second.
const AT_ONCE: usize = 8;

/// Sends the messages that streams ask for. Cheap to clone.
#[derive(Clone)]
pub struct Messenger {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    client: Client,
    account: Account,
}

impl fmt::Debug for Messenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messenger").field("account", &self.inner.account).finish_non_exhaustive()
    }
}

/// A message the provider took.
struct Accepted {
    message_id: String,
    cost: Option<String>,
    receipt: Receipt,
}

/// Why a message was not taken, or nobody knows.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    /// Number or text were erased, or never there.
    #[error("there is nothing to send, or nobody to send it to")]
    Nothing,
    /// The number is none.
    #[error("the number is not one")]
    Number,
    /// No connection, or no whole answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The answer is no success, or cannot be read.
    #[error(transparent)]
    Answer(#[from] RestError),
    /// The message to this number was refused.
    #[error("the provider refused the message: {0:?}")]
    Refused(FailureReason, Receipt),
    /// The provider took it without naming it, so no delivery report can be joined.
    #[error("the provider took the message but gave no id")]
    Nameless(Receipt),
}

impl MessageError {
    fn reason(&self) -> FailureReason {
        match self {
            MessageError::Nothing => FailureReason::Other,
            MessageError::Number => FailureReason::InvalidNumber,
            MessageError::Send(error) => error.reason(),
            MessageError::Answer(error) => error.reason(),
            MessageError::Refused(reason, _) => *reason,
            MessageError::Nameless(_) => FailureReason::UnreadableAnswer,
        }
    }

    /// Whether to try again.
    ///
    /// What is wrong with the message or its receiver stays wrong. What is wrong with the account (key, sender id,
    /// money) is wrong for all messages at once and the operator's to mend; giving up would lose every confirmation
    /// asked for meanwhile, and a refused request costs nothing. A good status with an unreadable body was most likely
    /// taken, and would be each time.
    fn again(&self) -> bool {
        match self {
            MessageError::Nothing | MessageError::Number | MessageError::Nameless(_) => false,
            MessageError::Send(SendError::AnswerTooLarge { status })
            | MessageError::Answer(RestError::Unreadable { status }) => !(200..300).contains(status),
            MessageError::Send(SendError::NotSent(_) | SendError::UnknownOutcome) => true,
            MessageError::Answer(_) | MessageError::Refused(..) => matches!(
                self.reason(),
                FailureReason::ProviderError
                    | FailureReason::Unauthorized
                    | FailureReason::InvalidSender
                    | FailureReason::InsufficientCredit
            ),
        }
    }
}

impl MessageError {
    /// What the provider said of the receiver.
    fn receipt(&self) -> Option<Receipt> {
        match self {
            MessageError::Refused(_, receipt) | MessageError::Nameless(receipt) => Some(receipt.clone()),
            MessageError::Nothing
            | MessageError::Number
            | MessageError::Send(_)
            | MessageError::Answer(_) => None,
        }
    }
}

impl Messenger {
    /// A messenger for an account. Where none is configured, run no messenger: the tasks wait in the outbox with all
    /// their attempts left and are sent once there is one, while attempts that can only fail would use them up.
    pub fn new(door: Door, client: Client, account: Account) -> Messenger {
        Messenger { inner: Arc::new(Inner { door, client, account }) }
    }

    /// Sends what is due until told to stop; then ends what was begun, which takes no longer than one request.
    ///
    /// One per ledger: two would not know of each other and send some messages twice. Where several projectors stand
    /// by, run it beside the active one.
    pub async fn run(&self, reader: Reader, stop: CancellationToken) {
        let asked = reader.clone();
        let worker = Worker { kind: "message", at_once: AT_ONCE, reader, door: self.inner.door.clone() };
        let attempt = |task: TaskRef, state: Entity| {
            let messenger = self.clone();
            let reader = asked.clone();
            async move {
                if let Some(message) = due(&task, &state)
                    && opted_out(&reader, message).await
                {
                    return messenger.withhold(&task).await.map(Some);
                }
                messenger.attempt(&task, &state).await
            }
        };
        worker.run(stop, attempt).await;
    }

    /// Makes one attempt at a message of the stream in `state`, and journals attempt and result. Gives the id of the
    /// last report; none where the state says that the task is done or already further, and nothing was done.
    ///
    /// # Errors
    /// [`DoorError`] when something could not be journaled. If it was the attempt, nothing was sent; if it was the
    /// result, the attempt stands alone in the ledger and is repeated after its delay.
    pub async fn attempt(&self, task: &TaskRef, state: &Entity) -> Result<Option<Uuid>, DoorError> {
        match due(task, state) {
            Some(message) => self.inner.attempt(task, message).await.map(Some),
            None => Ok(None),
        }
    }

    /// Journals that a message is not sent, because the person wants none.
    async fn withhold(&self, task: &TaskRef) -> Result<Uuid, DoorError> {
        tracing::info!(stream = task.stream, task = task.task, "message withheld: its receiver wants none");
        let reason = FailureReason::OptedOut;
        let report = Report::MessageFailed { task: task.clone(), reason, again: false, receipt: None };
        Ok(self.inner.door.report(report).await?.id)
    }
}

/// The message that is to be attempted, if the state says so too.
fn due<'a>(task: &TaskRef, state: &'a Entity) -> Option<&'a OutgoingMessage> {
    let message = outgoing(state)?.0.get(&task.task)?;
    (is_open(message) && message.attempts + 1 == task.attempt).then_some(message)
}

/// Whether the receiver asked for no more messages, as far as the ledger knows now. A store that does not answer holds no
/// message back: the wish is looked up again with the next one.
async fn opted_out(reader: &Reader, message: &OutgoingMessage) -> bool {
    let Some(to) = &message.to else { return false };
    match reader.linked(&[(space::CONTACT, to)]).await {
        Ok(led) => led.iter().flatten().any(|row| {
            matches!(Entity::from_json(&row.state), Ok(Entity::Contact(contact)) if !contact.may_be_texted())
        }),
        Err(error) => {
            tracing::warn!(%error, "whether a person wants messages could not be looked up");
            false
        }
    }
}

fn outgoing(state: &Entity) -> Option<&Outgoing> {
    match state {
        Entity::Contract(agreement) => Some(&agreement.messages),
        Entity::Call(_)
        | Entity::Conference(_)
        | Entity::Message(_)
        | Entity::Media(_)
        | Entity::Erasure(_)
        | Entity::Keys(_)
        | Entity::Contact(_)
        | Entity::Session(_) => None,
    }
}

fn is_open(message: &OutgoingMessage) -> bool {
    matches!(message.status, SendStatus::Requested | SendStatus::Attempted)
}

impl Inner {
    async fn attempt(&self, task: &TaskRef, message: &OutgoingMessage) -> Result<Uuid, DoorError> {
        let result = match readable(message) {
            Ok((to, text)) => {
                self.door.report(Report::MessageAttempted(task.clone())).await?;
                self.send(&to, text).await
            }
            Err(error) => Err(error),
        };
        let (stream, number, attempt) = (&task.stream, task.task, task.attempt);
        let task = task.clone();
        let report = match result {
            Ok(Accepted { message_id, cost, receipt }) => {
                tracing::info!(stream, task = number, attempt, "message accepted");
                let (provider, receipt) = (Provider::AfricasTalking, Some(receipt));
                Report::MessageAccepted { task, provider, message_id, cost, receipt }
            }
            Err(error) => {
                let (reason, again) = (error.reason(), error.again());
                tracing::warn!(stream, task = number, attempt, ?reason, again, %error, "message not accepted");
                Report::MessageFailed { task, reason, again, receipt: error.receipt() }
            }
        };
        Ok(self.door.report(report).await?.id)
    }

    async fn send(&self, to: &Phone, text: &str) -> Result<Accepted, MessageError> {
        let Account { username, api_key, sender, .. } = &self.account;
        let to = std::slice::from_ref(to);
        let request = rest::send_sms(username, api_key, sender.as_deref(), to, text);
        let answer = self.client.send(&self.account.url(&request), &request).await?;
        let status = answer.status;
        let recipients = rest::read_sms(status, &answer.body)?;
        // One number was asked for. If others stand beside it, what became of them says nothing of it; alone it is the
        // one that was meant, however the provider writes it.
        let own = recipients.iter().position(|recipient| to.iter().any(|to| recipient.number == to.as_str()));
        let recipient =
            recipients.into_iter().nth(own.unwrap_or(0)).ok_or(RestError::Unreadable { status })?;
        let receipt = recipient.receipt();
        recipient.outcome().map_err(|reason| MessageError::Refused(reason, receipt.clone()))?;
        let message_id = recipient.message_id.ok_or_else(|| MessageError::Nameless(receipt.clone()))?;
        Ok(Accepted { message_id, cost: recipient.cost, receipt })
    }
}

fn readable(message: &OutgoingMessage) -> Result<(Phone, &str), MessageError> {
    let (Some(to), Some(text)) = (&message.to, &message.text) else { return Err(MessageError::Nothing) };
    let to = to.parse().map_err(|_| MessageError::Number)?;
    Ok((to, text))
}
