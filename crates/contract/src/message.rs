//! Messages: those we send, as tasks of a stream, and the stream of one message at a provider.

use std::collections::{BTreeMap, BTreeSet};

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arrival::Bodies;
use crate::entity::OpenTask;
use crate::event::{Event, EventData, Reading, Template};
use crate::fact::DeliveryStatus;
use crate::report::{FailureReason, Receipt};

/// How often a message is tried before we give up. With [`retry_delay_ms`] that is about ten hours.
pub const MESSAGE_ATTEMPTS_MAX: u32 = 14;

/// How long to wait after attempt `n` (1-based): 5 s, doubling to at most 4 h. In milliseconds.
pub fn retry_delay_ms(attempt: u32) -> i64 {
    let doubled = 5_000_i64.saturating_mul(1_i64 << attempt.saturating_sub(1).min(20));
    doubled.min(4 * 3_600_000)
}

/// The messages asked for on one stream, by the version of their `message.requested`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outgoing(pub BTreeMap<u32, OutgoingMessage>);

/// One message we send.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMessage {
    /// 0-based party it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<u32>,
    /// Which text.
    pub template: Template,
    /// Number; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Text; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it stands.
    pub status: SendStatus,
    /// How many attempts were begun.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// What the provider said of its receiver, last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The stream of its delivery reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Streams under which a provider took it besides: it was sent more than once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sent_again: BTreeSet<String>,
}

impl std::fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutgoingMessage({:?}, {:?}, {} attempts)", self.template, self.status, self.attempts)
    }
}

/// Where a message we send stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendStatus {
    /// To be sent.
    Requested,
    /// Begun; the outcome is not known yet.
    Attempted,
    /// A provider has it.
    Accepted,
    /// Will not be tried again.
    Failed,
}

impl Outgoing {
    /// Folds one event; events of other things change nothing.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::MessageRequested(data) => {
                let message = OutgoingMessage {
                    party: data.party,
                    template: data.template,
                    to: event.private.get("to").map(str::to_owned),
                    text: event.private.get("text").map(str::to_owned),
                    status: SendStatus::Requested,
                    attempts: 0,
                    not_before: event.recorded_at,
                    failure: None,
                    receipt: None,
                    message: None,
                    sent_again: BTreeSet::new(),
                };
                self.0.insert(u32::try_from(event.version).unwrap_or(u32::MAX), message);
            }
            EventData::MessageAttempted(data) => {
                if let Some(message) = self.0.get_mut(&data.task) {
                    message.attempts = message.attempts.max(data.attempt);
                    message.status = SendStatus::Attempted;
                    // An attempt whose result never comes back (the process died) is taken up again after the delay.
                    message.not_before = after(event.recorded_at, retry_delay_ms(data.attempt));
                }
            }
            EventData::MessageAccepted(data) => {
                if let Some(message) = self.0.get_mut(&data.task) {
                    message.status = SendStatus::Accepted;
                    message.receipt = data.receipt.clone().or(message.receipt.take());
                    if message.message.get_or_insert_with(|| data.message.clone()) != &data.message {
                        message.sent_again.insert(data.message.clone());
                    }
                }
            }
            EventData::MessageFailed(data) => {
                if let Some(message) = self.0.get_mut(&data.task)
                    && message.status != SendStatus::Accepted
                {
                    message.attempts = message.attempts.max(data.attempt);
                    message.failure = Some(data.reason);
                    message.receipt.clone_from(&data.receipt);
                    message.status = if data.again && data.attempt < MESSAGE_ATTEMPTS_MAX {
                        SendStatus::Requested
                    } else {
                        SendStatus::Failed
                    };
                    message.not_before = after(event.recorded_at, retry_delay_ms(data.attempt));
                }
            }
            _ => {}
        }
    }

    /// What is still to be done.
    pub fn open_tasks(&self) -> impl Iterator<Item = OpenTask> + '_ {
        self.0
            .iter()
            .filter(|(_, m)| {
                m.to.is_some() && matches!(m.status, SendStatus::Requested | SendStatus::Attempted)
            })
            .map(|(task, m)| OpenTask {
                task: *task,
                kind: "message",
                attempts: m.attempts,
                not_before: m.not_before,
            })
    }
}

/// A later instant; saturates at the end of the range.
pub(crate) fn after(at: Timestamp, milliseconds: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(milliseconds)).unwrap_or(at)
}

/// One message at a provider: a text a party sent, or the delivery reports of one of ours.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// Who wrote; none when erased or ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What was written; none when erased or ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// All delivery states reported; the last of their order is the state.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub deliveries: BTreeSet<DeliveryStatus>,
    /// How many deliveries contradicted an earlier one under the same key.
    #[serde(skip_serializing_if = "is_zero")]
    pub conflicts: u32,
    /// Bodies of webhooks kept with its records.
    #[serde(skip_serializing_if = "Bodies::is_empty")]
    pub bodies: Bodies,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({:?}, {:?})", self.reading, self.deliveries)
    }
}

impl Message {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.bodies.apply(event);
        match &event.data {
            EventData::MessageReceived(data) if data.conflict => self.conflicts += 1,
            EventData::MessageReceived(data) => {
                self.from = event.private.get("phone").map(str::to_owned);
                self.text = event.private.get("text").map(str::to_owned);
                self.reading = Some(data.reading);
            }
            EventData::MessageDelivery(data) => {
                self.conflicts += u32::from(data.conflict);
                self.deliveries.insert(data.status);
            }
            _ => {}
        }
    }

    /// The state of delivery, if any was reported.
    pub fn delivery(&self) -> Option<DeliveryStatus> {
        self.deliveries.last().copied()
    }
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}
