//! What is in the JSON profile and what is not.

use ledger::json::{DEPTH_MAX, INTEGER_MAX, ProfileError, Value, object, parse, parse_canonical};
use ledger::object;
use proptest::prelude::*;

use ProfileError::*;

fn refused(input: &[u8], error: ProfileError) {
    assert_eq!(parse(input), Err(error), "{}", String::from_utf8_lossy(input));
}

fn accepted(input: &str, canonical: &str) {
    let value = parse(input.as_bytes()).unwrap_or_else(|error| panic!("{input}: {error}"));
    assert_eq!(value.canonical(), canonical, "{input}");
    assert_eq!(value.check(), Ok(()), "{input}");
    assert_eq!(parse_canonical(canonical.as_bytes()), Ok(value), "{canonical}");
    if input != canonical {
        assert!(matches!(parse_canonical(input.as_bytes()), Err(NotCanonical { .. })), "{input}");
    }
}

#[test]
fn accepted_inputs() {
    accepted("null", "null");
    accepted(" true ", "true");
    accepted("\t[ ]\r\n", "[]");
    accepted("{ }", "{}");
    accepted("0", "0");
    accepted("-1", "-1");
    accepted("9007199254740991", "9007199254740991");
    accepted("-9007199254740991", "-9007199254740991");
    accepted(r#"{"b":1,"a":[true,false,null]}"#, r#"{"a":[true,false,null],"b":1}"#);
    accepted(r#"{"a_1":{},"a":{},"_sd":[]}"#, r#"{"_sd":[],"a":{},"a_1":{}}"#);
    accepted(r#""\u0041\/\u00e9""#, "\"A/\u{e9}\"");
    accepted(r#""\ud83d\uDE00""#, "\"\u{1f600}\"");
    accepted(r#""\u000A\u0009\u0008\u000C\u0022\u005c""#, r#""\n\t\b\f\"\\""#);
    accepted(r#""\u001F\u0000\u007f""#, "\"\\u001f\\u0000\u{7f}\"");
    accepted("\"\u{2028}\u{fffd}\"", "\"\u{2028}\u{fffd}\"");
    accepted("\"Wanjir\u{169}\"", "\"Wanjir\u{169}\"");
    accepted(r#""0.10""#, r#""0.10""#);
    accepted("[[[[[[[[]]]]]]]]", "[[[[[[[[]]]]]]]]");
    accepted(r#"{"\u0061":1}"#, r#"{"a":1}"#);
}

#[test]
fn refused_inputs() {
    refused(b"", Syntax { offset: 0 });
    refused(b"  ", Syntax { offset: 2 });
    refused(b"{", Syntax { offset: 1 });
    refused(b"[1,]", Syntax { offset: 3 });
    refused(b"[1 2]", Syntax { offset: 3 });
    refused(br#"{"a":1,}"#, Syntax { offset: 7 });
    refused(br#"{"a" 1}"#, Syntax { offset: 5 });
    refused(b"{a:1}", Syntax { offset: 1 });
    refused(b"nul", Syntax { offset: 0 });
    refused(b"NaN", Syntax { offset: 0 });
    refused(b"'a'", Syntax { offset: 0 });
    refused(b"+1", Syntax { offset: 0 });
    refused(b"-", Syntax { offset: 1 });
    refused(b"01", Syntax { offset: 0 });
    refused(b"-01", Syntax { offset: 1 });
    refused(b"\"a", Syntax { offset: 2 });
    refused(b"\"\n\"", Syntax { offset: 1 });
    refused(br#""\x""#, Syntax { offset: 2 });
    refused(br#""\u12""#, Syntax { offset: 5 });
    refused(b"\xef\xbb\xbf{}", Syntax { offset: 0 });
    refused(b"/**/1", Syntax { offset: 0 });
    refused(b"1 2", TrailingBytes { offset: 2 });
    refused(b"{}{}", TrailingBytes { offset: 2 });
    refused(b"null\0", TrailingBytes { offset: 4 });
    refused(b"\"\xff\"", NotUtf8);
    refused(b"\"\xed\xa0\x80\"", NotUtf8);
    refused(b"50.0", NotInteger);
    refused(b"1e3", NotInteger);
    refused(b"1E-3", NotInteger);
    refused(b"-0", NotInteger);
    refused(b"-0.0", NotInteger);
    refused(b"9007199254740992", IntegerRange);
    refused(b"-9007199254740992", IntegerRange);
    refused(b"18446744073709551616", IntegerRange);
    refused(br#"{"a":1,"a":1}"#, DuplicateKey);
    refused(br#"{"a":1,"\u0061":2}"#, DuplicateKey);
    refused(br#"[{"b":{"a":null,"a":null}}]"#, DuplicateKey);
    refused(br#"{"A":1}"#, Key);
    refused(br#"{"":1}"#, Key);
    refused(br#"{"a-b":1}"#, Key);
    refused("{\"\u{e9}\":1}".as_bytes(), Key);
    refused(br#""\ud83d""#, LoneSurrogate);
    refused(br#""\ude00\ud83d""#, LoneSurrogate);
    refused(br#""\ud83dA""#, LoneSurrogate);
    refused(br#""\ud83d\u0041""#, LoneSurrogate);
    refused(br#""a\r\nb""#, CarriageReturn);
    refused("\"Wanjiru\u{303}\"".as_bytes(), NotNfc);
    refused(br#""u\u0303""#, NotNfc);
    refused("\"\u{212b}\"".as_bytes(), NotNfc);
    refused(b"[[[[[[[[[]]]]]]]]]", Depth);
    refused(br#"{"a":[{"a":[{"a":[{"a":[{}]}]}]}]}"#, Depth);
}

#[test]
fn canonical_form_is_required_where_it_matters() {
    let check = |input: &str, offset: usize| {
        assert_eq!(parse_canonical(input.as_bytes()), Err(NotCanonical { offset }), "{input}");
    };
    check(r#"{"b":1,"a":2}"#, 2);
    check(r#"{"a":1} "#, 7);
    check(r#"["\u0061"]"#, 2);
    check(r#"["\/"]"#, 2);
    check(r#"["\u001F"]"#, 7);
}

#[test]
fn built_values_are_checked_too() {
    let check = |value: Value, error: ProfileError| assert_eq!(value.check(), Err(error), "{value:?}");
    check(Value::Int(INTEGER_MAX + 1), IntegerRange);
    check(Value::Int(i64::MIN), IntegerRange);
    check(object! {"Phone": 1u32}, Key);
    check(object! {"text": "a\rb"}, CarriageReturn);
    check(vec!["u\u{303}"].into(), NotNfc);
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert_eq!(nested(DEPTH_MAX).check(), Ok(()));
    check(nested(DEPTH_MAX + 1), Depth);
    let value = object! {"a": None::<i64>, "b": true, "c": vec![1i64], "d": "x".to_owned()};
    assert_eq!(value.canonical(), r#"{"a":null,"b":true,"c":[1],"d":"x"}"#);
    assert!(value.get("a").unwrap().is_null() && value.get("z").is_none());
    assert_eq!(value.get("b").and_then(Value::as_bool), Some(true));
    assert_eq!(value.get("c").and_then(Value::as_array), Some([Value::Int(1)].as_slice()));
    assert_eq!(value.get("d").and_then(Value::as_str), Some("x"));
    assert_eq!(object([("a", 1i64.into()), ("a", 2i64.into())]).get("a").and_then(Value::as_int), Some(2));
}

/// Values of the profile.
pub fn values() -> impl Strategy<Value = Value> {
    let text = "[ -~\u{0}-\u{1f}é漢😀\u{2028}]{0,12}";
    let text =
        text.prop_filter("inside the profile", |text: &String| Value::from(text.as_str()).check().is_ok());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::Int),
        (-20i64..20).prop_map(Value::Int),
        text.prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map("[a-z0-9_]{1,6}", inner, 0..6).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_form_is_rfc_8785_and_reads_back(value in values()) {
        prop_assert_eq!(value.check(), Ok(()));
        let canonical = value.canonical();
        prop_assert_eq!(parse_canonical(canonical.as_bytes()), Ok(value.clone()));
        let general: serde_json::Value = serde_json::from_str(&canonical).unwrap();
        prop_assert_eq!(serde_json_canonicalizer::to_string(&general).unwrap(), canonical.clone());
        let through_serde: Value = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
        prop_assert_eq!(through_serde, value.clone());
        // Spaced out it is the same value, and no longer canonical.
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(parse(pretty.as_bytes()), Ok(value));
        prop_assert_eq!(parse_canonical(pretty.as_bytes()).is_ok(), pretty == canonical);
    }

    /// Whatever is read here, a general parser reads to the same; it never panics on anything.
    #[test]
    fn a_general_parser_agrees(
        text in r#"(\{|\}|\[|\]|,|:|"|"a"|"b":|0|1|-|\.|e|\\u00e9|\\|true|null| ){0,12}"#,
        noise in prop::collection::vec(any::<u8>(), 0..24),
    ) {
        let _ = parse(&noise);
        let general: Result<serde_json::Value, _> = serde_json::from_str(&text);
        match parse(text.as_bytes()) {
            Ok(value) => prop_assert_eq!(serde_json::to_value(&value).unwrap(), general.unwrap(), "{}", text),
            Err(Syntax { .. } | TrailingBytes { .. }) => prop_assert!(general.is_err(), "{}", text),
            Err(_) => {}
        }
    }

    #[test]
    fn flipped_bytes_never_read_as_the_same(value in values(), place in any::<prop::sample::Index>(), bit in 0u32..8) {
        let mut bytes = value.canonical().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_ne!(parse_canonical(&bytes), Ok(value));
    }
}

#[test]
fn values_through_serde_are_strict() {
    for text in ["1.5", "9007199254740992", r#"{"a":1,"a":2}"#, r#"{"A":1}"#, "[1e2]"] {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
}
