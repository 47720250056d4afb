//! Requests that nobody thought of: JSON, forms and paths drawn from a seed, so that each run sends the same.

use std::sync::Arc;

use it::Setup;
use it::wire::{Request, send};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::bodies::{FORM, JSON};
use super::routes::{CONFERENCE, CREATE, GIVEN, MANUAL, MINIVOICE, REPORT, Sample, TRYVOX};
use super::{Ground, SERVERS, judge};

const REQUESTS: usize = 2_000;
const REQUESTS_ON_SERVERS: usize = 500;
const AT_ONCE: usize = 8;

/// A JSON text, which need not be one.
#[derive(Clone, Debug)]
enum Json {
    Word(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn write(&self, out: &mut String) {
        match self {
            Json::Word(word) => out.push_str(word),
            Json::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (n, (name, value)) in members.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    out.push_str(&format!("{}:", serde_json::to_string(name).unwrap()));
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    fn of(value: &serde_json::Value) -> Json {
        match value {
            serde_json::Value::Array(items) => Json::List(items.iter().map(Json::of).collect()),
            serde_json::Value::Object(members) => {
                Json::Object(members.iter().map(|(name, value)| (name.clone(), Json::of(value))).collect())
            }
            other => Json::Word(other.to_string()),
        }
    }

    /// Every place, in a fixed order, counted down; the one where the count ends is given to `change`.
    fn change_at(&mut self, left: &mut usize, change: &mut dyn FnMut(&mut Json)) {
        if *left == 0 {
            change(self);
        }
        *left = left.wrapping_sub(1);
        match self {
            Json::Word(_) => {}
            Json::List(items) => items.iter_mut().for_each(|item| item.change_at(left, change)),
            Json::Object(members) => members.iter_mut().for_each(|(_, value)| value.change_at(left, change)),
        }
    }

    fn places(&self) -> usize {
        1 + match self {
            Json::Word(_) => 0,
            Json::List(items) => items.iter().map(Json::places).sum(),
            Json::Object(members) => members.iter().map(|(_, value)| value.places()).sum(),
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 ,.-]{0,30}",
        2 => "\\PC{0,40}",
        1 => any::<String>(),
        1 => "[+]?[0-9 ()-]{0,20}",
        1 => "[0-9]{1,40}([.][0-9]{0,10})?(e[0-9]{1,4})?",
        1 => Just("agricultural_supply".to_owned()),
        1 => Just("2099-13-45T99:99:99Z".to_owned()),
        1 => Just("x".repeat(600)),
    ]
}

fn word() -> impl Strategy<Value = Json> {
    let quoted = text().prop_map(|text| serde_json::to_string(&text).unwrap());
    let number = "-?[0-9]{1,35}([.][0-9]{1,12})?([eE][+-]?[0-9]{1,4})?";
    let raw =
        ["NaN", "Infinity", "-", "01", "'x'", "\"\\ud800\"", "\"\\x\"", "nul", "", "0x1", "\"\u{0}\"", "1_0"];
    prop_oneof![
        6 => quoted,
        3 => number,
        2 => prop::sample::select(vec!["null", "true", "false", "0", "-0", "{}", "[]"]).prop_map(str::to_owned),
        1 => prop::sample::select(raw.to_vec()).prop_map(str::to_owned),
    ]
    .prop_map(Json::Word)
}

fn json() -> impl Strategy<Value = Json> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "parties",
            "phone",
            "role",
            "terms",
            "transcript",
            "total_amount",
            "currency",
            "sessionId"
        ])
        .prop_map(str::to_owned),
        text(),
    ];
    word().prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::List),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(Json::Object),
        ]
    })
}

/// A sound body with some places replaced: it passes the first checks and reaches the later ones.
fn nearly(sample: &'static Sample) -> impl Strategy<Value = String> {
    let sound = Json::of(&serde_json::from_str(sample.text).unwrap());
    let places = sound.places();
    let changes = prop::collection::vec((0..places, json()), 0..3);
    (changes, any::<prop::sample::Index>(), 0..10_u8).prop_map(move |(changes, cut, spoil)| {
        let mut body = sound.clone();
        for (mut at, new) in changes {
            body.change_at(&mut at, &mut |place| *place = new.clone());
        }
        let mut text = String::new();
        body.write(&mut text);
        if spoil == 0 {
            let end =
                (0..=text.len()).rev().find(|n| *n <= cut.index(text.len() + 1) && text.is_char_boundary(*n));
            text.truncate(end.unwrap());
        }
        text
    })
}

fn form() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "sessionId",
        "isActive",
        "callerNumber",
        "status",
        "durationInSeconds",
        "call_uuid",
        "recording_url",
        "digits",
        "duration",
        "recordingUrl",
        "amount",
        "callStartTime",
        "dtmfDigits",
        "eventType",
        "callTransferParam",
        "from",
        "id",
        "text",
        "to",
        "date",
        "x",
    ]);
    let escaped = text().prop_map(|text| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>());
    let raw = "[a-zA-Z0-9+%=;_. -]{0,30}";
    let value =
        prop_oneof![3 => escaped, 2 => raw, 2 => Just("ATVId_1".to_owned()), 1 => Just("1".to_owned())];
    prop::collection::vec((name, value), 0..12).prop_map(|fields| {
        fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    })
}

fn request(contract: &str) -> impl Strategy<Value = (String, &'static str, String)> + use<> {
    let confirm = format!("/api/v1/contracts/{contract}/confirm");
    let reject = format!("/v1/contracts/{contract}/reject");
    let hook = |path: &str| format!("{path}/{}", it::world::SECRET);
    let to = |path: &str, media: &'static str, body: BoxedStrategy<String>| {
        (Just(path.to_owned()), Just(media), body).boxed()
    };
    let any_json = json().prop_map(|json| {
        let mut text = String::new();
        json.write(&mut text);
        text
    });
    let any_json = any_json.boxed();
    prop_oneof![
        6 => to("/api/v1/contracts/create", JSON, nearly(&CREATE).boxed()),
        3 => to("/api/v1/contracts/create/manual", JSON, nearly(&MANUAL).boxed()),
        2 => to("/api/v1/voice/conference/create", JSON, nearly(&CONFERENCE).boxed()),
        2 => to(&confirm, JSON, nearly(&GIVEN).boxed()),
        1 => to(&reject, JSON, nearly(&GIVEN).boxed()),
        2 => to("/api/v1/voice/webhook", JSON, nearly(&REPORT).boxed()),
        1 => to("/api/v1/contracts/create", JSON, any_json.clone()),
        1 => to("/v1/verify", JSON, any_json),
        2 => to("/voice/events", FORM, form().boxed()),
        2 => to("/voice/instruct", FORM, form().boxed()),
        1 => to("/api/v1/voice/webhook", FORM, form().boxed()),
        1 => to("/sms/incoming", FORM, form().boxed()),
        1 => to("/sms/delivery", FORM, form().boxed()),
        1 => to("/ussd", FORM, form().boxed()),
        2 => to(&hook("/hooks/minivoice"), JSON, nearly(&MINIVOICE).boxed()),
        2 => to(&hook("/hooks/tryvox"), JSON, nearly(&TRYVOX).boxed()),
        1 => to(&hook("/hooks/tryvox"), FORM, form().boxed()),
        1 => to(&hook("/answer/minivoice"), JSON, nearly(&MINIVOICE).boxed()),
        1 => to(&hook("/answer/tryvox"), JSON, nearly(&TRYVOX).boxed()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_from_a_seed() {
    drawn(Setup::EMBEDDED, 7, REQUESTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_from_a_seed_on_servers() {
    drawn(SERVERS, 11, REQUESTS_ON_SERVERS).await;
}

async fn drawn(setup: Setup, seed: u8, count: usize) {
    let ground = Ground::on(setup).await;
    let address = ground.world.address();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let requests = request(&ground.ids["contract"]);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for n in 0..count {
        let (path, media, body) = requests.new_tree(&mut runner).unwrap().current();
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        running.spawn(async move {
            let answer = send(address, &Request::new("POST", &path).body(media, &body)).await;
            drop(place);
            let what = format!("request {n}, {body:.3000},");
            assert!(answer.status < 500, "{what} to {path}: {} {}", answer.status, answer.text());
            if answer.status >= 400 && !body.contains("eedle") {
                judge::no_fault(&what, &path, &answer);
            }
            answer.status
        });
    }
    let mut taken = 0;
    while let Some(status) = running.join_next().await {
        taken += usize::from(status.unwrap() == 200);
    }
    assert!(
        (count / 20..count * 9 / 10).contains(&taken),
        "{taken} taken: the requests are too tame or too wild"
    );
    ground.world.settle_folding().await;
    ground.end().await;
}
