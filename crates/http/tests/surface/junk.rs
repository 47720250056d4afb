//! Every field of every body with everything that ever broke such a service: never a 5xx.

use serde_json::{Value, json};

use crate::rig::{Rig, Setup, source_contract};

fn junk() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(0.1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("\r\n"),
        json!("\u{fffe}\u{10ffff}"),
        json!("\u{feff}x"),
        json!("e\u{301}"),
        json!("NaN"),
        json!("'; DROP TABLE record; --"),
        json!("<Say>x</Say>"),
        json!("{}"),
        json!("٢٥٠٠٠"),
        json!("+254712345678"),
        json!("2026-03-15"),
        json!("x".repeat(499)),
        json!([]),
        json!([null]),
        json!([[[[]]]]),
        json!({}),
        json!({ "": "" }),
        json!({ "a\u{0}b": 1, "__proto__": {}, "phone": 1 }),
    ]
}

/// Every place in a value, as JSON pointers.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| places(value, format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, format!("{at}/{n}"), found));
        }
        _ => {}
    }
    if !at.is_empty() {
        found.push(at);
    }
}

async fn check(rig: &Rig, path: &str, sound: &Value) {
    let mut found = Vec::new();
    places(sound, String::new(), &mut found);
    for place in &found {
        for value in junk() {
            let mut body = sound.clone();
            *body.pointer_mut(place).unwrap() = value.clone();
            let answer = rig.post_json(path, &body).await;
            let shown: String = value.to_string().chars().take(40).collect();
            assert!(!answer.status.is_server_error(), "{path} {place} = {shown}: {}", answer.text());
            if answer.status.is_client_error() {
                assert!(
                    !answer.json()["detail"].as_str().unwrap_or_default().is_empty(),
                    "{path} {place} = {shown}"
                );
            }
        }
    }
}

#[tokio::test]
async fn contracts_with_junk_in_every_place() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let mut sound = source_contract();
    sound["language"] = json!("sw");
    sound["conference_id"] = json!("ATVoice_a1b2c3d4e5f6");
    sound["expires_at"] = json!("2099-01-01T00:00:00Z");
    sound["terms"]["own_term"] = json!("x");
    check(&rig, "/api/v1/contracts/create", &sound).await;
    // Whatever was taken can be listed.
    rig.get("/api/v1/contracts/?limit=500").await.expect(200);
    rig.get("/v1/contracts?limit=500").await.expect(200);
}

#[tokio::test]
async fn answers_with_junk_in_every_place() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let created = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = created["contract_id"].as_str().unwrap();
    let sound = json!({ "phone_number": "+254712345678", "code": "12345" });
    check(&rig, &format!("/api/v1/contracts/{id}/confirm"), &sound).await;
    check(&rig, &format!("/v1/contracts/{id}/reject"), &sound).await;
    check(&rig, "/v1/contracts/AGRI-2026-999999/confirm", &sound).await;
    assert_eq!(rig.agreement(id).await.status.as_str(), "pending");
}

#[tokio::test]
async fn webhooks_with_junk_in_every_field() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let names = [
        "sessionId",
        "status",
        "duration",
        "recordingUrl",
        "phoneNumber",
        "callStartTime",
        "amount",
        "isActive",
    ];
    for name in names {
        for value in junk() {
            let mut body = json!({ "sessionId": "ATVoice_1" });
            body[name] = value.clone();
            let answer = rig.post_json("/api/v1/voice/webhook", &body).await;
            assert!(!answer.status.is_server_error(), "{name} = {value}: {}", answer.text());
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let mut form = form_urlencoded::Serializer::new(String::new());
            if name != "sessionId" {
                form.append_pair("sessionId", "ATVId_1");
            }
            let form = form.append_pair(name, &text).finish();
            for path in ["/voice/events", "/voice/instruct", "/api/v1/voice/webhook"] {
                let answer = rig.post(path, crate::rig::FORM, form.clone()).await;
                assert!(!answer.status.is_server_error(), "{path} {form}: {}", answer.text());
            }
        }
    }
    crate::voice::folded(&rig).await;
    rig.get("/api/v1/recordings/ATVoice_1").await.expect(200);
    rig.get("/v1/calls/ATVId_1/journey").await.expect(200);
}
