//! Values of any type, written in canonical form in one pass: byte for byte what the slower ways give.

use std::collections::BTreeMap;

use ledger::json::{Canonical, INTEGER_MAX, ProfileError, Value};
use ledger::object;
use ledger::record::{Draft, SealError, payload};
use proptest::prelude::*;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::profile::values;
use crate::sealing::{ORIGIN, draft};

/// A value whose objects give their members back to front.
struct Backwards<'a>(&'a Value);

impl Serialize for Backwards<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Backwards)),
            Value::Object(entries) => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in entries.iter().rev() {
                    map.serialize_entry(key, &Backwards(value))?;
                }
                map.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

#[derive(serde::Serialize)]
struct Everything {
    zeta: u8,
    alpha: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<bool>,
    tuple: (u32, char),
    unit: (),
    shapes: Vec<Shape>,
    #[serde(flatten)]
    rest: Flat,
}

#[derive(serde::Serialize)]
struct Flat {
    middle: &'static str,
    beta: BTreeMap<String, u64>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Bare,
    One(Box<Shape>),
    Two(u8, u8),
    Named { y: i8, x: i8 },
}

fn everything() -> Everything {
    Everything {
        zeta: 7,
        alpha: None,
        left_out: None,
        tuple: (4, '"'),
        unit: (),
        shapes: vec![
            Shape::Bare,
            Shape::One(Box::new(Shape::Bare)),
            Shape::Two(1, 2),
            Shape::Named { y: -1, x: 0 },
        ],
        rest: Flat { middle: "a\u{1}é", beta: BTreeMap::from([("k_1".to_owned(), 9)]) },
    }
}

fn of(value: &impl Serialize) -> Result<String, ProfileError> {
    Canonical::of(value).map(|canonical| canonical.as_str().to_owned())
}

#[test]
fn every_shape_of_serde_is_written_as_json_has_it() {
    let written = of(&everything()).unwrap();
    let general = serde_json::to_value(everything()).unwrap();
    assert_eq!(written, serde_json_canonicalizer::to_string(&general).unwrap());
    assert!(written.starts_with(r#"{"alpha":null,"beta":{"k_1":9},"middle":"a\u0001é","shapes":["bare","#));
}

#[test]
fn what_lies_outside_the_profile_is_refused() {
    let refused = |value: &dyn Fn() -> Result<String, ProfileError>, error| assert_eq!(value(), Err(error));
    refused(&|| of(&1.5), ProfileError::NotInteger);
    refused(&|| of(&(INTEGER_MAX + 1)), ProfileError::IntegerRange);
    refused(&|| of(&u64::MAX), ProfileError::IntegerRange);
    refused(&|| of(&"a\rb"), ProfileError::CarriageReturn);
    refused(&|| of(&["u\u{303}"]), ProfileError::NotNfc);
    refused(&|| of(&BTreeMap::from([("Phone", 1)])), ProfileError::Key);
    refused(&|| of(&BTreeMap::from([("a\"b", 1)])), ProfileError::Key);
    refused(&|| of(&BTreeMap::from([("u\u{303}", 1)])), ProfileError::Key);
    refused(&|| of(&BTreeMap::from([(1, 1)])), ProfileError::Key);
    refused(&|| of(&[[[[[[[[[0]]]]]]]]]), ProfileError::Depth);
    assert_eq!(of(&[[[[[[[[0]]]]]]]]).unwrap(), "[[[[[[[[0]]]]]]]]");
}

#[test]
fn a_member_given_twice_is_refused() {
    #[derive(serde::Serialize)]
    struct Twice {
        a: u8,
        #[serde(rename = "a")]
        b: u8,
    }
    assert_eq!(of(&Twice { a: 1, b: 2 }), Err(ProfileError::DuplicateKey));
}

#[test]
fn variants_tagged_by_type_come_apart() {
    let apart = |value: &Value| {
        let parts = Canonical::of(value).unwrap().into_data_and_type();
        parts.map(|(data, word)| (data.as_str().to_owned(), word))
    };
    let tricky = object! {"data": object! {"a": r#","type":"x"}"#}, "type": "call.answered"};
    let data = r#"{"a":",\"type\":\"x\"}"}"#;
    assert_eq!(apart(&tricky), Some((data.to_owned(), "call.answered".to_owned())));
    assert_eq!(apart(&object! {"data": 1i64}), None);
    assert_eq!(apart(&object! {"data": 1i64, "type": "a\"b"}), None);
    assert_eq!(apart(&object! {"a": 1i64, "data": 1i64, "type": "x"}), None);
    assert_eq!(apart(&object! {"data": 1i64, "type": "x", "z": 1i64}), None);
}

fn written(data: &Value) -> Result<ledger::record::Payload, SealError> {
    let Draft { stream, version, prev, id, kind, occurred_at, occurred_at_assumed_zone, recorded_at, .. } =
        draft();
    let facts = Canonical::of(data).map_err(SealError::Profile)?;
    let Draft { source, disclosures, .. } = draft();
    let draft = Draft {
        stream,
        version,
        prev,
        id,
        kind,
        occurred_at,
        occurred_at_assumed_zone,
        recorded_at,
        source,
        data: facts,
        disclosures,
    };
    payload(ORIGIN, &draft)
}

#[test]
fn facts_keep_the_same_rules_as_text_and_as_value() {
    let same = |data: Value| {
        let slow = payload(ORIGIN, &Draft { data: data.clone(), ..draft() });
        assert_eq!(written(&data), slow, "{data:?}");
        slow.is_ok()
    };
    let nested = |depth| (0..depth).fold(object! {}, |inner, _| object! {"a": inner});
    assert!(same(object! {"duration_s": 12i64}) && same(object! {"a": "\"_sd\":"}) && same(nested(6)));
    assert!(same(object! {"a": "{[\\\"", "b": "_sd"}));
    assert!(!same(nested(7)) && !same(Value::Null) && !same("text".into()));
    assert!(!same(object! {"_sd": "x"}) && !same(object! {"p": vec![object! {"_sd_alg": "x"}]}));
    assert!(!same(object! {"text": "x".repeat(50_000)}));
}

proptest! {
    #[test]
    fn bytes_are_those_of_the_value_and_of_a_general_canonicaliser(value in values()) {
        let expected = value.canonical();
        prop_assert_eq!(of(&value), Ok(expected.clone()));
        prop_assert_eq!(of(&Backwards(&value)), Ok(expected.clone()));
        let general: serde_json::Value = serde_json::from_str(&expected).unwrap();
        prop_assert_eq!(of(&general), Ok(expected.clone()));
        prop_assert_eq!(serde_json_canonicalizer::to_string(&general).unwrap(), expected);
    }

    #[test]
    fn text_gives_the_value_and_its_members_back(value in values(), absent in "[a-z0-9_]{1,6}") {
        let text = Canonical::of(&value).unwrap();
        prop_assert_eq!(&text.value(), &value);
        let names = value.as_object().into_iter().flat_map(|entries| entries.keys());
        for name in names.chain([&absent]) {
            prop_assert_eq!(text.get(name), value.get(name).cloned(), "{}", name);
        }
    }

    #[test]
    fn payloads_are_the_same_either_way(value in values()) {
        prop_assert_eq!(written(&value), payload(ORIGIN, &Draft { data: value, ..draft() }));
    }
}
