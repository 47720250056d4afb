//! Reading records.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{ENTRY_BYTES_MAX, PAYLOAD_BYTES_MAX, RECORD_VERSION, Record, RecordError, Source, field};
use crate::hash::{Hash, sha256};
use crate::json::{self, Value};
use crate::stream::StreamId;
use crate::time::Timestamp;

/// Reads an entry of the log: three canonical base64url parts, the fixed header, a payload of the JSON profile in
/// canonical form with exactly the fields of a record. The signature is not checked yet.
pub fn open(jws: &str) -> Result<Record, RecordError> {
    if jws.len() > ENTRY_BYTES_MAX {
        return Err(RecordError::TooLong { bytes: jws.len() });
    }
    let mut parts = jws.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RecordError::Parts);
    };
    let decode = |text, part| field::decode(text).ok_or(RecordError::Base64 { part });
    let kid = field::kid_of(&decode(header, "header")?).ok_or(RecordError::Header)?;
    let payload = decode(payload, "payload")?;
    let signature = decode(signature, "signature")?.try_into().map_err(|_| RecordError::SignatureLength)?;
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(RecordError::PayloadTooLong { bytes: payload.len() });
    }
    let Value::Object(entries) = json::parse_canonical(&payload)? else {
        return Err(RecordError::UnknownField);
    };
    let mut fields = Fields(entries);
    let record = fields.record(kid, payload, jws, signature)?;
    if fields.0.is_empty() { Ok(record) } else { Err(RecordError::UnknownField) }
}

/// The members of the payload not yet read.
struct Fields(BTreeMap<String, Value>);

impl Fields {
    fn record(
        &mut self,
        kid: String,
        payload: Vec<u8>,
        jws: &str,
        signature: [u8; 64],
    ) -> Result<Record, RecordError> {
        self.word("v", |text| (text == RECORD_VERSION).then_some(()))?;
        let version = self.version()?;
        let prev = self.maybe("prev", |text| text.parse::<Hash>().ok())?;
        require(prev.is_none() == (version == 1), "prev")?;
        let occurred_at = self.maybe("occurred_at", |text| text.parse::<Timestamp>().ok())?;
        Ok(Record {
            log: self.word("log", |text| field::is_origin(text).then(|| text.to_owned()))?,
            stream: self.word("stream", |text| StreamId::new(text).ok())?,
            version,
            prev,
            id: self.word("id", uuid)?,
            kind: self.word("type", |text| field::is_kind(text).then(|| text.to_owned()))?,
            occurred_at,
            occurred_at_assumed_zone: self.zone(occurred_at.is_some())?,
            recorded_at: self.word("recorded_at", |text| text.parse().ok())?,
            source: self.source()?,
            data: self.take("data").filter(field::is_data).ok_or(RecordError::Field { field: "data" })?,
            commitments: self.commitments()?,
            kid,
            payload_sha256: sha256(&payload),
            payload,
            jws: jws.to_owned(),
            signature,
        })
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field)
    }

    fn word<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, RecordError> {
        let value = self.take(field);
        value.as_ref().and_then(Value::as_str).and_then(read).ok_or(RecordError::Field { field })
    }

    /// A field that is always there and may be null.
    fn maybe<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, RecordError> {
        if self.0.get(field).is_some_and(Value::is_null) {
            self.take(field);
            return Ok(None);
        }
        self.word(field, read).map(Some)
    }

    fn version(&mut self) -> Result<u64, RecordError> {
        let number =
            self.take("version").as_ref().and_then(Value::as_int).and_then(|n| u64::try_from(n).ok());
        number.filter(|n| field::is_version(*n)).ok_or(RecordError::Field { field: "version" })
    }

    fn zone(&mut self, has_time: bool) -> Result<Option<String>, RecordError> {
        const FIELD: &str = "occurred_at_assumed_zone";
        if !self.0.contains_key(FIELD) {
            return Ok(None);
        }
        require(has_time, FIELD)?;
        self.word(FIELD, |text| field::is_zone(text).then(|| text.to_owned())).map(Some)
    }

    fn source(&mut self) -> Result<Source, RecordError> {
        const FAULT: RecordError = RecordError::Field { field: "source" };
        let Some(Value::Object(members)) = self.take("source") else { return Err(FAULT) };
        let text = |name| members.get(name).and_then(Value::as_str);
        let input = text("input").and_then(uuid).ok_or(FAULT)?;
        let via = text("via").filter(|via| field::is_via(via)).ok_or(FAULT)?.to_owned();
        let authenticated = members.get("authenticated").and_then(Value::as_bool).ok_or(FAULT)?;
        if members.len() == 3 { Ok(Source { input, via, authenticated }) } else { Err(FAULT) }
    }

    /// `_sd` and `_sd_alg` come together or not at all; digests are sorted, each once, at least one.
    fn commitments(&mut self) -> Result<Vec<String>, RecordError> {
        const FAULT: RecordError = RecordError::Field { field: "_sd" };
        let (digests, algorithm) = (self.take("_sd"), self.take("_sd_alg"));
        let items = match (digests, algorithm) {
            (None, None) => return Ok(Vec::new()),
            (Some(Value::Array(items)), Some(Value::String(name))) if name == "sha-256" => items,
            (Some(_), Some(Value::String(name))) if name == "sha-256" => return Err(FAULT),
            _ => return Err(RecordError::Field { field: "_sd_alg" }),
        };
        let mut digests: Vec<String> = Vec::with_capacity(items.len());
        for item in items {
            let Value::String(digest) = item else { return Err(FAULT) };
            if !field::is_digest(&digest) || digests.last().is_some_and(|last| *last >= digest) {
                return Err(FAULT);
            }
            digests.push(digest);
        }
        if digests.is_empty() { Err(FAULT) } else { Ok(digests) }
    }
}

fn require(good: bool, field: &'static str) -> Result<(), RecordError> {
    if good { Ok(()) } else { Err(RecordError::Field { field }) }
}

/// A UUID in its one lower-case spelling with hyphens (RFC 9562 §4).
fn uuid(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(id)
}
