//! Making records. The payload is written field by field in canonical order: no map is built and sorted, and a property
//! test holds the bytes against a general canonicaliser.

use uuid::Uuid;

use super::{Draft, PAYLOAD_BYTES_MAX, RECORD_VERSION, SealError, Sealed, field};
use crate::hash::{Hash, leaf_hash, sha256};
use crate::json::{Canonical, DEPTH_MAX, ProfileError, Value, write_integer, write_string};
use crate::key::RecordKey;

/// The canonical payload of a record before it is signed: enough to chain the next record to it, so that signing may
/// happen later and on several cores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    text: String,
    /// What the next record of the stream quotes as `prev`.
    pub sha256: Hash,
}

/// What the facts of a draft can be given as.
pub trait Facts: sealed::Written {}

impl Facts for Value {}
impl Facts for Canonical {}

mod sealed {
    use crate::record::SealError;

    pub trait Written {
        /// Whether these are facts a record can hold.
        fn check(&self) -> Result<(), SealError>;
        /// Appends the canonical text.
        fn write(&self, out: &mut String);
    }
}

impl sealed::Written for Value {
    fn check(&self) -> Result<(), SealError> {
        if !field::is_data(self) {
            return Err(SealError::Field { field: "data" });
        }
        // Inside the payload object.
        Ok(self.check_below(1)?)
    }

    fn write(&self, out: &mut String) {
        Value::write(self, out);
    }
}

impl sealed::Written for Canonical {
    fn check(&self) -> Result<(), SealError> {
        if !field::is_data_text(self.as_str()) {
            return Err(SealError::Field { field: "data" });
        }
        // Inside the payload object.
        if self.depth() < DEPTH_MAX { Ok(()) } else { Err(ProfileError::Depth.into()) }
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.as_str());
    }
}

/// Writes the payload of a draft in the log `origin`.
pub fn payload(origin: &str, draft: &Draft<impl Facts>) -> Result<Payload, SealError> {
    check(origin, draft)?;
    let text = write_payload(origin, draft)?;
    if text.len() > PAYLOAD_BYTES_MAX {
        return Err(SealError::TooLong { bytes: text.len() });
    }
    let sha256 = sha256(text.as_bytes());
    Ok(Payload { text, sha256 })
}

impl Payload {
    /// Signs it into a record.
    pub fn seal(&self, key: &RecordKey) -> Sealed {
        let signed = self.signed_part(key);
        let signature = key.sign(signed.as_bytes());
        self.finish(signed, &signature)
    }

    /// Header and payload, with room for the signature.
    fn signed_part(&self, key: &RecordKey) -> String {
        // Header, two dots, the signature's 86 characters, and four characters for three bytes of payload.
        let bytes = key.record_header().len() + self.text.len().div_ceil(3) * 4 + 88;
        let mut jws = String::with_capacity(bytes);
        jws.push_str(key.record_header());
        jws.push('.');
        field::encode(self.text.as_bytes(), &mut jws);
        jws
    }

    fn finish(&self, signed: String, signature: &[u8; 64]) -> Sealed {
        let mut jws = signed;
        jws.push('.');
        field::encode(signature, &mut jws);
        let leaf = leaf_hash(jws.as_bytes());
        Sealed { jws, payload_sha256: self.sha256, leaf }
    }
}

/// Signs payloads into records, in order: the same records as [`Payload::seal`] makes of each, for about a seventh less.
pub fn seal_all<'p>(payloads: impl Iterator<Item = &'p Payload> + Clone, key: &RecordKey) -> Vec<Sealed> {
    let signed: Vec<String> = payloads.clone().map(|payload| payload.signed_part(key)).collect();
    let messages: Vec<&[u8]> = signed.iter().map(String::as_bytes).collect();
    let signatures = key.sign_all(&messages);
    let parts = payloads.zip(signed).zip(&signatures);
    parts.map(|((payload, signed), signature)| payload.finish(signed, signature)).collect()
}

/// Signs a draft into a record of the log `origin`.
pub fn seal(origin: &str, draft: &Draft<impl Facts>, key: &RecordKey) -> Result<Sealed, SealError> {
    Ok(payload(origin, draft)?.seal(key))
}

/// So many bytes of a UUIDv7 say its time (RFC 9562 §5.7).
const TIME_BYTES: usize = 6;

/// Id of the record number `ordinal` that an input gives: a UUIDv8 (RFC 9562 §5.8) of the first 6 bytes of the input's id, which
/// say when it came where the id is a UUIDv7, and the first 10 bytes of `SHA-256("ahadi.record-id" ‖ 0x00 ‖ origin ‖ 0x00 ‖ input
/// as 16 bytes ‖ ordinal as 4 bytes big-endian)`. So replaying the input gives the same id, and the ids of records that were
/// made after one another lie beside each other in an index.
pub fn record_id(origin: &str, input: Uuid, ordinal: u32) -> Uuid {
    let mut message = Vec::with_capacity(64 + origin.len());
    message.extend_from_slice(b"ahadi.record-id\0");
    message.extend_from_slice(origin.as_bytes());
    message.push(0);
    message.extend_from_slice(input.as_bytes());
    message.extend_from_slice(&ordinal.to_be_bytes());
    let mut bytes = [0u8; 16];
    let (time, rest) = bytes.split_at_mut(TIME_BYTES);
    time.copy_from_slice(&input.as_bytes()[..TIME_BYTES]);
    rest.copy_from_slice(&sha256(&message).0[..16 - TIME_BYTES]);
    Uuid::new_v8(bytes)
}

fn check(origin: &str, draft: &Draft<impl Facts>) -> Result<(), SealError> {
    let require =
        |good: bool, field: &'static str| if good { Ok(()) } else { Err(SealError::Field { field }) };
    require(field::is_origin(origin), "log")?;
    require(field::is_version(draft.version), "version")?;
    require(draft.prev.is_none() == (draft.version == 1), "prev")?;
    require(field::is_kind(&draft.kind), "type")?;
    if let Some(zone) = &draft.occurred_at_assumed_zone {
        require(draft.occurred_at.is_some() && field::is_zone(zone), "occurred_at_assumed_zone")?;
    }
    require(field::is_via(&draft.source.via), "source")?;
    draft.data.check()?;
    require(draft.disclosures.iter().all(|digest| field::is_digest(digest)), "_sd")
}

fn write_payload(origin: &str, draft: &Draft<impl Facts>) -> Result<String, SealError> {
    let mut out = String::with_capacity(768);
    out.push('{');
    if !draft.disclosures.is_empty() {
        write_commitments(&draft.disclosures, &mut out)?;
    }
    out.push_str("\"data\":");
    draft.data.write(&mut out);
    write_text("id", draft.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()), &mut out);
    write_text("log", origin, &mut out);
    match draft.occurred_at {
        Some(time) => write_text("occurred_at", &time.to_string(), &mut out),
        None => out.push_str(",\"occurred_at\":null"),
    }
    if let Some(zone) = &draft.occurred_at_assumed_zone {
        write_text("occurred_at_assumed_zone", zone, &mut out);
    }
    match draft.prev {
        Some(hash) => write_text("prev", &hash.hex(), &mut out),
        None => out.push_str(",\"prev\":null"),
    }
    write_text("recorded_at", &draft.recorded_at.to_string(), &mut out);
    out.push_str(",\"source\":{\"authenticated\":");
    out.push_str(if draft.source.authenticated { "true" } else { "false" });
    write_text("input", draft.source.input.hyphenated().encode_lower(&mut Uuid::encode_buffer()), &mut out);
    write_text("via", &draft.source.via, &mut out);
    out.push('}');
    write_text("stream", draft.stream.as_str(), &mut out);
    write_text("type", &draft.kind, &mut out);
    write_text("v", RECORD_VERSION, &mut out);
    out.push_str(",\"version\":");
    write_integer(i64::try_from(draft.version).map_err(|_| SealError::Field { field: "version" })?, &mut out);
    out.push('}');
    Ok(out)
}

/// Sorted, so that the order tells nothing of the order in which the values were met (RFC 9901 §4.2.4.1).
fn write_commitments(digests: &[String], out: &mut String) -> Result<(), SealError> {
    let mut sorted: Vec<&str> = digests.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(SealError::Field { field: "_sd" });
    }
    out.push_str("\"_sd\":[");
    for (index, digest) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(digest, out);
    }
    out.push_str("],\"_sd_alg\":\"sha-256\",");
    Ok(())
}

/// A comma and a member. `name` is a plain key.
fn write_text(name: &str, text: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    write_string(text, out);
}
