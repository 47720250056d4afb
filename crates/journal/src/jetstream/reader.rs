//! Reading the input stream from a position the reader keeps.
//!
//! The consumer on the server is a convenience: ephemeral, in memory, without acknowledgements, made anew whenever it is
//! not where the reader wants to go on, or anything at all looks odd. Before one is trusted, the stream is looked at: a
//! consumer cannot outlive its stream or its server, so if the stream is the known one *after* the consumer was made, the
//! consumer reads the known one.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Bus, BusError, StreamExtent, pauses, wire};
use crate::entry::{Batch, Positioned, Stray};
use crate::source::{ReadError, Regression};

/// Messages asked for ahead of being read; with half of them outstanding the next are asked for. Bounds what an idle
/// reader holds in memory.
const AHEAD_MESSAGES: usize = 512;
/// How long a request for messages stays open on the server.
const REQUEST_EXPIRES: Duration = Duration::from_secs(30);
/// The server says this often that it is there; after twice as long the consumer is given up.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The server removes a consumer nobody asks for this long: one that was dropped, or whose reader is gone.
const CONSUMER_IDLE: Duration = Duration::from_secs(120);

/// Reads the input stream of a [`Bus`].
pub struct JetStreamSource {
    bus: Bus,
    identity: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    consumer: Option<Consumer>,
    /// What was last handed out: a check on the stream when the consumer has to be made again.
    last_read: Option<(u64, Uuid)>,
}

struct Consumer {
    bus: Bus,
    messages: pull::Stream,
    /// Sequence up to which messages were taken.
    at: u64,
    /// Deliveries so far; the server counts too, and a difference means that one was lost on the way.
    delivered: u64,
    generation: u64,
}

/// Why one attempt to read failed.
enum Trouble {
    /// A new consumer may do.
    Passing(String),
    Final(ReadError),
}

impl From<BusError> for Trouble {
    fn from(error: BusError) -> Trouble {
        match error {
            BusError::Gate(error) => Trouble::Final(error.into()),
            // A missing stream is made again by whoever relays; what it holds then is for the identity to tell.
            other => Trouble::Passing(other.to_string()),
        }
    }
}

fn passing(error: impl std::fmt::Display) -> Trouble {
    Trouble::Passing(error.to_string())
}

impl JetStreamSource {
    pub(crate) async fn open(bus: Bus) -> Result<JetStreamSource, ReadError> {
        bus.ensure().await.map_err(read_error)?;
        let identity = bus.extent().await.map_err(read_error)?.incarnation;
        Ok(JetStreamSource { bus, identity, state: Mutex::default() })
    }

    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    pub(crate) async fn last(&self) -> Result<u64, ReadError> {
        Ok(self.bus.extent().await.map_err(read_error)?.last)
    }

    pub(crate) async fn regressed(
        &self,
        after: u64,
        last_id: Option<Uuid>,
    ) -> Result<Option<Regression>, ReadError> {
        let now = self.bus.extent().await.map_err(read_error)?;
        self.compare(&now, after, last_id).await.map_err(read_error)
    }

    pub(crate) async fn read(
        &self,
        after: u64,
        entries_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Batch, ReadError> {
        let deadline = Instant::now() + wait;
        let mut state = self.state.lock().await;
        let mut pauses = pauses();
        loop {
            let trouble = match self.attempt(&mut state, after, (entries_max, bytes_max), deadline).await {
                Ok(batch) => {
                    if let Some(last) = batch.entries.last().filter(|last| last.position == batch.through) {
                        state.last_read = Some((last.position, last.entry.id));
                    }
                    return Ok(batch);
                }
                Err(trouble) => trouble,
            };
            state.consumer = None;
            let message = match trouble {
                Trouble::Final(error) => return Err(error),
                Trouble::Passing(message) => message,
            };
            let again = Instant::now() + pauses.next().unwrap_or_default();
            if again >= deadline {
                return Err(ReadError::Unavailable(message));
            }
            tracing::debug!(message, "reading the input stream again");
            tokio::time::sleep_until(again).await;
        }
    }

    async fn attempt(
        &self,
        state: &mut State,
        after: u64,
        (entries_max, bytes_max): (usize, usize),
        deadline: Instant,
    ) -> Result<Batch, Trouble> {
        let usable =
            |consumer: &Consumer| consumer.at == after && consumer.generation == self.bus.generation();
        if !state.consumer.as_ref().is_some_and(usable) {
            state.consumer = None;
            state.consumer = Some(self.consume(after, state.last_read).await?);
        }
        let Some(consumer) = &mut state.consumer else { return Err(passing("no consumer")) };
        let mut batch = Batch::starting_after(after);
        batch.skip_to(consumer.at);
        if !batch.is_empty() {
            return Ok(batch);
        }
        let mut bytes = 0;
        let Some(first) = consumer.first(deadline).await? else { return Ok(batch) };
        let mut next = Some(first);
        // From here on nothing is awaited: a read given up by its caller has taken nothing, or is complete.
        while let Some(message) = next {
            bytes += message.payload.len();
            consumer.take(&message, &mut batch)?;
            next =
                if batch.entries.len() < entries_max && bytes < bytes_max { consumer.ready()? } else { None };
        }
        Ok(batch)
    }

    async fn consume(&self, after: u64, last_read: Option<(u64, Uuid)>) -> Result<Consumer, Trouble> {
        let generation = self.bus.generation();
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            max_deliver: 1,
            inactive_threshold: CONSUMER_IDLE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let stream = &self.bus.options().input_stream;
        let consumer = self.bus.context().create_consumer_on_stream(config, stream).await.map_err(passing)?;
        let now = self.bus.extent().await?;
        let last_id = last_read.filter(|(position, _)| *position == after).map(|(_, id)| id);
        if let Some(regression) = self.compare(&now, after, last_id).await? {
            return Err(Trouble::Final(regression.into()));
        }
        let messages = consumer
            .stream()
            .max_messages_per_batch(AHEAD_MESSAGES)
            .expires(REQUEST_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(passing)?;
        // What went from the front is known now; the next message may be long in coming.
        let at = after.max(now.first.saturating_sub(1));
        Ok(Consumer { bus: self.bus.clone(), messages, at, delivered: 0, generation })
    }

    async fn compare(
        &self,
        now: &StreamExtent,
        after: u64,
        last_id: Option<Uuid>,
    ) -> Result<Option<Regression>, BusError> {
        if now.incarnation != self.identity {
            let found = now.incarnation.clone();
            return Ok(Some(Regression::Replaced { expected: self.identity.clone(), found }));
        }
        if now.last < after {
            return Ok(Some(Regression::Shorter { after, last: now.last }));
        }
        let Some(expected) = last_id.filter(|_| after >= now.first) else { return Ok(None) };
        // Nothing there: deleted or aged out since, which is no regression.
        let found = self.bus.id_at(after).await?;
        Ok(found.filter(|id| *id != expected).map(|_| Regression::Rewritten { position: after }))
    }
}

impl Consumer {
    /// The next message, waited for until `deadline`. A reconnection ends the consumer: it may not have survived.
    async fn first(&mut self, deadline: Instant) -> Result<Option<Message>, Trouble> {
        // Whatever is there already comes before the deadline, even one that has passed.
        if let Some(message) = self.ready()? {
            return Ok(Some(message));
        }
        let mut connected = self.bus.connected();
        connected.mark_unchanged();
        loop {
            if self.bus.generation() != self.generation {
                return Err(passing("reconnected"));
            }
            tokio::select! {
                biased;
                message = self.messages.next() => return one(message),
                _ = connected.changed() => {}
                () = tokio::time::sleep_until(deadline) => return Ok(None),
            }
        }
    }

    /// The next message if it is here already. Outside tokio's budget, which would end a batch after some 60 messages.
    fn ready(&mut self) -> Result<Option<Message>, Trouble> {
        match tokio::task::unconstrained(self.messages.next()).now_or_never() {
            Some(message) => one(message),
            None => Ok(None),
        }
    }

    fn take(&mut self, message: &Message, batch: &mut Batch) -> Result<(), Trouble> {
        let info = message.info().map_err(passing)?;
        let position = info.stream_sequence;
        if info.consumer_sequence != self.delivered + 1 || position <= self.at {
            return Err(passing("a delivery was lost on the way"));
        }
        self.delivered += 1;
        self.at = position;
        batch.step_to(position);
        match wire::decode(message.headers.as_ref(), &message.payload) {
            Ok(entry) => batch.entries.push(Positioned { position, entry }),
            Err(reason) => batch.strays.push(Stray { position, reason }),
        }
        Ok(())
    }
}

fn one(
    message: Option<Result<Message, async_nats::jetstream::consumer::pull::MessagesError>>,
) -> Result<Option<Message>, Trouble> {
    match message {
        Some(Ok(message)) => Ok(Some(message)),
        Some(Err(error)) => Err(passing(error)),
        None => Err(passing("the consumer ended")),
    }
}

fn read_error(error: BusError) -> ReadError {
    match error {
        BusError::Gate(error) => ReadError::Gate(error),
        other => ReadError::Unavailable(other.to_string()),
    }
}
