//! How an entry travels: its payload as the message's, the rest as headers.

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::message::PublishMessage;
use uuid::Uuid;

use crate::entry::Entry;
use crate::subject::{decode_whole, encode_whole, input_subject};

const SOURCE: &str = "Ahadi-Source";
const KIND: &str = "Ahadi-Kind";
const KEY: &str = "Ahadi-Key";
const RECEIVED_AT: &str = "Ahadi-Received-At";

/// A message ready to be published, as often as needed.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub subject: String,
    pub message: PublishMessage,
}

pub(crate) fn outgoing(root: &str, shard: u32, entry: Entry) -> Outgoing {
    let subject = input_subject(root, shard, &entry);
    // Names are free text and headers are ASCII lines, so they are written as in subjects, but never cut.
    let message = PublishMessage::build()
        .message_id(entry.id.to_string())
        .header(SOURCE, encode_whole(&entry.source))
        .header(KIND, encode_whole(&entry.kind))
        .header(KEY, encode_whole(&entry.key))
        .header(RECEIVED_AT, entry.received_at_ms.to_string())
        .payload(entry.payload.into());
    Outgoing { subject, message }
}

/// Reads a message back.
pub(crate) fn decode(headers: Option<&HeaderMap>, payload: &[u8]) -> Result<Entry, String> {
    let headers = headers.ok_or_else(|| "it has no headers".to_owned())?;
    let text = |name: &'static str| {
        let value = headers.get(name).ok_or_else(|| format!("it has no {name} header"))?;
        decode_whole(value.as_str()).ok_or_else(|| format!("its {name} header cannot be read"))
    };
    let received_at_ms = headers
        .get(RECEIVED_AT)
        .and_then(|value| value.as_str().parse().ok())
        .ok_or_else(|| format!("its {RECEIVED_AT} header is missing or not a number"))?;
    let entry = Entry {
        id: id(headers).ok_or_else(|| "its Nats-Msg-Id is missing or not a UUID".to_owned())?,
        source: text(SOURCE)?,
        kind: text(KIND)?,
        key: text(KEY)?,
        received_at_ms,
        payload: payload.to_vec(),
    };
    entry.check().map_err(|error| error.to_string())?;
    Ok(entry)
}

/// The id a message was published under.
pub(crate) fn id(headers: &HeaderMap) -> Option<Uuid> {
    headers.get(NATS_MESSAGE_ID)?.as_str().parse().ok()
}
