//! Who is believed: each provider's addresses with no proof, a wrong one, an old one, two, a broken one and a repeated one.
//! What is not proven never reaches the log as authentic; what is proven but late is kept, and marked.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use it::world::SECRET;
use it::{Setup, World};
use providers::minivoice::signature::sign;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// What MiniVoice signs with, now and before the last change.
const SIGNING: &str = "a-signing-secret-of-ours";
const NEXT: &str = "the-next-signing-secret";
const RETIRED: &str = "a-retired-signing-secret";

/// An address below `/hooks` or `/answer`, `{}` for its secret, and what it takes about the call or message `{id}`.
struct Address {
    path: &'static str,
    media: &'static str,
    body: &'static str,
    /// The stream it is recorded on.
    stream: &'static str,
}

const ADDRESSES: [Address; 7] = [
    Address {
        path: "/hooks/africastalking/{}/voice/events",
        media: FORM,
        body: "sessionId={id}&isActive=0&status=Success&durationInSeconds=1&callerNumber=%2B254700000011",
        stream: "call/africastalking/{id}",
    },
    Address {
        path: "/hooks/africastalking/{}/voice/instruct",
        media: FORM,
        body: "sessionId={id}&isActive=1&callSessionState=Answered&callerNumber=%2B254700000011",
        stream: "call/africastalking/{id}",
    },
    Address {
        path: "/hooks/africastalking/{}/sms/incoming",
        media: FORM,
        body: "from=%2B254700000011&to=22384&text=hello&id={id}",
        stream: "message/africastalking/{id}",
    },
    Address {
        path: "/hooks/africastalking/{}/sms/delivery",
        media: FORM,
        body: "id={id}&status=Success&phoneNumber=%2B254700000011",
        stream: "message/africastalking/{id}",
    },
    Address {
        path: "/hooks/voicepact/{}/voice/webhook",
        media: FORM,
        body: "sessionId={id}&phoneNumber=%2B254700000011&duration=420&status=completed",
        stream: "call/africastalking/{id}",
    },
    Address {
        path: "/hooks/tryvox/{}",
        media: JSON,
        body: r#"{"event":"call.answered","call_uuid":"{id}","direction":"inbound","from":"+254700000011","to":"+254700000000"}"#,
        stream: "call/tryvox/{id}",
    },
    Address {
        path: "/answer/tryvox/{}",
        media: JSON,
        body: r#"{"call_uuid":"{id}","direction":"inbound","from":"+254700000011","to":"+254700000000"}"#,
        stream: "call/tryvox/{id}",
    },
];

async fn post(world: &World, path: &str, media: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let request = world.http.post(world.url(path)).header("content-type", media);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.to_owned()).send().await.unwrap().status().as_u16()
}

/// Every record that a webhook led to: its stream, and whether it says that its sender was proven.
async fn recorded(world: &World) -> Vec<(String, bool)> {
    world.settle_folding().await;
    let mut told = Vec::new();
    let mut scan = world.system().store.scan(0).await.unwrap();
    while let Some(page) = scan.next_page().await.unwrap() {
        for (row, _) in page {
            let record = ledger::record::open(&row.jws).unwrap();
            if !matches!(record.source.via.as_str(), "api" | "effect") {
                told.push((row.stream, record.source.authenticated));
            }
        }
    }
    told
}

/// Wrong versions of the secret in a path.
fn wrong_secrets() -> Vec<String> {
    let flipped = |at: usize| {
        let mut bytes = SECRET.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).unwrap()
    };
    vec![
        "another-secret-of-22-characters".to_owned(),
        SECRET[..SECRET.len() - 1].to_owned(),
        format!("{SECRET}x"),
        format!("{SECRET},{SECRET}"),
        SECRET.to_uppercase(),
        flipped(0),
        flipped(SECRET.len() - 1),
        "%00".to_owned(),
        "%20".to_owned(),
        "*".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_the_right_secret_leaves_nothing() {
    let world = World::start(Setup::EMBEDDED).await;
    let mut expected = Vec::new();
    for (n, address) in ADDRESSES.iter().enumerate() {
        for (k, secret) in wrong_secrets().iter().enumerate() {
            let body = address.body.replace("{id}", &format!("forged_{n}_{k}"));
            let path = address.path.replace("{}", secret);
            assert_eq!(post(&world, &path, address.media, &[], &body).await, 404, "{path}");
        }
        // Without the segment there is no such address, or a bare one that proves nothing.
        let body = address.body.replace("{id}", &format!("forged_{n}_none"));
        let path = address.path.replace("/{}", "");
        assert!([404, 405].contains(&post(&world, &path, address.media, &[], &body).await), "{path}");

        let id = format!("real_{n}");
        let body = address.body.replace("{id}", &id);
        let path = address.path.replace("{}", SECRET);
        for _ in 0..2 {
            assert_eq!(post(&world, &path, address.media, &[], &body).await, 200, "{path}");
        }
        expected.push((address.stream.replace("{id}", &id), true));
    }
    // Twice the same is one record: whoever repeats what was overheard gains nothing.
    assert_eq!(recorded(&world).await, expected);
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_address_is_kept_as_not_proven_and_confirms_nothing() {
    let world = World::start(Setup::EMBEDDED).await;
    for (path, body) in [
        ("/voice/events", "sessionId=bare_1&isActive=0&callerNumber=%2B254700000011"),
        ("/voice/instruct", "sessionId=bare_2&isActive=1&callerNumber=%2B254700000011"),
        ("/sms/incoming", "from=%2B254700000011&to=22384&text=YES&id=bare_3"),
        ("/api/v1/voice/webhook", "sessionId=bare_4&phoneNumber=%2B254700000011&status=completed"),
    ] {
        assert_eq!(post(&world, path, FORM, &[], body).await, 200, "{path}");
    }
    let told = recorded(&world).await;
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|(_, authenticated)| !authenticated), "{told:?}");
    world.sound().await;
}

/// A message of MiniVoice with its headers, and what is to become of it.
struct Message {
    name: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn event(id: &str) -> String {
    let call = json!({ "id": id, "direction": "inbound", "from": "+254700000011", "to": "+254700000000" });
    json!({ "event": "call.completed", "created_at": "2026-05-29T12:10:00Z", "call": call }).to_string()
}

fn seconds(world: &World, offset: i64) -> String {
    let now = world.system().door.as_ref().unwrap().now().millis() / 1_000;
    (now + offset).to_string()
}

fn signed(world: &World, name: &'static str, secret: &str, offset: i64, id: &str) -> Message {
    let (at, body) = (seconds(world, offset), event(id));
    let signature = sign(secret.as_bytes(), &at, body.as_bytes());
    let headers = vec![("x-minivoice-signature", signature), ("x-minivoice-timestamp", at)];
    Message { name, path: format!("/hooks/minivoice/{SECRET}"), headers, body }
}

async fn send(world: &World, message: &Message) -> u16 {
    let headers: Vec<(&str, &str)> =
        message.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    post(world, &message.path, JSON, &headers, &message.body).await
}

/// Everything that is wrong with a message in one way.
fn forgeries(world: &World) -> Vec<Message> {
    let right = || signed(world, "", SIGNING, 0, "forged");
    let mut all = vec![signed(world, "a retired secret", RETIRED, 0, "forged")];
    let mut add = |name: &'static str, change: &dyn Fn(&mut Message)| {
        let mut message = right();
        message.name = name;
        change(&mut message);
        all.push(message);
    };
    add("no headers", &|m| m.headers.clear());
    add("no signature", &|m| drop(m.headers.remove(0)));
    add("no timestamp", &|m| drop(m.headers.remove(1)));
    add("an empty signature", &|m| m.headers[0].1.clear());
    add("another version", &|m| m.headers[0].1 = m.headers[0].1.replace("v1=", "v2="));
    add("no version", &|m| m.headers[0].1 = m.headers[0].1.replace("v1=", ""));
    add("two signatures", &|m| m.headers.push(m.headers[0].clone()));
    add("two signatures in one", &|m| m.headers[0].1 = format!("{0},{0}", m.headers[0].1));
    add("a wrong one before the right one", &|m| {
        m.headers.insert(0, ("x-minivoice-signature", format!("v1={}", "0".repeat(64))));
    });
    add("two timestamps", &|m| m.headers.push(m.headers[1].clone()));
    add("another time", &|m| m.headers[1].1 = seconds(world, -100));
    add("another body", &|m| m.body = event("forged_other"));
    add("a longer body", &|m| m.body.push(' '));
    add("a signature overheard with another call", &|m| {
        m.headers = signed(world, "", SIGNING, 0, "real_now").headers;
    });
    for bit in 0..8 {
        add("a flipped bit of the signature", &|m| {
            let at = 3 + 8 * bit;
            let digit = u32::from_str_radix(&m.headers[0].1[at..=at], 16).unwrap() ^ (1 << (bit % 4));
            m.headers[0].1.replace_range(at..=at, &format!("{digit:x}"));
        });
        add("a flipped bit of the body", &|m| {
            let mut bytes = m.body.clone().into_bytes();
            let at = bytes.len() - 3 - bit;
            bytes[at] ^= 1;
            m.body = String::from_utf8(bytes).unwrap();
        });
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn minivoice_is_believed_by_path_and_signature_together() {
    let flag = format!("--minivoice-webhook-secret={SIGNING},{NEXT}");
    let world = World::start_with(Setup::EMBEDDED, &[&flag]).await;
    for message in forgeries(&world) {
        assert_eq!(send(&world, &message).await, 403, "{}", message.name);
    }
    for secret in wrong_secrets() {
        let mut message = signed(&world, "the right signature", SIGNING, 0, "forged_path");
        message.path = format!("/hooks/minivoice/{secret}");
        assert_eq!(send(&world, &message).await, 404, "{secret}");
    }
    let kept = [
        signed(&world, "now", SIGNING, 0, "real_now"),
        signed(&world, "the next secret", NEXT, 0, "real_next"),
        signed(&world, "late", SIGNING, -7_200, "real_late"),
        signed(&world, "a clock that is ahead", NEXT, 7_200, "real_ahead"),
    ];
    for message in &kept {
        // Replayed at once, and once more.
        for _ in 0..3 {
            assert_eq!(send(&world, message).await, 200, "{}", message.name);
        }
    }
    let streams = ["now", "next", "late", "ahead"].map(|id| (format!("call/minivoice/real_{id}"), true));
    assert_eq!(recorded(&world).await, streams);
    for (id, stale) in [("now", false), ("next", false), ("late", true), ("ahead", true)] {
        let journey = world.json(&format!("/v1/calls/real_{id}/journey")).await;
        let steps = journey["journey"].as_array().unwrap();
        let marks: Vec<Value> =
            steps.iter().map(|step| json!([step["what"], step["stale"], step["authenticated"]])).collect();
        let expected = ["first", "duplicate", "duplicate"].map(|what| json!([what, stale, true]));
        assert_eq!(marks, expected, "{id}");
    }
    world.sound().await;
}
