//! Keys: files, thumbprints, and which bytes are a key at all.

use ledger::key::{
    Action, KeyError, KeyRing, KeyStatement, PublicKey, Reason, RecordKey, Role, SignedStatement,
};
use ledger::object;
use ledger::record::open;

use crate::sample::{ORIGIN, Sample, record_key, root_key, second_key, seed, statement};

/// The key of RFC 8037 appendix A, with its thumbprint from A.3.
#[test]
fn the_keys_of_rfc_8037() {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = PublicKey::from_jwk(jwk).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(
        key.jwk(),
        r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
    );
    assert_eq!(PublicKey::from_x(&key.x()).unwrap(), key);
}

#[test]
fn keys_survive_their_files() {
    let key = record_key();
    let pem = key.to_pkcs8_pem();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let read = RecordKey::from_pkcs8_pem(&pem).unwrap();
    assert_eq!(read.public(), key.public());
    assert_eq!(read.sign(b"message"), key.sign(b"message"));
    let spki = key.public().to_spki_pem();
    assert_eq!(&PublicKey::from_spki_pem(&spki).unwrap(), key.public());
    assert_eq!(RecordKey::from_pkcs8_pem(&spki).unwrap_err(), KeyError::Pem);
    assert_eq!(PublicKey::from_spki_pem(&pem).unwrap_err(), KeyError::Pem);
    assert!(!format!("{key:?}").contains(pem.lines().nth(1).unwrap()));
}

#[test]
fn unusable_keys_are_refused() {
    let mut identity = [0u8; 32];
    identity[0] = 1;
    // y = p + 3 encodes the point with y = 3 a second time.
    let mut second_encoding = [0xff; 32];
    (second_encoding[0], second_encoding[31]) = (0xf0, 0x7f);
    let mut no_point = [0u8; 32];
    no_point[0] = 2;
    let mut order_two = [0xff; 32];
    (order_two[0], order_two[31]) = (0xec, 0x7f);
    for (name, bytes) in [
        ("identity", identity),
        ("order 4", [0u8; 32]),
        ("order 2", order_two),
        ("second encoding", second_encoding),
        ("no point", no_point),
    ] {
        assert_eq!(PublicKey::from_bytes(&bytes).unwrap_err(), KeyError::Weak, "{name}");
    }
    let mut canonical = [0u8; 32];
    canonical[0] = 3;
    assert!(PublicKey::from_bytes(&canonical).is_ok(), "y = 3 is a point, so its second encoding was one");
    for jwk in [
        r#"{"crv":"X25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"}"#,
        r#"{"crv":"Ed25519","kid":"a","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"crv":"Ed25519","kty":"OKP"}"#,
        "[]",
    ] {
        assert_eq!(PublicKey::from_jwk(jwk).unwrap_err(), KeyError::Jwk, "{jwk}");
    }
}

#[test]
fn signatures_are_checked_strictly() {
    let key = record_key();
    let good = key.sign(b"message");
    key.public().verify(b"message", &good).unwrap();
    assert_eq!(key.public().verify(b"massage", &good), Err(KeyError::Signature));
    assert_eq!(second_key().public().verify(b"message", &good), Err(KeyError::Signature));
    // S + L signs the same for a careless verifier.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (mut shifted, mut carry) = (good, 0u16);
    for (byte, add) in shifted[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
    }
    assert_eq!(key.public().verify(b"message", &shifted), Err(KeyError::Signature));
}

#[test]
fn statements_survive_their_records() {
    let added = statement(Action::Added, Role::Record, &second_key(), Reason::Rotation);
    let signed = added.clone().sign(&root_key(), Some(&second_key()));
    assert_eq!(SignedStatement::from_data(&signed.data()).unwrap(), signed);
    let plain = KeyStatement { reason: None, from_position: Some(40), action: Action::Retired, ..added };
    let signed = plain.sign(&root_key(), None);
    assert_eq!(SignedStatement::from_data(&signed.data()).unwrap(), signed);
    let check = |field: &str, value: ledger::json::Value, named: &str| {
        let mut data = signed.data().as_object().unwrap().clone();
        data.insert(field.to_owned(), value);
        let error = SignedStatement::from_data(&data.into()).unwrap_err();
        assert_eq!(error.field(), named, "{field}");
    };
    check("action", "renamed".into(), "action");
    check("role", "root".into(), "role");
    check("reason", "because".into(), "reason");
    check("kid", record_key().kid().into(), "kid");
    check("v", "ahadi.key/2".into(), "v");
    check("note", "more".into(), "v");
    check("public_key", "AAAA".into(), "public_key");
    check("issued_at", "yesterday".into(), "issued_at");
    check("from_position", (-1i64).into(), "from_position");
    check("root_signature", "AAAA".into(), "root_signature");
    check("possession_signature", "AAAA".into(), "possession_signature");
    assert!(SignedStatement::from_data(&object! {}).is_err());
}

#[test]
fn a_key_counts_from_position_to_position() {
    let (sample, marks) = Sample::story();
    let mut ring = KeyRing::new(ORIGIN, Some(root_key().public().clone()));
    for (position, entry) in sample.entries.iter().enumerate() {
        let record = open(&entry.jws).unwrap();
        if record.stream.as_str() == "ledger/keys" {
            assert_eq!(ring.signer(position as u64, &record).unwrap().kid(), record.kid);
            ring.apply(position as u64, &record).unwrap();
        }
    }
    let (first, second) = (record_key(), second_key());
    let (added, retired) = (marks.retired as u64 - 1, marks.retired as u64);
    assert!(ring.may_sign(first.kid(), 0).is_ok() && ring.may_sign(first.kid(), retired).is_ok());
    assert_eq!(ring.may_sign(first.kid(), retired + 1), Err(KeyError::Ended { until: retired + 1 }));
    assert_eq!(ring.may_sign(second.kid(), added), Err(KeyError::NotYet { from: added + 1 }));
    assert!(ring.may_sign(second.kid(), added + 1).is_ok() && ring.may_sign(second.kid(), u64::MAX).is_ok());
    let stranger = RecordKey::from_seed(&seed("somebody else"));
    assert_eq!(ring.may_sign(stranger.kid(), 9), Err(KeyError::Unknown));
    assert_eq!((ring.record_keys().len(), ring.log_keys().len()), (2, 1));
}
