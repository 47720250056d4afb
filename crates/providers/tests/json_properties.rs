//! What holds for every JSON webhook, every signature, and every script in JSON.
#![allow(clippy::unwrap_used)]

use contract::phone::Country;
use ledger::time::Timestamp;
use proptest::prelude::*;
use providers::Reading;
use providers::minivoice::actions::{self, Form};
use providers::minivoice::signature::{SigningSecrets, TOLERANCE_SECONDS, Verdict, sign};
use providers::script::{Address, Dialect, Label, Play, Room, Say, Script, Step};
use providers::{minivoice, tryvox};
use serde_json::Value;

const JSON: &str = "application/json";
const KENYA: Country = Country::KENYA;
const SECRET: &str = "a-signing-secret";
const AT: i64 = 1_780_056_600;

/// Members that readers look at, with values they understand and ones they do not.
fn members() -> impl Strategy<Value = Vec<(String, Value)>> {
    let name = prop::sample::select(vec![
        "event",
        "status",
        "call_status",
        "direction",
        "from",
        "to",
        "timestamp",
        "created_at",
        "digits",
        "duration",
        "end_reason",
        "price",
        "recording_url",
        "recording_urls",
        "data",
        "variables",
        "x",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "call.answered",
            "call.completed",
            "call.gathered",
            "recording.completed",
            "ended",
            "busy",
            "in-progress",
            "inbound",
            "outbound",
            "+254700000011",
            "0700000011",
            "2026-03-06T10:30:00Z",
            "caller-hangup",
            "0.0130",
            "https://recordings.example.com/a.mp3",
            "None",
            "",
        ])
        .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(serde_json::json!({ "digits": "1", "file_url": "https://recordings.example.com/b.mp3" })),
        Just(serde_json::json!(["https://recordings.example.com/c.mp3", 1, null, "\u{0}"])),
    ];
    // A name that stands twice has a property of its own, in the fixtures.
    prop::collection::btree_map(name.prop_map(str::to_owned), value, 0..12)
        .prop_map(|map| map.into_iter().collect())
}

/// A body with the members in this order, and as much white space between them.
fn written(members: &[(String, Value)], space: &str) -> Vec<u8> {
    let member = |(name, value): &(String, Value)| format!("{}{space}:{space}{value}", Value::from(&**name));
    let listed: Vec<String> = members.iter().map(member).collect();
    format!("{space}{{{}}}{space}", listed.join(&format!("{space},"))).into_bytes()
}

type Reader = fn(&[u8], &str, Country) -> Result<Reading, providers::ReadError>;

proptest! {
    #[test]
    fn neither_order_nor_layout_means_anything(
        (members, shuffled) in members()
            .prop_map(|mut members| {
                members.push(("call_uuid".to_owned(), "call_1".into()));
                members.push(("call".to_owned(), serde_json::json!({ "id": "call_1", "direction": "inbound", "from": "+254700000011" })));
                members
            })
            .prop_flat_map(|members| (Just(members.clone()), Just(members).prop_shuffle())),
    ) {
        let readers: [Reader; 4] = [
            minivoice::webhook::read, minivoice::webhook::read_question,
            tryvox::webhook::read, tryvox::webhook::read_question,
        ];
        for read in readers {
            let one = read(&written(&members, ""), JSON, KENYA);
            let other = read(&written(&shuffled, "\n  "), JSON, KENYA);
            // Which of two refusals is met first does not depend on the order either.
            prop_assert_eq!(&one, &other);
            if let Ok(reading) = one {
                let keys: Vec<&str> = reading.facts.iter().map(|fact| fact.key.as_str()).collect();
                prop_assert!(!keys.is_empty() && keys.iter().all(|key| key.starts_with("call_1:")));
            }
        }
    }

    #[test]
    fn what_was_signed_is_authentic_and_nothing_else(
        body in prop::collection::vec(any::<u8>(), 1..200),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
        age in -1_000_i64..1_000,
    ) {
        let secrets = SigningSecrets::new(&["another-signing-secret", SECRET]).unwrap();
        let timestamp = AT.to_string();
        let signature = sign(SECRET.as_bytes(), &timestamp, &body);
        let now = Timestamp::from_millis((AT + age) * 1_000).unwrap();
        let check = |signature: &[u8], timestamp: &[u8], body: &[u8]| {
            secrets.check(&[signature], &[timestamp], body, now, TOLERANCE_SECONDS)
        };
        let expected = if age.abs() <= i64::from(TOLERANCE_SECONDS) { Verdict::Fresh } else { Verdict::Stale };
        prop_assert_eq!(check(signature.as_bytes(), timestamp.as_bytes(), &body), expected);

        let flipped = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            bytes
        };
        prop_assert_eq!(check(signature.as_bytes(), timestamp.as_bytes(), &flipped(&body)), Verdict::Wrong);
        prop_assert_eq!(check(signature.as_bytes(), &flipped(timestamp.as_bytes()), &body), Verdict::Wrong);
        let other = flipped(signature.as_bytes());
        // The case of a hex digit is one bit, and means nothing.
        if !other.eq_ignore_ascii_case(signature.as_bytes()) {
            prop_assert_eq!(check(&other, timestamp.as_bytes(), &body), Verdict::Wrong);
        }
    }

    #[test]
    fn text_comes_back_from_every_dialect(
        steps in prop::collection::vec((any::<String>(), "[A-Za-z0-9_-]{1,12}", any::<Option<bool>>(), any::<bool>()), 1..6),
    ) {
        let steps: Vec<Step> = steps
            .iter()
            .filter_map(|(text, _, _, _)| Say::plain(text).ok())
            .map(Step::Say)
            .chain(steps.iter().take(1).map(|(_, name, muted, _)| {
                Step::Conference(Room { name: Label::new(name).ok(), muted: *muted, ..Room::default() })
            }))
            .collect();
        let script = Script::new(steps).unwrap();
        let voxml: Value = serde_json::from_str(&script.render(Dialect::TryVoxJson).unwrap().body).unwrap();
        let typed: Value = serde_json::from_str(&actions::render(&script, Form::Typed).unwrap()).unwrap();
        let keyed: Value = serde_json::from_str(&actions::render(&script, Form::Keyed).unwrap()).unwrap();
        for (index, step) in script.steps().iter().enumerate() {
            let Step::Say(say) = step else { continue };
            let providers::script::Speech::Plain(words) = &say.speech else { unreachable!("only plain was made") };
            prop_assert_eq!(&voxml["instructions"][index]["text"], words.as_str());
            prop_assert_eq!(&typed["actions"][index]["text"], words.as_str());
            prop_assert_eq!(&keyed["actions"][index]["say"]["text"], words.as_str());
        }
    }

    #[test]
    fn what_is_checked_can_be_rendered(
        name in prop::option::of("[A-Za-z0-9._-]{1,12}"),
        settings in any::<[Option<bool>; 4]>(),
        wait in any::<bool>(),
        before in any::<bool>(),
    ) {
        let [muted, end_on_exit, start_on_enter, record] = settings;
        let address = || Address::new("https://audio.example.com/a.wav").unwrap();
        let room = Room {
            name: name.map(|name| Label::new(&name).unwrap()),
            muted, end_on_exit, start_on_enter, record,
            wait: wait.then(address),
        };
        let play = before.then(|| Step::Play(Play { url: address() }));
        let script = Script::new(play.into_iter().chain([Step::Conference(room)]).collect()).unwrap();
        for dialect in [Dialect::AfricasTalking, Dialect::MiniVoice, Dialect::TryVoxXml, Dialect::TryVoxJson] {
            let rendered = script.render(dialect);
            prop_assert_eq!(script.check(dialect), rendered.clone().map(drop));
            let Ok(rendered) = rendered else { continue };
            if rendered.content_type == JSON {
                serde_json::from_str::<Value>(&rendered.body).unwrap();
            } else {
                prop_assert!(rendered.body.contains("<Response>") && rendered.body.ends_with("</Response>"));
            }
        }
    }
}
