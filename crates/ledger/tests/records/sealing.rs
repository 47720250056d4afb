//! Records: what is written is canonical and reads back, and what is not a record is refused for the right reason.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::hash::{leaf_hash, sha256};
use ledger::json::{ProfileError, Value};
use ledger::key::RecordKey;
use ledger::object;
use ledger::record::{
    Draft, ENTRY_BYTES_MAX, PAYLOAD_BYTES_MAX, RecordError, SealError, Source, open, record_id, seal,
};
use ledger::stream::StreamId;
use ledger::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::profile::values;

pub const ORIGIN: &str = "ledger.test/ahadi";

fn key() -> RecordKey {
    RecordKey::from_seed(&sha256(b"ahadi test record key").0)
}

pub fn draft() -> Draft {
    Draft {
        stream: StreamId::new("call/minivoice/MV-0001").unwrap(),
        version: 2,
        prev: Some(sha256(b"before")),
        id: Uuid::from_u128(7),
        kind: "call.answered".to_owned(),
        occurred_at: Some(Timestamp::from_millis(1_772_793_000_000).unwrap()),
        occurred_at_assumed_zone: Some("Africa/Nairobi".to_owned()),
        recorded_at: Timestamp::from_millis(1_772_793_000_250).unwrap(),
        source: Source { input: Uuid::from_u128(9), via: "minivoice".to_owned(), authenticated: true },
        data: object! {"duration_s": 12i64},
        disclosures: vec![sha256(b"two").base64url(), sha256(b"one").base64url()],
    }
}

fn payload_of(jws: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(jws.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// Well-signed bytes of any header and payload.
fn sign(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header() -> String {
    format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"ahadi-record+sd-jwt"}}"#, key().kid())
}

#[test]
fn a_sealed_record_opens_and_verifies() {
    let sealed = seal(ORIGIN, &draft(), &key()).unwrap();
    let record = open(&sealed.jws).unwrap();
    record.verify(key().public()).unwrap();
    assert_eq!((record.leaf(), record.payload_sha256), (sealed.leaf, sealed.payload_sha256));
    assert_eq!(sealed.leaf, leaf_hash(sealed.jws.as_bytes()));
    assert_eq!(sealed.payload_sha256, sha256(payload_of(&sealed.jws).as_bytes()));
    assert_eq!(
        (record.log.as_str(), record.kid.as_str(), record.jws()),
        (ORIGIN, key().kid(), sealed.jws.as_str())
    );
    assert_eq!((record.head().version, record.head().prev), (2, Some(sealed.payload_sha256)));
    assert_eq!(sign(&header(), &payload_of(&sealed.jws)), sealed.jws, "the parts are what RFC 7515 says");
    let other = RecordKey::from_seed(&[1; 32]);
    assert_eq!(record.verify(other.public()), Err(RecordError::OtherKey));
    let parts: Vec<&str> = sealed.jws.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(other.sign(b"any")));
    assert_eq!(open(&forged).unwrap().verify(key().public()), Err(RecordError::Signature));
}

#[test]
fn the_id_is_a_function_of_its_input() {
    let input = Uuid::from_u128(0x0195_6af1_7000_7000_8000_0000_0000_0009);
    let id = record_id(ORIGIN, input, 0);
    assert_eq!(id.get_version_num(), 8);
    assert_eq!(id, record_id(ORIGIN, input, 0));
    let others =
        [record_id(ORIGIN, input, 1), record_id("other", input, 0), record_id(ORIGIN, Uuid::from_u128(8), 0)];
    assert!(!others.contains(&id));
    let message =
        [b"ahadi.record-id\0".as_slice(), ORIGIN.as_bytes(), &[0], input.as_bytes(), &[0; 4]].concat();
    let hash = sha256(&message).0;
    assert_eq!(id.as_bytes()[..6], input.as_bytes()[..6]);
    assert_eq!((id.as_bytes()[7], &id.as_bytes()[9..]), (hash[1], &hash[3..10]));
}

#[test]
fn drafts_that_cannot_be_sealed() {
    let refused = |field: &'static str, change: fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        assert_eq!(seal(ORIGIN, &draft, &key()), Err(SealError::Field { field }), "{field}");
    };
    refused("version", |draft| draft.version = 0);
    refused("version", |draft| draft.version = 1 << 53);
    refused("prev", |draft| draft.prev = None);
    refused("prev", |draft| draft.version = 1);
    refused("type", |draft| draft.kind = "answered".to_owned());
    refused("type", |draft| draft.kind = "call.".to_owned());
    refused("type", |draft| draft.kind = format!("call.{}", "a".repeat(60)));
    refused("occurred_at_assumed_zone", |draft| draft.occurred_at = None);
    refused("occurred_at_assumed_zone", |draft| draft.occurred_at_assumed_zone = Some("EAT (3)".to_owned()));
    refused("source", |draft| draft.source.via = "Mini Voice".to_owned());
    refused("data", |draft| draft.data = Value::Null);
    refused("data", |draft| draft.data = object! {"parties": vec![object! {"_sd": "x"}]});
    refused("_sd", |draft| draft.disclosures.push("short".to_owned()));
    refused("_sd", |draft| draft.disclosures.push(draft.disclosures[0].clone()));
    for origin in ["", "a b", "a+b", "é"] {
        assert_eq!(seal(origin, &draft(), &key()), Err(SealError::Field { field: "log" }), "{origin}");
    }
    let with = |data: Value| seal(ORIGIN, &Draft { data, ..draft() }, &key());
    assert_eq!(with(object! {"n": 1i64 << 60}), Err(SealError::Profile(ProfileError::IntegerRange)));
    let nested = |depth| (0..depth).fold(object! {}, |inner, _| object! {"a": inner});
    assert!(with(nested(6)).is_ok());
    assert_eq!(
        with(nested(7)),
        Err(SealError::Profile(ProfileError::Depth)),
        "the payload is a level of its own"
    );
}

#[test]
fn the_longest_record_fits_an_entry() {
    let length = |text: usize| {
        let sealed = seal(ORIGIN, &Draft { data: object! {"text": "x".repeat(text)}, ..draft() }, &key());
        sealed.map(|sealed| (payload_of(&sealed.jws).len(), sealed.jws))
    };
    let rest = length(0).unwrap().0;
    let (bytes, jws) = length(PAYLOAD_BYTES_MAX - rest).unwrap();
    assert_eq!(bytes, PAYLOAD_BYTES_MAX);
    assert!(jws.len() <= ENTRY_BYTES_MAX && open(&jws).is_ok());
    assert_eq!(
        length(PAYLOAD_BYTES_MAX - rest + 1),
        Err(SealError::TooLong { bytes: PAYLOAD_BYTES_MAX + 1 })
    );
    let longer = sign(&header(), &payload_of(&jws).replace("xx", "xxx"));
    assert!(matches!(open(&longer), Err(RecordError::PayloadTooLong { .. } | RecordError::TooLong { .. })));
    assert_eq!(
        open("a".repeat(ENTRY_BYTES_MAX + 1)),
        Err(RecordError::TooLong { bytes: ENTRY_BYTES_MAX + 1 })
    );
}

/// Payloads that somebody signed with the right key and that are no records all the same.
#[test]
fn payloads_that_are_no_records() {
    let good = payload_of(&seal(ORIGIN, &draft(), &key()).unwrap().jws);
    assert!(open(sign(&header(), &good)).is_ok());
    let check = |from: &str, to: &str, error: RecordError| {
        assert!(good.contains(from), "{from}: {good}");
        assert_eq!(open(sign(&header(), &good.replacen(from, to, 1))), Err(error), "{from} -> {to}");
    };
    let field = |field: &'static str| RecordError::Field { field };
    let digests = [sha256(b"one").base64url(), sha256(b"two").base64url()];
    let (low, high) = if digests[0] < digests[1] { (0, 1) } else { (1, 0) };
    let sorted = format!(r#"["{}","{}"]"#, digests[low], digests[high]);
    check("ahadi.record/1", "ahadi.record/2", field("v"));
    check(r#","v":"ahadi.record/1""#, "", field("v"));
    check(r#""version":2"#, r#""version":0"#, field("version"));
    check(r#""version":2"#, r#""version":-2"#, field("version"));
    check(r#""version":2"#, r#""version":"2""#, field("version"));
    check(r#""version":2"#, r#""version":1"#, field("prev"));
    check(&format!("\"{}\"", sha256(b"before")), "null", field("prev"));
    check(&sha256(b"before").hex(), &sha256(b"before").hex().to_uppercase(), field("prev"));
    check(ORIGIN, "ledger test", field("log"));
    check("call/minivoice/MV-0001", "call", field("stream"));
    check("call.answered", "Answered", field("type"));
    check("00000000-0000-0000-0000-000000000007", "00000000000000000000000000000007", field("id"));
    check("10:30:00.250Z", "10:30:00.25Z", field("recorded_at"));
    check(r#""2026-03-06T10:30:00.000Z""#, "null", field("occurred_at_assumed_zone"));
    check(r#""2026-03-06T10:30:00.000Z""#, "7", field("occurred_at"));
    check(r#""occurred_at":"2026-03-06T10:30:00.000Z","#, "", field("occurred_at"));
    check("Africa/Nairobi", "", field("occurred_at_assumed_zone"));
    check(r#""via":"minivoice""#, r#""via":"minivoice","x":1"#, field("source"));
    check(r#""authenticated":true"#, r#""authenticated":1"#, field("source"));
    check(r#"{"duration_s":12}"#, "[]", field("data"));
    check(r#"{"duration_s":12}"#, r#"{"_sd":[]}"#, field("data"));
    check(&sorted, "[]", field("_sd"));
    check(&sorted, &format!(r#"["{}","{}"]"#, digests[high], digests[low]), field("_sd"));
    check(&sorted, &format!(r#"["{}","{}"]"#, digests[low], digests[low]), field("_sd"));
    check(&sorted, r#"["short"]"#, field("_sd"));
    check(&sorted, r#""x""#, field("_sd"));
    check("\"sha-256\"", "\"sha-512\"", field("_sd_alg"));
    check("\"_sd_alg\":\"sha-256\",", "", field("_sd_alg"));
    check(&format!(r#""_sd":{sorted},"#), "", field("_sd_alg"));
    check(r#""data":"#, r#""cnf":1,"data":"#, RecordError::UnknownField);
    check(
        r#""version":2}"#,
        r#""version":2} "#,
        RecordError::Profile(ProfileError::NotCanonical { offset: good.len() }),
    );
    check(r#":12}"#, ":12.0}", RecordError::Profile(ProfileError::NotInteger));
    check(r#":12}"#, r#":12,"duration_s":12}"#, RecordError::Profile(ProfileError::DuplicateKey));
    assert_eq!(open(sign(&header(), "[]")), Err(RecordError::UnknownField));
}

#[test]
fn envelopes_that_are_no_records() {
    let jws = seal(ORIGIN, &draft(), &key()).unwrap().jws;
    let payload = payload_of(&jws);
    let check = |name: &str, jws: &str, error: RecordError| assert_eq!(open(jws), Err(error), "{name}");
    let kid = key().kid().to_owned();
    for other in [
        format!(r#"{{"alg":"none","kid":"{kid}","typ":"ahadi-record+sd-jwt"}}"#),
        format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"ahadi-record+sd-jwt"}}"#),
        format!(r#"{{"alg":"EdDSA","crit":["b64"],"kid":"{kid}","typ":"ahadi-record+sd-jwt"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#),
        format!(r#"{{"alg":"EdDSA", "kid":"{kid}","typ":"ahadi-record+sd-jwt"}}"#),
        r#"{"alg":"EdDSA","kid":"me","typ":"ahadi-record+sd-jwt"}"#.to_owned(),
        r#"{"alg":"EdDSA","typ":"ahadi-record+sd-jwt"}"#.to_owned(),
        String::new(),
    ] {
        check(&other, &sign(&other, &payload), RecordError::Header);
    }
    check("empty", "", RecordError::Parts);
    check("two parts", jws.rsplit_once('.').unwrap().0, RecordError::Parts);
    check("four parts", &format!("{jws}.a"), RecordError::Parts);
    check("newline", &format!("{jws}\n"), RecordError::Base64 { part: "signature" });
    check("padding", &format!("{jws}=="), RecordError::Base64 { part: "signature" });
    check("disclosures behind it", &format!("{jws}~"), RecordError::Base64 { part: "signature" });
    check("other alphabet", &jws.replacen('.', ".+", 1), RecordError::Base64 { part: "payload" });
    check("header in pieces", &format!("*{jws}"), RecordError::Base64 { part: "header" });
    let short = URL_SAFE_NO_PAD.encode([1; 63]);
    let short = format!("{}.{short}", jws.rsplit_once('.').unwrap().0);
    check("short signature", &short, RecordError::SignatureLength);
    check("no signature", &format!("{}.", jws.rsplit_once('.').unwrap().0), RecordError::SignatureLength);
    // 64 bytes leave four unused bits in the last character.
    let last = jws.chars().last().unwrap();
    let next = char::from(last as u8 + 1);
    let loose = format!("{}{next}", &jws[..jws.len() - 1]);
    check("unused bits", &loose, RecordError::Base64 { part: "signature" });
}

fn drafts() -> impl Strategy<Value = Draft> {
    let data = prop::collection::btree_map("[a-z0-9]{1,5}", values(), 0..4).prop_map(Value::Object);
    let data = data
        .prop_filter("room for the payload around it", |data| object! {"data": data.clone()}.check().is_ok())
        .prop_filter("no name that is kept for digests", |data| !data.canonical().contains("\"_sd\""));
    let time = || (0i64..=253_402_300_799_999).prop_map(|millis| Timestamp::from_millis(millis).unwrap());
    let occurred = prop::option::of((time(), prop::option::of("[A-Za-z_]{1,8}/[A-Za-z_]{1,8}")));
    let stream = "[a-z]{1,6}/[A-Za-z0-9._~%:/+-]{1,30}".prop_map(|name| StreamId::new(name).unwrap());
    let place = (1u64..1 << 53, any::<[u8; 32]>()).prop_map(|(version, prev)| {
        let version = if version % 3 == 0 { 1 } else { version };
        (version, (version > 1).then_some(ledger::hash::Hash(prev)))
    });
    let digests = prop::collection::btree_set(any::<[u8; 32]>(), 0..5);
    let source = (any::<u128>(), "[a-z0-9_]{1,16}", any::<bool>());
    (stream, place, any::<u128>(), "[a-z_]{1,9}\\.[a-z_]{1,9}", occurred, time(), source, data, digests)
        .prop_map(
            |(
                stream,
                (version, prev),
                id,
                kind,
                occurred,
                recorded_at,
                (input, via, authenticated),
                data,
                digests,
            )| Draft {
                stream,
                version,
                prev,
                id: Uuid::from_u128(id),
                kind,
                occurred_at: occurred.as_ref().map(|(time, _)| *time),
                occurred_at_assumed_zone: occurred.and_then(|(_, zone)| zone),
                recorded_at,
                source: Source { input: Uuid::from_u128(input), via, authenticated },
                data,
                disclosures: digests
                    .into_iter()
                    .rev()
                    .map(|digest| ledger::hash::Hash(digest).base64url())
                    .collect(),
            },
        )
}

proptest! {
    /// The field-by-field writer gives what a general RFC 8785 canonicaliser gives, and it all reads back.
    #[test]
    fn payloads_are_canonical_and_read_back(draft in drafts()) {
        let sealed = seal(ORIGIN, &draft, &key()).unwrap();
        let payload = payload_of(&sealed.jws);
        let general: serde_json::Value = serde_json::from_str(&payload).unwrap();
        prop_assert_eq!(serde_json_canonicalizer::to_string(&general).unwrap(), payload);
        let record = open(&sealed.jws).unwrap();
        prop_assert!(record.verify(key().public()).is_ok());
        let mut commitments = draft.disclosures.clone();
        commitments.sort();
        let read = Draft {
            stream: record.stream,
            version: record.version,
            prev: record.prev,
            id: record.id,
            kind: record.kind,
            occurred_at: record.occurred_at,
            occurred_at_assumed_zone: record.occurred_at_assumed_zone,
            recorded_at: record.recorded_at,
            source: record.source,
            data: record.data.value(),
            disclosures: record.commitments,
        };
        prop_assert_eq!(read, Draft { disclosures: commitments, ..draft });
    }

    /// No byte of a record can change without its signature, its form or its key going bad.
    #[test]
    fn changed_records_do_not_verify(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = seal(ORIGIN, &draft(), &key()).unwrap().jws.into_bytes();
        let at = place.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let verified = String::from_utf8(bytes).is_ok_and(|jws| open(&jws).is_ok_and(|r| r.verify(key().public()).is_ok()));
        prop_assert!(!verified);
    }

    #[test]
    fn anything_can_be_offered(text in "[A-Za-z0-9._~-]{0,80}|.{0,40}") {
        prop_assert!(open(&text).is_err());
    }
}
