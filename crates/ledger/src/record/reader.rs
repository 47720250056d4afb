//! Reading records.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{ENTRY_BYTES_MAX, PAYLOAD_BYTES_MAX, RECORD_VERSION, Record, RecordError, Source, field};
use crate::hash::{Hash, sha256};
use crate::json::{self, Canonical, Value};
use crate::stream::StreamId;
use crate::time::Timestamp;

/// Reads an entry of the log: three canonical base64url parts, the fixed header, a payload of the JSON profile in
/// canonical form with exactly the fields of a record. The signature is not checked yet. A text that is handed over is kept as
/// it is, one that is lent is copied.
pub fn open(jws: impl Into<String>) -> Result<Record, RecordError> {
    let jws = jws.into();
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
    let fields = match in_order(&payload) {
        Some(fields) => fields,
        // Something is wrong; the slow way finds out what.
        None => in_any_order(&payload)?,
    };
    Ok(fields.into_record(kid, payload, jws, signature))
}

/// The fields of a payload, each of which keeps its rule.
#[derive(Debug, PartialEq, Eq)]
struct Payload {
    log: String,
    stream: StreamId,
    version: u64,
    prev: Option<Hash>,
    id: Uuid,
    kind: String,
    occurred_at: Option<Timestamp>,
    occurred_at_assumed_zone: Option<String>,
    recorded_at: Timestamp,
    source: Source,
    data: Canonical,
    commitments: Vec<String>,
}

impl Payload {
    fn into_record(self, kid: String, payload: Vec<u8>, jws: String, signature: [u8; 64]) -> Record {
        Record {
            log: self.log,
            stream: self.stream,
            version: self.version,
            prev: self.prev,
            id: self.id,
            kind: self.kind,
            occurred_at: self.occurred_at,
            occurred_at_assumed_zone: self.occurred_at_assumed_zone,
            recorded_at: self.recorded_at,
            source: self.source,
            data: self.data,
            commitments: self.commitments,
            kid,
            payload_sha256: sha256(&payload),
            payload,
            jws,
            signature,
        }
    }
}

/// Reads a payload as [`super::payload`] writes it, member after member; none where anything at all is different.
fn in_order(payload: &[u8]) -> Option<Payload> {
    let mut at = json::Reader::canonical(std::str::from_utf8(payload).ok()?);
    at.pass("{")?;
    let commitments = commitments_in_order(&mut at)?;
    at.pass("\"data\":")?;
    let data = at.canonical_below(1).filter(|data| field::is_data_text(data.as_str()))?;
    at.pass(",\"id\":")?;
    let id = uuid(at.plain()?)?;
    at.pass(",\"log\":")?;
    let log = at.plain().filter(|text| field::is_origin(text))?.to_owned();
    at.pass(",\"occurred_at\":")?;
    let occurred_at = at.null_or(|text| text.parse::<Timestamp>().ok())?;
    let mut zone = None;
    if at.pass(",\"occurred_at_assumed_zone\":").is_some() {
        occurred_at?;
        zone = Some(at.plain().filter(|text| field::is_zone(text))?.to_owned());
    }
    at.pass(",\"prev\":")?;
    let prev = at.null_or(|text| text.parse::<Hash>().ok())?;
    at.pass(",\"recorded_at\":")?;
    let recorded_at = at.plain()?.parse().ok()?;
    at.pass(",\"source\":{\"authenticated\":")?;
    let authenticated = at.pass("true").is_some();
    if !authenticated {
        at.pass("false")?;
    }
    at.pass(",\"input\":")?;
    let input = uuid(at.plain()?)?;
    at.pass(",\"via\":")?;
    let via = at.plain().filter(|text| field::is_via(text))?.to_owned();
    at.pass("},\"stream\":")?;
    let stream = StreamId::new(at.plain()?).ok()?;
    at.pass(",\"type\":")?;
    let kind = at.plain().filter(|text| field::is_kind(text))?.to_owned();
    at.pass(",\"v\":")?;
    at.plain().filter(|text| *text == RECORD_VERSION)?;
    at.pass(",\"version\":")?;
    let version = at.number().and_then(|n| u64::try_from(n).ok()).filter(|n| field::is_version(*n))?;
    at.pass("}")?;
    let source = Source { input, via, authenticated };
    let occurred_at_assumed_zone = zone;
    ((prev.is_none() == (version == 1)) && at.is_at_end()).then_some(Payload {
        log,
        stream,
        version,
        prev,
        id,
        kind,
        occurred_at,
        occurred_at_assumed_zone,
        recorded_at,
        source,
        data,
        commitments,
    })
}

/// `_sd` and `_sd_alg` with the comma behind them, or nothing.
fn commitments_in_order(at: &mut json::Reader<'_>) -> Option<Vec<String>> {
    let mut commitments: Vec<String> = Vec::new();
    if at.pass("\"_sd\":[").is_none() {
        return Some(commitments);
    }
    loop {
        let digest = at.plain().filter(|digest| field::is_digest(digest))?;
        if commitments.last().is_some_and(|last| last.as_str() >= digest) {
            return None;
        }
        commitments.push(digest.to_owned());
        if at.pass("],\"_sd_alg\":\"sha-256\",").is_some() {
            return Some(commitments);
        }
        at.pass(",")?;
    }
}

fn in_any_order(payload: &[u8]) -> Result<Payload, RecordError> {
    let Value::Object(entries) = json::parse_canonical(payload)? else {
        return Err(RecordError::UnknownField);
    };
    let mut fields = Fields(entries);
    let payload = fields.payload()?;
    if fields.0.is_empty() { Ok(payload) } else { Err(RecordError::UnknownField) }
}

/// The members of the payload not yet read.
struct Fields(BTreeMap<String, Value>);

impl Fields {
    fn payload(&mut self) -> Result<Payload, RecordError> {
        self.word("v", |text| (text == RECORD_VERSION).then_some(()))?;
        let version = self.version()?;
        let prev = self.maybe("prev", |text| text.parse::<Hash>().ok())?;
        require(prev.is_none() == (version == 1), "prev")?;
        let occurred_at = self.maybe("occurred_at", |text| text.parse::<Timestamp>().ok())?;
        Ok(Payload {
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
            data: self.data()?,
            commitments: self.commitments()?,
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

    fn data(&mut self) -> Result<Canonical, RecordError> {
        let value = self.take("data").filter(field::is_data).ok_or(RecordError::Field { field: "data" })?;
        Ok(Canonical::of(&value)?)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const PAYLOADS: [&str; 3] = [
        r#"{"data":{},"id":"00000000-0000-8000-8000-000000000001","log":"l.test/a","occurred_at":null,"prev":null,"recorded_at":"2026-01-02T03:04:05.678Z","source":{"authenticated":true,"input":"00000000-0000-7000-8000-000000000002","via":"api"},"stream":"call/x/1","type":"call.ended","v":"ahadi.record/1","version":1}"#,
        r#"{"_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"_sd_alg":"sha-256","data":{"a":[1,-2,null,true],"b":{"c":"é\n\u0001\"\\"}},"id":"00000000-0000-8000-8000-000000000001","log":"l.test/a","occurred_at":"2026-01-02T03:04:05.678Z","occurred_at_assumed_zone":"Africa/Nairobi","prev":"00000000000000000000000000000000000000000000000000000000000000ff","recorded_at":"2026-01-02T03:04:05.678Z","source":{"authenticated":false,"input":"00000000-0000-7000-8000-000000000002","via":"api"},"stream":"call/x/1","type":"call.ended","v":"ahadi.record/1","version":9007199254740991}"#,
        r#"{"data":{"duration_s":45},"id":"00000000-0000-8000-8000-000000000001","log":"l.test/a","occurred_at":"2026-01-02T03:04:05.678Z","prev":null,"recorded_at":"2026-01-02T03:04:05.678Z","source":{"authenticated":true,"input":"00000000-0000-7000-8000-000000000002","via":"api"},"stream":"ledger/keys","type":"key.added","v":"ahadi.record/1","version":1}"#,
    ];

    /// The quick way may refuse anything, and must read what it reads as the slow way does.
    fn agree(payload: &[u8]) -> bool {
        let quick = in_order(payload);
        if let Some(quick) = &quick {
            assert_eq!(in_any_order(payload).as_ref(), Ok(quick), "{}", String::from_utf8_lossy(payload));
        }
        quick.is_some()
    }

    #[test]
    fn what_we_write_is_read_the_quick_way() {
        for payload in PAYLOADS {
            assert!(agree(payload.as_bytes()), "{payload}");
        }
    }

    #[test]
    fn every_removed_or_doubled_byte_is_judged_the_same() {
        for payload in PAYLOADS {
            let bytes = payload.as_bytes();
            for at in 0..bytes.len() {
                let removed = [&bytes[..at], &bytes[at + 1..]].concat();
                let doubled = [&bytes[..=at], &bytes[at..]].concat();
                assert_eq!(agree(&removed), in_any_order(&removed).is_ok(), "{payload} without {at}");
                assert_eq!(agree(&doubled), in_any_order(&doubled).is_ok(), "{payload} twice {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn changed_bytes_are_judged_the_same(
            which in 0..PAYLOADS.len(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = PAYLOADS[which].as_bytes().to_vec();
            let at = place.index(bytes.len());
            bytes[at] = byte;
            prop_assert_eq!(agree(&bytes), in_any_order(&bytes).is_ok());
        }
    }
}
