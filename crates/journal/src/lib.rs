//! Durable inputs.
//!
//! An [`Entry`] is one thing that happened outside: opaque bytes with a source, a kind and a key. It is appended to a
//! [`Journal`] (a local SQLite file, synced before the append is answered) and, where a NATS server is configured,
//! carried by JetStream to whoever folds it. Both can be read through one [`Source`] with the same meaning of
//! *position*: a number that only grows, stored by the reader, never by the server.
//!
//! What is promised:
//!
//! * an append that answered `Ok` survives a power cut of this machine;
//! * NATS is transport and may forget everything: the [`Relay`] finds out and publishes again from the journal, under
//!   the same ids, so a reader sees every entry at least once;
//! * a journal row stays until a reader has announced that it is [`Covered`].
//!
//! This crate knows nothing of what the entries mean.

mod entry;
mod gate;
mod jetstream;
mod journal;
mod relay;
mod source;
mod subject;

pub use entry::{
    Batch, Covered, ENTRY_BYTES_MAX, Entry, EntryError, Gap, KEY_BYTES_MAX, NAME_BYTES_MAX, Positioned, Stray,
};
pub use gate::{GateError, Refusal, StreamConfig, check_server, check_stream};
pub use jetstream::{
    Bus, BusError, BusOptions, EventsEnd, EventsStream, OutEvent, PublishError, StreamExtent,
};
pub use journal::{AppendError, Journal, Limits, OpenError, Stats};
pub use relay::{Relay, RelayError, RelayOptions, RelayStatus};
pub use source::{JetStreamSource, JournalSource, ReadError, Regression, Source};
pub use subject::{Decoded, decode_token, encode_token, input_filter, input_subject};
