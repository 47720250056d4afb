//! The log's keys as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use ledger::checkpoint::{LogKey, LogKeyError, LogVerifier};
use signed_note::{StandardVerifier, Verifier};

use super::{ORIGIN, key_id, log_key, root, seed};

/// PKCS#8 version 1 around an Ed25519 seed, as `openssl genpkey` writes it (RFC 8410 §7).
fn pem(seed: &[u8]) -> String {
    let der = [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".as_slice(), seed].concat();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

/// A verifier key with a right key id over any public key bytes.
fn vkey(name: &str, kind: u8, public: &[u8]) -> String {
    let typed = [&[kind], public].concat();
    format!("{name}+{:08x}+{}", signed_note::key_id(name, &typed), STANDARD.encode(typed))
}

#[test]
fn verifier_keys_are_those_of_the_other_implementation() {
    let public = SigningKey::from_bytes(&seed()).verifying_key().to_bytes();
    let key = log_key();
    assert_eq!(key.vkey(), vkey(ORIGIN, 1, &public));
    assert_eq!(key.verifier().public_key(), public);
    let other = StandardVerifier::new(&key.vkey()).unwrap();
    assert_eq!((other.name(), other.key_id()), (ORIGIN, u32::from_be_bytes(key_id())));
    let verifier: LogVerifier = key.vkey().parse().unwrap();
    assert_eq!(&verifier, key.verifier());
    assert_eq!((verifier.to_string(), verifier.origin()), (key.vkey(), ORIGIN));
}

#[test]
fn a_pem_file_is_the_same_key() {
    let key = LogKey::from_pkcs8_pem(ORIGIN, &pem(&seed())).unwrap();
    assert_eq!(key.vkey(), log_key().vkey());
    assert_eq!(key.sign(7, &root()), log_key().sign(7, &root()));
    assert_eq!(*key.to_pkcs8_pem(), pem(&seed()));
    let rsa = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    for text in ["", "not a key", &pem(&seed()[1..]), &pem(&seed()).replace("PRIVATE", "PUBLIC"), rsa] {
        assert_eq!(LogKey::from_pkcs8_pem(ORIGIN, text).unwrap_err(), LogKeyError::Pem, "{text:?}");
    }
}

#[test]
fn a_key_is_named_by_a_key_name() {
    for name in ["", "two words", "a+b", "line\nbreak", "tab\t", "nul\0", "no-break\u{a0}space", "\u{3000}"] {
        let refused = LogKeyError::Name(name.to_owned());
        assert_eq!(LogKey::from_seed(name, &seed()).unwrap_err(), refused);
        assert_eq!(LogKey::from_pkcs8_pem(name, &pem(&seed())).unwrap_err(), refused);
    }
    assert!(LogKey::from_seed("ledger.example/é", &seed()).is_ok());
}

#[test]
fn debug_output_has_no_secret() {
    let shown = format!("{:?}", log_key());
    assert!(shown.contains(&log_key().vkey()), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("SigningKey"), "{shown}");
}

#[test]
fn malformed_verifier_keys_are_refused() {
    let good = log_key().vkey();
    let public = SigningKey::from_bytes(&seed()).verifying_key().to_bytes();
    let (name, rest) = good.split_once('+').unwrap();
    let (id, key) = rest.split_once('+').unwrap();
    let check = |vkey: &str, expected: LogKeyError| {
        assert_eq!(LogVerifier::from_vkey(vkey).unwrap_err(), expected, "{vkey:?}");
    };
    check("", LogKeyError::Vkey);
    check(name, LogKeyError::Vkey);
    check(&format!("{name}+{id}"), LogKeyError::Vkey);
    check(&format!("{name}+{id}+"), LogKeyError::Vkey);
    check(&format!("{name}+{id}+{key}="), LogKeyError::Vkey);
    check(&format!("{good}\n"), LogKeyError::Vkey);
    check(&format!("{good}+more"), LogKeyError::Vkey);
    check(&format!("+{id}+{key}"), LogKeyError::Name(String::new()));
    check(&format!("a b+{id}+{key}"), LogKeyError::Name("a b".to_owned()));
    check(&format!("other.example+{id}+{key}"), LogKeyError::Id);
    check(&format!("{name}+00000000+{key}"), LogKeyError::Id);
    check(&format!("{name}+0{id}+{key}"), LogKeyError::Id);
    check(&format!("{name}+{}+{key}", &id[1..]), LogKeyError::Id);
    check(&vkey(name, 1, &public).replace(id, &id.to_uppercase()), LogKeyError::Id);
    check(&vkey(name, 4, &public), LogKeyError::Type(4));
    check(&vkey(name, 6, &[6; 1312]), LogKeyError::Type(6));
    check(&vkey(name, 1, &public[1..]), LogKeyError::Vkey);
    check(&vkey(name, 1, &[&public[..], &[0]].concat()), LogKeyError::Vkey);
    // y = 2 is no point on the curve; y = 1 and y = 0 are points of small order.
    let point = |y: u8| [[y].as_slice(), &[0; 31]].concat();
    check(&vkey(name, 1, &point(2)), LogKeyError::Public);
    check(&vkey(name, 1, &point(1)), LogKeyError::Public);
    check(&vkey(name, 1, &point(0)), LogKeyError::Public);
}
