//! The bus: a connection to NATS and the three streams it carries.

mod erase;
mod options;
mod publish;
pub(crate) mod reader;
mod wire;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::RawMessageErrorKind;
use async_nats::jetstream::{Context, ContextBuilder, ErrorCode};
use async_nats::{Client, ConnectOptions, Event, HeaderMap};
use backon::{BackoffBuilder as _, ExponentialBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::entry::Covered;
use crate::gate::{GateError, StreamConfig, check_server, check_stream};

pub use options::BusOptions;
pub(crate) use publish::IN_FLIGHT_MAX;
pub use publish::{EventsEnd, EventsStream, OutEvent, PublishError};
pub(crate) use wire::outgoing;

/// How long an API request or one acknowledgement may take. A server that syncs every message needs about a
/// millisecond for each, and acknowledgements are awaited one after the other.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Acknowledgements the client library keeps track of: those in flight, and those given up while their answer may still
/// come.
const ACKS_TRACKED_MAX: usize = 8 * IN_FLIGHT_MAX;
/// Longest pause between two attempts to connect.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(2);

/// Why the bus did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The server or a stream is not what it has to be. Trying again will not help.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The address or the credentials cannot be read. Trying again will not help.
    #[error("bad NATS {0}")]
    Options(String),
    /// No connection, no answer in time, or an answer that says "not now".
    #[error("NATS is not available: {0}")]
    Unavailable(String),
    /// The server answered that there is no such stream.
    #[error("there is no stream {0}")]
    NoStream(String),
}

/// Which messages a stream holds, and which stream it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamExtent {
    /// `<name>@<time of creation>`: a stream deleted and made again is another one.
    pub incarnation: String,
    /// Sequence of the first message held (of the next one to come, if it holds none).
    pub first: u64,
    /// Sequence of the last message ever taken in; 0 before the first.
    pub last: u64,
}

/// A connection to NATS whose streams have been checked; cheap to clone. It reconnects by itself for ever.
#[derive(Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    context: Context,
    options: BusOptions,
    connected: watch::Receiver<u64>,
}

#[derive(Deserialize)]
struct StreamInfo {
    created: String,
    config: StreamConfig,
    state: StreamState,
}

#[derive(Deserialize)]
struct StreamState {
    first_seq: u64,
    last_seq: u64,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Bus {
    /// Connects, makes the streams that are missing, and checks server and streams.
    ///
    /// # Errors
    /// [`BusError::Gate`] and [`BusError::Options`] are final; the others may pass.
    pub async fn connect(options: BusOptions) -> Result<Bus, BusError> {
        let bus = Bus::of(options, ConnectOptions::new()).await?;
        bus.ensure().await?;
        Ok(bus)
    }

    /// A bus that connects by itself, now or once the server is there, so that a door can open before. Whoever uses it
    /// first checks server and streams: a [`Relay`](crate::Relay) before it publishes, a
    /// [`Source`](crate::Source) before it reads.
    ///
    /// # Errors
    /// [`BusError::Options`].
    pub async fn open(options: BusOptions) -> Result<Bus, BusError> {
        Bus::of(options, ConnectOptions::new().retry_on_initial_connect()).await
    }

    async fn of(options: BusOptions, settings: ConnectOptions) -> Result<Bus, BusError> {
        let (connected_sender, connected) = watch::channel(0_u64);
        let settings = options.complete(settings)?.event_callback(move |event| {
            match &event {
                Event::Connected => connected_sender.send_modify(|times| *times += 1),
                Event::Disconnected | Event::SlowConsumer(_) | Event::ServerError(_) => {
                    tracing::warn!(%event, "NATS");
                }
                _ => tracing::debug!(%event, "NATS"),
            }
            std::future::ready(())
        });
        let settings = settings.reconnect_delay_callback(reconnect_pause);
        let client = settings
            .connect(options.servers()?)
            .await
            .map_err(|error| BusError::Unavailable(error.to_string()))?;
        let context = ContextBuilder::new()
            .timeout(ANSWER_TIMEOUT)
            .ack_timeout(ANSWER_TIMEOUT)
            .max_ack_inflight(ACKS_TRACKED_MAX)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Bus { inner: Arc::new(Inner { client, context, options, connected }) })
    }

    /// Makes the streams that are missing and checks them all, as at the start. For after the server lost its store.
    ///
    /// # Errors
    /// As for [`Bus::connect`].
    pub async fn ensure(&self) -> Result<(), BusError> {
        let Some(server) = self.inner.client.try_server_info() else {
            return Err(BusError::Unavailable("not connected yet".to_owned()));
        };
        check_server(&server.version, server.headers, server.max_payload)?;
        for wanted in self.inner.options.streams() {
            let found = match self.stream_info(&wanted.name).await {
                Err(BusError::NoStream(_)) => self.create_stream(&wanted).await?,
                found => found?,
            };
            let found = match self.shorten(&wanted.name, wanted.max_age, found.config.max_age).await? {
                true => self.stream_info(&wanted.name).await?,
                false => found,
            };
            check_stream(&wanted, &found.config)?;
        }
        Ok(())
    }

    /// Which input stream this is and what it holds; its configuration is checked again.
    ///
    /// # Errors
    /// [`BusError::NoStream`] if it is gone; else as for [`Bus::connect`].
    pub async fn extent(&self) -> Result<StreamExtent, BusError> {
        let wanted = self.inner.options.input_config();
        let info = self.stream_info(&wanted.name).await?;
        check_stream(&wanted, &info.config)?;
        let incarnation = format!("{}@{}", wanted.name, info.created);
        Ok(StreamExtent { incarnation, first: info.state.first_seq, last: info.state.last_seq })
    }

    /// The id of the input at a sequence; `None` if nothing is there or it has no id of ours.
    ///
    /// # Errors
    /// [`BusError::Unavailable`].
    pub async fn id_at(&self, sequence: u64) -> Result<Option<Uuid>, BusError> {
        let name = &self.inner.options.input_stream;
        let stream = self.context().get_stream_no_info(name).await.map_err(unavailable)?;
        match stream.get_raw_message(sequence).await {
            Ok(message) => Ok(wire::id(&message.headers)),
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => Ok(None),
                RawMessageErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Err(BusError::NoStream(name.clone()))
                }
                _ => Err(unavailable(error)),
            },
        }
    }

    /// Sequence of the last message a stream ever took in, and the headers of that message where it is still kept.
    pub(crate) async fn last_message(&self, name: &str) -> Result<(u64, Option<HeaderMap>), BusError> {
        let last = self.stream_info(name).await?.state.last_seq;
        if last == 0 {
            return Ok((0, None));
        }
        let stream = self.context().get_stream_no_info(name).await.map_err(unavailable)?;
        match stream.get_raw_message(last).await {
            Ok(message) => Ok((last, Some(message.headers))),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok((last, None)),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Tells every ingress of this shard what the ledger has covered. Only the last word is kept.
    ///
    /// # Errors
    /// [`BusError::Unavailable`]; whether it was taken in is then unknown, and saying it again is harmless.
    pub async fn announce_covered(&self, covered: &Covered) -> Result<(), BusError> {
        let body = serde_json::to_vec(covered).map_err(unavailable)?;
        let subject = self.inner.options.covered_subject();
        let ack = self.context().publish(subject, body.into()).await.map_err(unavailable)?;
        ack.await.map_err(unavailable)?;
        Ok(())
    }

    /// The last word of [`Bus::announce_covered`]; `None` if there was none, or NATS has lost it.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] or [`BusError::NoStream`].
    pub async fn covered(&self) -> Result<Option<Covered>, BusError> {
        let name = &self.inner.options.covered_stream;
        let stream = self.context().get_stream_no_info(name).await.map_err(unavailable)?;
        match stream.get_last_raw_message_by_subject(&self.inner.options.covered_subject()).await {
            Ok(message) => Ok(serde_json::from_slice(&message.payload).ok()),
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => Ok(None),
                RawMessageErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Err(BusError::NoStream(name.clone()))
                }
                _ => Err(unavailable(error)),
            },
        }
    }

    /// The server's version, as it says.
    #[must_use]
    pub fn server_version(&self) -> String {
        self.inner.client.server_info().version
    }

    /// The options it was connected with.
    #[must_use]
    pub fn options(&self) -> &BusOptions {
        &self.inner.options
    }

    /// The connection, for what needs no stream (a reply subject, a wake-up).
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Grows with every connection made. The library counts before it handles the first message of a connection, so
    /// equal numbers before and after an exchange mean that it went over one connection.
    pub(crate) fn generation(&self) -> u64 {
        self.inner.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Wakes some time after a connection was made.
    pub(crate) fn connected(&self) -> watch::Receiver<u64> {
        self.inner.connected.clone()
    }

    pub(crate) fn context(&self) -> &Context {
        &self.inner.context
    }

    async fn create_stream(&self, wanted: &StreamConfig) -> Result<StreamInfo, BusError> {
        tracing::info!(stream = wanted.name, "making the stream");
        match self.api::<_, StreamInfo>(&format!("STREAM.CREATE.{}", wanted.name), wanted).await? {
            Ok(info) => Ok(info),
            // Somebody else was faster, with other settings: what they are is for the gate to say.
            Err(error) if error.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                self.stream_info(&wanted.name).await
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn stream_info(&self, name: &str) -> Result<StreamInfo, BusError> {
        match self.api::<Value, StreamInfo>(&format!("STREAM.INFO.{name}"), &json!({})).await? {
            Ok(info) => Ok(info),
            Err(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Err(BusError::NoStream(name.to_owned()))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn api<T, V>(
        &self,
        subject: &str,
        body: &T,
    ) -> Result<Result<V, async_nats::jetstream::Error>, BusError>
    where
        T: serde::Serialize,
        V: serde::de::DeserializeOwned,
    {
        match self.context().request::<_, T, Response<V>>(subject.to_owned(), body).await {
            Ok(Response::Ok(value)) => Ok(Ok(value)),
            Ok(Response::Err { error }) => Ok(Err(error)),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => {
                Err(BusError::Unavailable("JetStream does not answer; is it enabled?".to_owned()))
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> BusError {
    BusError::Unavailable(error.to_string())
}

/// Pauses between attempts, without end.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(RECONNECT_PAUSE_MAX)
        .without_max_times()
        .with_jitter()
        .build()
}

fn reconnect_pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(8);
    if attempt <= 1 {
        Duration::ZERO
    } else {
        (Duration::from_millis(10) * 2_u32.pow(doublings)).min(RECONNECT_PAUSE_MAX)
    }
}
