//! Webhooks about messages: the address of the source service, and who wants no more of them.

use contract::entity::Entity;
use contract::world::space;
use serde_json::{Value, json};

use crate::rig::{FORM, Rig, SECRET, Setup, source_contract};

const BUYER: &str = "+254712345678";

fn text(id: &str, words: &str) -> String {
    let words = words.replace(' ', "+");
    format!("from=%2B254712345678&to=22384&text={words}&id={id}&date=2026-03-02+08%3A00%3A00")
}

#[tokio::test]
async fn one_address_takes_texts_and_reports() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let drafted = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = drafted["contract_id"].as_str().unwrap();
    let code = rig.code(id, 0).await;
    let path = format!("/hooks/voicepact/{SECRET}/sms/webhook");
    let answer = |action: Value, contract: Value, phone: Value| json!({ "status": "webhook_received", "action": action, "contract_id": contract, "phone_number": phone });
    for (body, expected) in [
        (text("m-1", "hello"), answer(Value::Null, Value::Null, json!(BUYER))),
        (text("m-2", &format!("yes {code} {id}")), answer(json!("confirm"), json!(id), json!(BUYER))),
        (text("m-3", &format!("NO-{id}")), answer(json!("reject"), json!(id), json!(BUYER))),
        (
            "id=ATXid_1&status=Success&phoneNumber=%2B254712345678".to_owned(),
            answer(Value::Null, Value::Null, json!(BUYER)),
        ),
        (
            "phoneNumber=%2B254712345678&shortCode=1&keyword=x&updateType=addition".to_owned(),
            answer(Value::Null, Value::Null, Value::Null),
        ),
    ] {
        assert_eq!(rig.post(&path, FORM, body.clone()).await.expect(200).json(), expected, "{body}");
    }
    rig.post(&path, FORM, "text=YES").await.expect(400);
    rig.folded().await;
    assert!(rig.agreement(id).await.parties[0].answer.is_some(), "confirmed by the second text");
}

#[tokio::test]
async fn who_wants_no_messages_is_found_by_its_number_only() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    rig.post("/sms/opt-out", FORM, "senderId=AHADI&phoneNumber=%2B254712345678").await.expect(200);
    rig.folded().await;
    let streams = rig.store.links(space::CONTACT, BUYER).await.unwrap();
    let [stream] = streams.as_slice() else { panic!("{streams:?}") };
    assert!(stream.starts_with("contact/") && !stream.contains("712345678"), "{stream}");
    let state = async || {
        let row = rig.store.stream(stream).await.unwrap().unwrap();
        let Entity::Contact(contact) = Entity::from_json(&row.state).unwrap() else { panic!("a person") };
        contact.may_be_texted()
    };
    assert!(!state().await);
    rig.post("/sms/incoming", FORM, text("m-1", "anza")).await.expect(200);
    rig.folded().await;
    assert!(state().await);
    rig.post("/sms/opt-out", FORM, "senderId=AHADI").await.expect(400);
}
