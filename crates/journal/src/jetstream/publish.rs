//! Publishing: many in flight, acknowledged in order, repeated under the same ids.

use std::collections::VecDeque;

use async_nats::HeaderMap;
use async_nats::header::{HeaderName, HeaderValue};
use async_nats::jetstream::context::{PublishAckFuture, PublishError as ClientError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;

use super::wire::Outgoing;
use super::{Bus, BusError, pauses};

/// Messages that may be on their way without an acknowledgement.
pub(crate) const IN_FLIGHT_MAX: usize = 1_000;
/// Attempts without any progress after which a publish of events gives up; with growing pauses, about ten seconds.
const ATTEMPTS_MAX: usize = 10;

/// Why a message was not acknowledged. Except for `Invalid` and `TooLarge` it may be in the stream all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No stream answered: it is gone, or a new leader is being chosen.
    #[error("no stream answered")]
    NoStream,
    /// No acknowledgement in time.
    #[error("no acknowledgement in time")]
    TimedOut,
    /// The connection went while the acknowledgement was awaited.
    #[error("the connection was lost")]
    Disconnected,
    /// The stream was made anew while it was published to: everything has to be published again.
    #[error("the stream was made anew")]
    Replaced,
    /// The message is larger than the server takes.
    #[error("the message is larger than the server takes")]
    TooLarge,
    /// The subject or a header is not one NATS can carry.
    #[error("{0} cannot be sent over NATS")]
    Invalid(String),
    /// The server said no: full, or short of resources.
    #[error("the server refused: {0}")]
    Refused(String),
}

impl PublishError {
    /// Whether the same message may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        !matches!(self, PublishError::TooLarge | PublishError::Invalid(_))
    }
}

/// A message for whoever listens downstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutEvent {
    /// The whole subject, as [`BusOptions::events_subject`](super::BusOptions::events_subject) makes it; its tokens
    /// already valid.
    pub subject: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Id under which the server drops repeats.
    pub msg_id: String,
    /// The message.
    pub payload: Vec<u8>,
}

/// What the server said of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ack {
    pub sequence: u64,
    pub duplicate: bool,
}

/// The events stream as it was looked at over one connection. Whoever publishes begins with it, and looks again after
/// any failure: a server may have lost its store, or its tail, behind a connection that broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsStream {
    /// What it ends with.
    pub end: EventsEnd,
    /// Sequence of the last message ever taken in.
    last: u64,
    connection: u64,
}

/// What the events stream ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventsEnd {
    /// It never held a message: new, or made anew.
    Empty,
    /// Its last message, with its headers.
    Message(Vec<(String, String)>),
    /// Its last message is no longer kept.
    Aged,
}

impl Bus {
    /// Looks at the events stream; one that is missing is made.
    ///
    /// # Errors
    /// As for [`Bus::connect`].
    pub async fn events_stream(&self) -> Result<EventsStream, BusError> {
        let connection = self.generation();
        self.ensure().await?;
        let name = self.options().events_stream.clone();
        let (last, message) = self.last_message(&name).await?;
        let end = match message {
            _ if last == 0 => EventsEnd::Empty,
            None => EventsEnd::Aged,
            Some(headers) => EventsEnd::Message(
                headers
                    .iter()
                    .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
                    .map(|(name, value)| (name.to_string(), value.to_string()))
                    .collect(),
            ),
        };
        Ok(EventsStream { end, last, connection })
    }

    /// Whether the connection is still the one over which the stream was looked at.
    #[must_use]
    pub fn is_current(&self, looked: &EventsStream) -> bool {
        self.generation() == looked.connection
    }

    /// Publishes events in order and answers when all are acknowledged. What is not acknowledged in time is published
    /// again under the same id, so a subscriber who drops repeats of `Nats-Msg-Id` sees each once; after a failure in
    /// the middle, later events of the call may stand before earlier ones.
    ///
    /// # Errors
    /// [`PublishError`] after several attempts without progress, or at once if it cannot pass, or if the connection or
    /// the stream is not the one that was looked at. Any number of the events may be in the stream; looking again and
    /// publishing all that it lacks is right.
    pub async fn publish_events(
        &self,
        looked: &mut EventsStream,
        events: Vec<OutEvent>,
    ) -> Result<(), PublishError> {
        let messages = events.into_iter().map(event_message).collect::<Result<Vec<_>, _>>()?;
        let stream = self.options().events_stream.clone();
        let mut rest = messages.as_slice();
        let mut pauses = pauses().take(ATTEMPTS_MAX);
        while !rest.is_empty() {
            if !self.is_current(looked) {
                return Err(PublishError::Disconnected);
            }
            let (acks, error) = self.publish_run(&stream, rest.iter().cloned()).await;
            looked.follow(&acks)?;
            rest = &rest[acks.len()..];
            let Some(error) = error else { continue };
            if !acks.is_empty() {
                pauses = super::pauses().take(ATTEMPTS_MAX);
            }
            let again = error.may_pass() && error != PublishError::NoStream;
            let pause = pauses.next().filter(|_| again);
            let Some(pause) = pause else { return Err(error) };
            tracing::debug!(%error, "publishing again");
            tokio::time::sleep(pause).await;
        }
        // Acknowledged over another connection, it may be by a server that has lost what came before.
        if self.is_current(looked) { Ok(()) } else { Err(PublishError::Disconnected) }
    }

    /// Publishes messages, at most [`IN_FLIGHT_MAX`] of them without an acknowledgement at any time, and awaits these in
    /// order. Answers those before the first failure, and the failure; what was sent after it may or may not be in the
    /// stream.
    pub(crate) async fn publish_run(
        &self,
        stream: &str,
        messages: impl ExactSizeIterator<Item = Outgoing>,
    ) -> (Vec<Ack>, Option<PublishError>) {
        let mut failure = None;
        let mut acks = Vec::with_capacity(messages.len());
        let mut waiting = VecDeque::with_capacity(messages.len().min(IN_FLIGHT_MAX));
        for Outgoing { subject, message } in messages {
            if waiting.len() == IN_FLIGHT_MAX
                && let Err(error) = acknowledged(&mut waiting, &mut acks).await
            {
                return (acks, Some(error));
            }
            match self.context().send_publish(subject, message.expected_stream(stream)).await {
                Ok(ack) => waiting.push_back(ack),
                Err(error) => {
                    failure = Some(publish_error(&error));
                    break;
                }
            }
        }
        while !waiting.is_empty() {
            if let Err(error) = acknowledged(&mut waiting, &mut acks).await {
                return (acks, Some(error));
            }
        }
        (acks, failure)
    }
}

/// Awaits the oldest acknowledgement.
async fn acknowledged(
    waiting: &mut VecDeque<PublishAckFuture>,
    acks: &mut Vec<Ack>,
) -> Result<(), PublishError> {
    let Some(oldest) = waiting.pop_front() else { return Ok(()) };
    let ack = oldest.await.map_err(|error| publish_error(&error))?;
    acks.push(Ack { sequence: ack.sequence, duplicate: ack.duplicate });
    Ok(())
}

impl EventsStream {
    /// New messages come behind those that were there: otherwise the stream was made anew in between.
    fn follow(&mut self, acks: &[Ack]) -> Result<(), PublishError> {
        for ack in acks.iter().filter(|ack| !ack.duplicate) {
            if ack.sequence <= self.last {
                return Err(PublishError::Replaced);
            }
            self.last = ack.sequence;
        }
        Ok(())
    }
}

fn event_message(event: OutEvent) -> Result<Outgoing, PublishError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &event.headers {
        let invalid = || PublishError::Invalid(format!("the header {name:?}"));
        let name: HeaderName = name.parse().map_err(|_| invalid())?;
        let value: HeaderValue = value.parse().map_err(|_| invalid())?;
        headers.append(name, value);
    }
    let msg_id: HeaderValue =
        event.msg_id.parse().map_err(|_| PublishError::Invalid("the message id".to_owned()))?;
    let message = PublishMessage::build()
        .headers(headers)
        .header(async_nats::header::NATS_MESSAGE_ID, msg_id)
        .payload(event.payload.into());
    Ok(Outgoing { subject: event.subject, message })
}

fn publish_error(error: &ClientError) -> PublishError {
    match error.kind() {
        PublishErrorKind::StreamNotFound => PublishError::NoStream,
        PublishErrorKind::TimedOut => PublishError::TimedOut,
        PublishErrorKind::BrokenPipe => PublishError::Disconnected,
        PublishErrorKind::MaxPayloadExceeded => PublishError::TooLarge,
        _ => PublishError::Refused(error.to_string()),
    }
}
