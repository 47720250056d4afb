//! Hashes, times, stream names and disclosures.

use ledger::disclosure::{Disclosure, DisclosureError, Salt};
use ledger::hash::{Hash, leaf_hash, node_hash, sha256};
use ledger::json::Value;
use ledger::object;
use ledger::stream::{Head, STREAM_BYTES_MAX, StreamError, StreamId};
use ledger::time::{TimeError, Timestamp};
use proptest::prelude::*;

use crate::profile::values;

#[test]
fn hashes_are_sha_256_in_three_spellings() {
    // FIPS 180-4 example, and the leaf of an empty entry (RFC 6962).
    let abc = sha256(b"abc");
    assert_eq!(abc.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(leaf_hash(b"").hex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    let both = [&[1], abc.0.as_slice(), abc.0.as_slice()].concat();
    assert_eq!(node_hash(&abc, &abc), sha256(&both));
    assert_eq!(abc.base64(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    assert_eq!(abc.base64url(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    assert_eq!(Hash::from_base64(&abc.base64()), Ok(abc));
    assert_eq!(Hash::from_base64url(&abc.base64url()), Ok(abc));
    assert_eq!(serde_json::from_str::<Hash>(&serde_json::to_string(&abc).unwrap()).unwrap(), abc);
    for text in ["", "BA", &abc.hex().to_uppercase(), &abc.hex()[1..], &format!("{}0", abc.hex())] {
        assert!(text.parse::<Hash>().is_err(), "{text}");
    }
    // Padding, alphabet, unused bits, length.
    for text in [
        "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
        "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa1",
        "ungWv48B",
    ] {
        assert!(Hash::from_base64url(text).is_err(), "{text}");
    }
    for text in
        ["ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1="]
    {
        assert!(Hash::from_base64(text).is_err(), "{text}");
    }
}

#[test]
fn times() {
    let check = |millis: i64, text: &str| {
        let time = Timestamp::from_millis(millis).unwrap();
        assert_eq!(time.to_string(), text);
        assert_eq!(text.parse(), Ok(time), "{text}");
        assert_eq!(time.millis(), millis);
    };
    check(0, "1970-01-01T00:00:00.000Z");
    check(951_782_400_000, "2000-02-29T00:00:00.000Z");
    check(951_868_799_999, "2000-02-29T23:59:59.999Z");
    check(951_868_800_000, "2000-03-01T00:00:00.000Z");
    check(1_772_793_000_250, "2026-03-06T10:30:00.250Z");
    check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
    check(253_402_300_799_999, "9999-12-31T23:59:59.999Z");
    for millis in [-1, 253_402_300_800_000, i64::MIN, i64::MAX] {
        assert_eq!(Timestamp::from_millis(millis), Err(TimeError::Range), "{millis}");
    }
    let refused = |text: &str, error: TimeError| assert_eq!(text.parse::<Timestamp>(), Err(error), "{text}");
    refused("2026-03-06T10:30:00Z", TimeError::Spelling);
    refused("2026-03-06T10:30:00.000+00:00", TimeError::Spelling);
    refused("2026-03-06t10:30:00.000z", TimeError::Spelling);
    refused("2026-03-06 10:30:00.000Z", TimeError::Spelling);
    refused("2026-03-06T10:30:00,000Z", TimeError::Spelling);
    refused("+026-03-06T10:30:00.000Z", TimeError::Spelling);
    refused("2026-03-06T10:30:00.00éZ", TimeError::Spelling);
    refused("2026-03-06T10:30:00.0é", TimeError::Spelling);
    refused("1969-12-31T23:59:59.999Z", TimeError::Range);
    refused("2026-02-29T10:30:00.000Z", TimeError::NoSuchTime);
    refused("2100-02-29T10:30:00.000Z", TimeError::NoSuchTime);
    refused("2026-04-31T10:30:00.000Z", TimeError::NoSuchTime);
    refused("2026-13-01T10:30:00.000Z", TimeError::NoSuchTime);
    refused("2026-00-01T10:30:00.000Z", TimeError::NoSuchTime);
    refused("2026-01-00T10:30:00.000Z", TimeError::NoSuchTime);
    refused("2026-01-01T24:00:00.000Z", TimeError::NoSuchTime);
    refused("2026-01-01T23:60:00.000Z", TimeError::NoSuchTime);
    refused("2016-12-31T23:59:60.000Z", TimeError::NoSuchTime);
}

#[test]
fn every_day_has_one_name() {
    let mut before = String::new();
    let mut days = 0;
    for millis in (0..=253_402_300_799_999).step_by(86_400_000) {
        let time = Timestamp::from_millis(millis).unwrap();
        let text = time.to_string();
        assert!(before < text, "{before} {text}");
        assert_eq!(text.parse(), Ok(time));
        before = text;
        days += 1;
    }
    assert_eq!((days, before.as_str()), (2_932_897, "9999-12-31T00:00:00.000Z"));
}

#[test]
fn stream_names() {
    for name in [
        "contract/AGRI-2026-001234",
        "call/africastalking/ATVId_abc123",
        "ledger/keys",
        "a/b",
        "call_2/a%2Fb:c+d~e.f/g",
    ] {
        let stream = StreamId::new(name).unwrap();
        assert_eq!(format!("{}/{}", stream.kind(), stream.rest()), name);
        assert_eq!(
            serde_json::from_str::<StreamId>(&serde_json::to_string(&stream).unwrap()).unwrap(),
            stream
        );
    }
    let refused = |name: &str, error: StreamError| assert_eq!(StreamId::new(name), Err(error), "{name}");
    refused("", StreamError::Kind);
    refused("keys", StreamError::Kind);
    refused("/keys", StreamError::Kind);
    refused("Call/a", StreamError::Kind);
    refused("2call/a", StreamError::Kind);
    refused("ca-ll/a", StreamError::Kind);
    refused("call/", StreamError::Empty);
    refused("call/a b", StreamError::Character);
    refused("call/+254é", StreamError::Character);
    refused("call/a\n", StreamError::Character);
    let longest = format!("call/{}", "a".repeat(STREAM_BYTES_MAX - 5));
    assert!(StreamId::new(longest.clone()).is_ok());
    refused(&format!("{longest}a"), StreamError::TooLong);
    let head = Head::default().next(sha256(b"one")).next(sha256(b"two"));
    assert_eq!(head, Head { version: 2, prev: Some(sha256(b"two")) });
}

/// Disclosures of RFC 9901 (§4.2.3 and §5) with the digests given there. Their spaces are not ours, and no fault.
#[test]
fn the_disclosures_of_rfc_9901() {
    let digest = |encoded: &str| ledger::disclosure::digest(encoded).base64url();
    let family_name = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
    assert_eq!(digest(family_name), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
    assert_eq!(Disclosure::parse(family_name), Err(DisclosureError::Salt), "its salt has 17 bytes");
    let given_name = "WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd";
    assert_eq!(digest(given_name), "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4");
    let (salt, name, value) = Disclosure::parse(given_name).unwrap();
    assert_eq!((salt.base64url().as_str(), name.as_str()), ("2GLC42sKQveCfGfryNRN9w", "given_name"));
    assert_eq!(value, "John".into());
}

#[test]
fn disclosures_and_salts() {
    let (zero, one) = (Salt::derive(&[7; 32], 0), Salt::derive(&[7; 32], 1));
    assert_ne!(zero, one);
    assert_ne!(zero, Salt::derive(&[8; 32], 0));
    let expected = sha256(&[[7; 32].as_slice(), b"ahadi.salt", &[0, 0, 0, 1]].concat());
    assert_eq!(one.0, expected.0[..16]);
    let disclosure = Disclosure::new(&zero, "phone", &"+254700000001".into());
    assert_eq!(disclosure.digest, ledger::disclosure::digest(&disclosure.encoded).base64url());
    assert!(!format!("{disclosure:?} {zero:?}").contains(&disclosure.encoded[..20]));
    let refused = |json: &str, error: DisclosureError| {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
        assert_eq!(Disclosure::parse(&encoded), Err(error), "{json}");
    };
    let salt = zero.base64url();
    refused("{}", DisclosureError::Shape);
    refused(&format!(r#"["{salt}","phone"]"#), DisclosureError::Shape);
    refused(&format!(r#"["{salt}",1,"x"]"#), DisclosureError::Shape);
    refused(&format!(r#"["{salt}","phone","x",1]"#), DisclosureError::Shape);
    refused(r#"["AAAA","phone","x"]"#, DisclosureError::Salt);
    refused(r#"["2GLC42sKQveCfGfryNRN9x","phone","x"]"#, DisclosureError::Salt);
    refused(&format!(r#"["{salt}","_sd","x"]"#), DisclosureError::Name);
    refused(&format!(r#"["{salt}","...","x"]"#), DisclosureError::Name);
    refused(
        &format!(r#"["{salt}","phone",1.5]"#),
        DisclosureError::Json(ledger::json::ProfileError::NotInteger),
    );
    assert_eq!(Disclosure::parse("WyJ="), Err(DisclosureError::Base64));
    assert_eq!(Disclosure::parse(&format!("{}=", disclosure.encoded)), Err(DisclosureError::Base64));
}

proptest! {
    #[test]
    fn times_order_as_their_texts(a in 0i64..=253_402_300_799_999, b in 0i64..=253_402_300_799_999) {
        let (a, b) = (Timestamp::from_millis(a).unwrap(), Timestamp::from_millis(b).unwrap());
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.to_string().parse(), Ok(a));
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&serde_json::to_string(&a).unwrap()).unwrap(), a);
    }

    #[test]
    fn any_value_can_be_disclosed(salt in any::<[u8; 16]>(), text in any::<String>(), value in values()) {
        let value = object! {"raw": text, "value": value};
        let disclosure = Disclosure::new(&Salt(salt), "raw_body", &value);
        let (read_salt, name, read): (Salt, String, Value) = Disclosure::parse(&disclosure.encoded).unwrap();
        prop_assert_eq!((read_salt, name.as_str(), read), (Salt(salt), "raw_body", value));
    }
}
