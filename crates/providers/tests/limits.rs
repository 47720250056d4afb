//! The limits of bodies, to the byte, and the content types that are taken.
#![allow(clippy::unwrap_used)]

use contract::phone::Country;
use providers::africastalking::time::Zone;
use providers::africastalking::voice;
use providers::form::{self, FORM_FIELDS_MAX, FORM_NAME_BYTES_MAX, FORM_VALUE_BYTES_MAX};
use providers::{ReadError, voicepact};

const FORM: &str = "application/x-www-form-urlencoded";
const KENYA: Country = Country::KENYA;
const ZONE: Zone = Zone::NAIROBI;

fn encoded(fields: &[(String, String)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

fn check_limit(fields: &[(String, String)], expected: &Result<(), ReadError>) {
    assert_eq!(&form::read(&encoded(fields), FORM).map(drop), expected);
}

#[test]
fn limits_hold_to_the_byte() {
    let many = |n: usize| (0..n).map(|i| (format!("f{i}"), String::new())).collect::<Vec<_>>();
    check_limit(&many(FORM_FIELDS_MAX), &Ok(()));
    check_limit(&many(FORM_FIELDS_MAX + 1), &Err(ReadError::TooManyFields { max: FORM_FIELDS_MAX }));
    let name = |n: usize| vec![("n".repeat(n), "v".to_owned())];
    check_limit(&name(FORM_NAME_BYTES_MAX), &Ok(()));
    let too_long = ReadError::NameTooLong { field: "#1".to_owned(), max: FORM_NAME_BYTES_MAX };
    check_limit(&name(FORM_NAME_BYTES_MAX + 1), &Err(too_long));
    let value = |n: usize| vec![("text".to_owned(), "v".repeat(n))];
    check_limit(&value(FORM_VALUE_BYTES_MAX), &Ok(()));
    let too_long = ReadError::ValueTooLong { field: "text".to_owned(), max: FORM_VALUE_BYTES_MAX };
    check_limit(&value(FORM_VALUE_BYTES_MAX + 1), &Err(too_long));
}

#[test]
fn json_keeps_the_same_limits() {
    let read =
        |body: String| voicepact::read_webhook(body.as_bytes(), "application/json", KENYA, &ZONE).map(drop);
    let members: Vec<String> = (0..=FORM_FIELDS_MAX).map(|i| format!("\"f{i}\":1")).collect();
    assert_eq!(
        read(format!("{{{}}}", members.join(","))),
        Err(ReadError::TooManyFields { max: FORM_FIELDS_MAX })
    );
    let deep = format!("{{\"sessionId\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    assert_eq!(read(deep), Err(ReadError::NotJson));
    assert_eq!(read("{\"sessionId\":\"ATVoice_1\"} x".to_owned()), Err(ReadError::NotJson));
}

#[test]
fn other_content_types_are_refused() {
    for content_type in ["text/plain", "multipart/form-data; boundary=x", "application/jsonx"] {
        let refused = |error| matches!(error, ReadError::ContentType { .. });
        assert!(
            voice::read(b"sessionId=A", content_type, KENYA, &ZONE).is_err_and(refused),
            "{content_type}"
        );
        assert!(voicepact::read_webhook(b"sessionId=A", content_type, KENYA, &ZONE).is_err_and(refused));
    }
    for content_type in ["", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"] {
        assert!(voice::read(b"sessionId=A", content_type, KENYA, &ZONE).is_ok(), "{content_type}");
    }
}
