//! USSD: a session of a party, from its first screen to the ledger.

use contract::agreement::Status;
use contract::command::Answer;
use contract::entity::Entity;
use contract::event::Channel;
use contract::input::Body;
use contract::provider::Via;

use crate::rig::{Answer as Reply, FORM, Rig, SECRET, Setup, source_contract};

const PARTIES: [&str; 2] = ["+254712345678", "+254787654321"];

async fn drafted() -> (Rig, String) {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let answer = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = answer["contract_id"].as_str().unwrap().to_owned();
    (rig, id)
}

fn step(session: &str, phone: &str, text: &str) -> String {
    form_urlencoded(&[
        ("sessionId", session),
        ("serviceCode", "*483#"),
        ("phoneNumber", phone),
        ("text", text),
        ("networkCode", "63902"),
    ])
}

fn form_urlencoded(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let bytes = text.bytes();
        bytes
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect::<Vec<_>>().join("&")
}

async fn type_in(rig: &Rig, phone: &str, text: &str) -> Reply {
    let path = format!("/hooks/africastalking/{SECRET}/ussd");
    rig.post(&path, FORM, step("ATUid_1", phone, text)).await.expect(200)
}

#[tokio::test]
async fn a_party_looks_and_confirms() {
    let (rig, id) = drafted().await;
    let [buyer, seller] = PARTIES;
    let first = type_in(&rig, buyer, "").await;
    assert_eq!(first.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        first.text(),
        "CON Ahadi\n1. My contracts\n2. Confirm\n3. Reject\n4. Report a problem\n5. Kiswahili"
    );
    let list = type_in(&rig, buyer, "2").await;
    assert_eq!(list.text(), "CON Confirm which?\n1. maize 500 kg = KES 25000.00\n0. Back");
    let asked = type_in(&rig, buyer, "2*1").await;
    assert!(asked.text().contains(&id) && asked.text().contains("To CONFIRM"), "{}", asked.text());
    let right = rig.code(&id, 0).await;
    let guess = if right == "0000" { "0001" } else { "0000" };
    let wrong = type_in(&rig, buyer, &format!("2*1*{guess}")).await;
    assert!(wrong.text().starts_with("CON ") && wrong.text().contains("Wrong code"), "{}", wrong.text());
    let done = type_in(&rig, buyer, &format!("2*1*{guess}*{right}")).await;
    assert_eq!(done.text(), format!("END {id}: you have confirmed. The others have not all answered yet."),);
    // The network asks again for a screen that was lost on the way.
    let again = type_in(&rig, buyer, &format!("2*1*{guess}*{right}")).await;
    assert_eq!(again.text(), done.text());
    let contract = rig.agreement(&id).await;
    assert_eq!((contract.parties[0].wrong_codes, contract.status), (1, Status::Pending));
    let given = contract.parties[0].answer.as_ref().unwrap();
    assert_eq!((given.answer, given.channel), (Answer::Yes, Channel::Ussd));

    let code = rig.code(&id, 1).await;
    let all = type_in(&rig, seller, &format!("5*2*1*{code}")).await;
    assert_eq!(all.text(), format!("END {id}: umethibitishwa na wote."));
    assert_eq!(rig.agreement(&id).await.status, Status::Confirmed);
}

#[tokio::test]
async fn every_step_is_kept_with_what_was_shown() {
    let (rig, _) = drafted().await;
    type_in(&rig, PARTIES[0], "").await;
    type_in(&rig, PARTIES[0], "1").await;
    let over = "sessionId=ATUid_1&status=Success&durationInMillis=9120&phoneNumber=%2B254712345678&date=2026-03-02+11%3A00%3A00";
    let path = format!("/hooks/africastalking/{SECRET}/ussd");
    assert_eq!(rig.post(&path, FORM, over).await.expect(200).text(), "OK");
    let inputs = rig.inputs().await;
    let steps: Vec<_> = inputs.iter().filter(|input| input.via == Via::Ussd).collect();
    assert_eq!(steps.len(), 3);
    let Body::Webhook(webhook) = &steps[1].body else { panic!("a webhook") };
    let told = webhook.facts[0].private.told.as_deref().unwrap();
    assert!(told.starts_with("My contracts\n1. maize"), "{told}");
    rig.folded().await;
    let row = rig.store.stream("ussd/africastalking/ATUid_1").await.unwrap().unwrap();
    let Entity::Session(session) = Entity::from_json(&row.state).unwrap() else { panic!("a session") };
    assert_eq!((session.steps, row.version), (2, 3));
}

#[tokio::test]
async fn a_stranger_sees_and_confirms_nothing() {
    let (rig, id) = drafted().await;
    let stranger = "+254700000099";
    let none = type_in(&rig, stranger, "1").await;
    assert_eq!(none.text(), "CON You have no contracts.\n0. Back");
    let code = rig.code(&id, 0).await;
    type_in(&rig, stranger, &format!("2*1*{code}")).await;
    assert!(rig.agreement(&id).await.parties.iter().all(|p| p.answer.is_none() && p.wrong_codes == 0));
}

#[tokio::test]
async fn a_code_stops_working_after_five_wrong_ones() {
    let (rig, id) = drafted().await;
    let right = rig.code(&id, 0).await;
    let mut typed = "2*1".to_owned();
    for n in 0..5 {
        let guess = format!("{:04}", (right.parse::<u32>().unwrap() + 1 + n) % 10_000);
        typed = format!("{typed}*{guess}");
        let shown = type_in(&rig, PARTIES[0], &typed).await;
        let ends = shown.text().starts_with("END ");
        assert_eq!(ends, n == 4, "{}", shown.text());
    }
    let late = type_in(&rig, PARTIES[0], &format!("2*1*{right}")).await;
    assert!(late.text().contains("Too many wrong codes"), "{}", late.text());
    assert!(rig.agreement(&id).await.parties[0].answer.is_none());
}

#[tokio::test]
async fn a_sender_that_proved_nothing_is_shown_no_terms() {
    let rig = Rig::new(Setup {
        projector: true,
        open_api: false,
        loopback: false,
        bare_hooks: true,
        ..Setup::default()
    })
    .await;
    let key = rig.key("admin", |_| {}).await;
    let request = axum::http::Request::post("/api/v1/contracts/create")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {key}"))
        .body(axum::body::Body::from(source_contract().to_string()))
        .unwrap();
    let id = rig.send(request).await.expect(200).json()["contract_id"].as_str().unwrap().to_owned();
    let bare = rig.post("/ussd", FORM, step("ATUid_2", PARTIES[0], "1")).await.expect(200);
    assert_eq!(bare.text(), format!("CON My contracts\n1. {id}: pending\n0. Back"));
    let proved = type_in(&rig, PARTIES[0], "1").await;
    assert!(proved.text().contains("maize"), "{}", proved.text());
}
