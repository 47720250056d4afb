//! Configured call scripts, request by request: consent, menus, read-back, fallbacks.

use contract::call::{Call, Consent};
use contract::command::Answer;
use contract::entity::{Entity, call_stream};
use contract::event::Channel;
use contract::fact::What;
use contract::input::Body;
use contract::provider::Provider;
use providers::script::{Book, Dialect};

use crate::rig::{FORM, JSON, Rig, SECRET, Setup, source_contract};

const PHONE: &str = "+254712345678";
const BOOK: &str = r#"
base_url = "https://ledger.example.com"

[[script]]
name = "buying"
provider = "africastalking"
numbers = ["+254700000001"]
language = "en"
failure = "We are closed."
action = [
    { type = "say", text = "Karibu." },
    { type = "consent" },
    { type = "dial", to = ["+254700000011"], record = true, unanswered = [{ type = "say", text = "Nobody is here." }] },
]

[[script]]
name = "front"
provider = "africastalking"
numbers = ["+254700000002"]
language = "en"
action = [
    { type = "menu", text = "Press 1 for your contract.", choices = { 1 = "answers" } },
    { type = "say", text = "Goodbye." },
]

[[script]]
name = "answers"
provider = "africastalking"
numbers = ["+254700000003"]
language = "en"
action = [{ type = "confirm" }, { type = "say", text = "Goodbye." }]

[[script]]
name = "room"
provider = "tryvox_json"
rooms = ["support-room-1"]
language = "sw"
action = [{ type = "consent", required = false, tries = 1 }, { type = "conference", room = "support-room-1" }]

[[script]]
name = "mini-room"
provider = "minivoice"
numbers = ["+254700000002"]
language = "en"
action = [{ type = "consent" }, { type = "conference", room = "a.b", record = true }]

[[script]]
name = "mini-answers"
provider = "minivoice"
numbers = ["+254700000003"]
language = "en"
action = [{ type = "confirm" }, { type = "say", text = "Goodbye." }]

[[script]]
name = "mini"
provider = "minivoice"
numbers = ["+254700000001"]
action = [{ type = "say", text = "This call is recorded." }, { type = "conference", room = "a.b", record = true }]
"#;

fn setup(projector: bool) -> Setup {
    Setup { projector, book: Book::read(BOOK).unwrap(), voxml: Dialect::TryVoxJson, ..Setup::default() }
}

fn instruct() -> String {
    format!("/hooks/africastalking/{SECRET}/voice/instruct")
}

fn moment(line: u8, more: &str) -> String {
    format!(
        "sessionId=ATVId_1&isActive=1&direction=Inbound&callerNumber=%2B254712345678\
         &destinationNumber=%2B25470000000{line}&callSessionState=Answered{more}"
    )
}

/// Asks at the address, and gives the body.
async fn ask(rig: &Rig, query: &str, line: u8, more: &str) -> String {
    let path = if query.is_empty() { instruct() } else { format!("{}?{query}", instruct()) };
    let answer = rig.post(&path, FORM, moment(line, more)).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    carrier::read_script(answer.text()).unwrap();
    answer.text().to_owned()
}

async fn call(rig: &Rig, provider: Provider, id: &str) -> Call {
    rig.folded().await;
    let row = rig.store.stream(&call_stream(provider, id)).await.unwrap().unwrap();
    let Entity::Call(call) = Entity::from_json(&row.state).unwrap() else { panic!("a call") };
    *call
}

#[tokio::test]
async fn consent_is_asked_and_the_call_goes_on_with_a_yes() {
    let rig = Rig::new(setup(true)).await;
    let here = format!("https://ledger.example.com{}", instruct());
    let asked = ask(&rig, "", 1, "").await;
    assert_eq!(
        asked,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Say>Karibu.</Say>\n  \
             <GetDigits numDigits=\"1\" timeout=\"8\" callbackUrl=\"{here}?ask=buying.1.0\">\n    \
             <Say>This call is recorded. Press 1 to agree, or 2 to refuse.</Say>\n  </GetDigits>\n  \
             <Redirect>{here}?ask=buying.1.0.silent</Redirect>\n</Response>"
        )
    );
    let on = ask(&rig, "ask=buying.1.0", 1, "&dtmfDigits=1%23").await;
    assert!(on.contains("<Dial record=\"true\"") && on.contains("<Say>Nobody is here.</Say>"), "{on}");
    let call = call(&rig, Provider::AfricasTalking, "ATVId_1").await;
    assert_eq!(call.consent, Some(Consent::Given));
    let records = rig.store.reader().stream_records("call/africastalking/ATVId_1", 1, 100).await.unwrap();
    let kinds: Vec<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["call.answered", "call.asked", "call.input", "call.consented"]);
    // The same once more is nothing new.
    ask(&rig, "ask=buying.1.0", 1, "&dtmfDigits=1%23").await;
    rig.folded().await;
    assert_eq!(
        rig.store.reader().stream_records("call/africastalking/ATVId_1", 1, 100).await.unwrap().len(),
        4
    );
}

#[tokio::test]
async fn a_no_and_silence_end_the_call() {
    for (query, more, words, consent) in [
        ("ask=buying.1.0", "&dtmfDigits=2", "You did not agree", Consent::Refused),
        ("ask=buying.1.1.silent", "", "We heard no answer", Consent::Missing),
        ("ask=buying.1.1", "&dtmfDigits=7", "We heard no answer", Consent::Missing),
    ] {
        let rig = Rig::new(setup(true)).await;
        let end = ask(&rig, query, 1, more).await;
        assert!(end.contains(words) && !end.contains("<Dial"), "{end}");
        assert_eq!(call(&rig, Provider::AfricasTalking, "ATVId_1").await.consent, Some(consent), "{query}");
    }
}

#[tokio::test]
async fn silence_and_other_keys_are_asked_again_first() {
    let rig = Rig::new(setup(false)).await;
    for (query, more) in [("ask=buying.1.0.silent", ""), ("ask=buying.1.0", "&dtmfDigits=9")] {
        let again = ask(&rig, query, 1, more).await;
        assert!(again.contains("?ask=buying.1.1\"") && again.contains("ask=buying.1.1.silent"), "{again}");
        assert!(!again.contains("Karibu"), "not from the beginning");
    }
    // The same key for two questions: two facts.
    ask(&rig, "ask=buying.1.1", 1, "&dtmfDigits=9").await;
    let inputs = rig.inputs().await;
    let keys: Vec<String> = inputs
        .iter()
        .filter_map(|input| match &input.body {
            Body::Webhook(webhook) => webhook.facts.iter().find(|f| matches!(f.what, What::CallInput(_))),
            _ => None,
        })
        .map(|fact| fact.key.clone())
        .collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_menu_leads_on_and_silence_leads_to_the_next_action() {
    let rig = Rig::new(setup(true)).await;
    assert!(ask(&rig, "", 2, "").await.contains("Press 1 for your contract."));
    let none = ask(&rig, "ask=front.0.0", 2, "&dtmfDigits=1").await;
    assert!(none.contains("No contract waits") && none.contains("<Say>Goodbye.</Say>"), "{none}");
    let end = ask(&rig, "ask=front.0.1.silent", 2, "").await;
    assert!(end.contains("<Say>Goodbye.</Say>") && !end.contains("GetDigits"), "{end}");
}

#[tokio::test]
async fn a_contract_is_read_back_and_answered_by_keys() {
    for (key, answer, words) in
        [('1', Answer::Yes, "You have confirmed"), ('2', Answer::No, "You have refused")]
    {
        let rig = Rig::new(setup(true)).await;
        let drafted = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
        let id = drafted["contract_id"].as_str().unwrap();
        let asked = ask(&rig, "", 3, "").await;
        assert!(asked.contains("Product: maize") && asked.contains("numDigits=\"5\""), "{asked}");
        assert!(asked.contains(&format!("?ask=answers.0.0&amp;contract={id}\"")), "{asked}");
        let right = rig.code(id, 0).await;
        let guess = if right == "0000" { "0001" } else { "0000" };
        let query = format!("ask=answers.0.0&contract={id}");
        let wrong = ask(&rig, &query, 3, &format!("&dtmfDigits={key}{guess}")).await;
        assert!(
            wrong.contains("That code is not right.") && wrong.contains("?ask=answers.0.1&amp;contract="),
            "{wrong}"
        );
        let query = format!("ask=answers.0.1&contract={id}");
        let done = ask(&rig, &query, 3, &format!("&dtmfDigits={key}{right}")).await;
        assert!(done.contains(words) && done.contains("Goodbye.") && !done.contains("GetDigits"), "{done}");
        let contract = rig.agreement(id).await;
        let party = &contract.parties[0];
        assert_eq!(
            (party.wrong_codes, party.answer.as_ref().map(|g| (g.answer, g.channel))),
            (1, Some((answer, Channel::Keypad)))
        );
        // Sent again by the provider: said again, done once.
        let again = ask(&rig, &query, 3, &format!("&dtmfDigits={key}{right}")).await;
        assert!(again.contains(words), "{again}");
    }
}

#[tokio::test]
async fn keys_for_somebody_elses_contract_are_nothing() {
    let rig = Rig::new(setup(true)).await;
    let drafted = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = drafted["contract_id"].as_str().unwrap();
    let code = rig.code(id, 0).await;
    let body = moment(3, &format!("&dtmfDigits=1{code}")).replace("254712345678", "254700000099");
    let path = format!("{}?ask=answers.0.0&contract={id}", instruct());
    rig.post(&path, FORM, body).await.expect(200);
    rig.folded().await;
    assert!(rig.agreement(id).await.parties.iter().all(|p| p.answer.is_none() && p.wrong_codes == 0));
}

#[tokio::test]
async fn an_odd_place_begins_at_the_beginning() {
    let rig = Rig::new(setup(false)).await;
    let first = ask(&rig, "", 1, "").await;
    for query in
        ["ask=", "ask=buying.9.0", "ask=nothing.0.0", "ask=buying.0.0", "ask=%00", "ask=a&ask=b", "x=1"]
    {
        assert_eq!(ask(&rig, query, 1, "").await, first, "{query}");
    }
}

#[tokio::test]
async fn other_lines_keep_the_documents_example() {
    let rig = Rig::new(setup(false)).await;
    let usual = ask(&rig, "", 9, "").await;
    assert!(usual.contains("<Say>Welcome to the service. This is a demo voice application. Goodbye.</Say>"));
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_hears_the_scripts_own_words() {
    let rig = Rig::new(setup(false)).await;
    rig.door.journal().close().await;
    assert!(ask(&rig, "", 1, "").await.contains("<Say>We are closed.</Say>"));
    assert!(ask(&rig, "", 9, "").await.contains("<Say>We are sorry"));
}

#[tokio::test]
async fn a_call_that_was_passed_on_is_not_dialled_again() {
    let rig = Rig::new(setup(false)).await;
    let nothing = ask(&rig, "", 1, "&dialDestinationNumber=%2B254700000011").await;
    assert_eq!(nothing, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n</Response>");
}

#[tokio::test]
async fn tryvox_is_asked_in_its_own_words() {
    let rig = Rig::new(setup(true)).await;
    let path = format!("/answer/tryvox/{SECRET}");
    let question = r#"{"call_uuid":"call_1","from":"+254712345678","to":"+254700000001","direction":"inbound","call_status":"in-progress"}"#;
    let asked = rig.post(&format!("{path}?room=support-room-1"), JSON, question).await.expect(200).json();
    let here = format!("https://ledger.example.com{path}");
    assert_eq!(
        asked["instructions"],
        serde_json::json!([
            { "verb": "Gather", "input": "dtmf", "action_url": format!("{here}?ask=room.0.0"), "timeout": 8, "num_digits": 1,
              "say": { "text": "Simu hii inarekodiwa. Bonyeza 1 kukubali, au 2 kukataa." } },
            { "verb": "Redirect", "url": format!("{here}?ask=room.0.0.silent") },
        ])
    );
    // Refused, but not required: the call goes on, and the refusal is recorded.
    let keys = r#"{"call_uuid":"call_1","from":"+254712345678","to":"+254700000001","direction":"inbound","digits":"2"}"#;
    let on = rig.post(&format!("{path}?ask=room.0.0"), JSON, keys).await.expect(200).json();
    assert_eq!(on["instructions"], serde_json::json!([{ "verb": "Conference", "name": "support-room-1" }]));
    assert_eq!(call(&rig, Provider::TryVox, "call_1").await.consent, Some(Consent::Refused));
    // A room without a script is joined; one that is none is not.
    let other = rig.post(&format!("{path}?room=sales-1"), JSON, question).await.expect(200).json();
    assert_eq!(other["instructions"], serde_json::json!([{ "verb": "Conference", "name": "sales-1" }]));
    let odd = rig.post(&format!("{path}?room=%3C%2FConference%3E"), JSON, question).await.expect(200).json();
    assert_eq!(odd["instructions"], serde_json::json!([{ "verb": "Conference", "name": "support-room-1" }]));
}

#[tokio::test]
async fn minivoice_gets_the_script_of_its_line() {
    let rig = Rig::new(setup(false)).await;
    let path = format!("/answer/minivoice/{SECRET}");
    let question = |line: u8| {
        format!(
            r#"{{"event":"call.answered","call":{{"id":"call_1","direction":"inbound","from":"+254712345678","to":"+25470000000{line}"}}}}"#
        )
    };
    let scripted = rig.post(&path, JSON, question(1)).await.expect(200).json();
    assert_eq!(
        scripted["actions"],
        serde_json::json!([
            { "type": "say", "text": "This call is recorded." },
            { "type": "start_recording" },
            { "type": "conference", "room": "a.b" },
        ])
    );
    let usual = rig.post(&path, JSON, question(9)).await.expect(200);
    assert_eq!(
        usual.text(),
        r#"{"actions":[{"type":"conference","room":"daily_support_room","mute":false,"end_on_exit":false}]}"#
    );
    let named = rig.post(&format!("{path}?room=b.1"), JSON, question(9)).await.expect(200).json();
    assert_eq!(named["actions"], serde_json::json!([{ "type": "conference", "room": "b.1" }]));
}

#[tokio::test]
async fn whom_we_ring_is_known_to_every_process() {
    use contract::command::{Command, ContractType, CreateConference};
    let rig = Rig::new(setup(true)).await;
    let conference = CreateConference {
        conference_id: "ATVoice_a1b2c3d4e5f6".into(),
        parties: vec![PHONE.parse().unwrap(), "+254787654321".parse().unwrap()],
        contract_type: ContractType::default(),
        expected_duration_s: 600,
        provider: None,
        room: None,
    };
    // As another process would: nothing is noted here.
    let body = Body::Command(Command::CreateConference(conference));
    rig.door.take(contract::provider::Via::Api, true, body).await.unwrap();
    rig.folded().await;
    let outbound = |phone: &str| {
        format!(
            "sessionId=ATVId_7&isActive=1&direction=Outbound&callerNumber=%2B{phone}&destinationNumber=%2B254700000000"
        )
    };
    let leg = rig.post(&instruct(), FORM, outbound("254712345678")).await.expect(200);
    assert!(leg.text().contains("<Conference/>"), "{}", leg.text());
    let other = rig.post(&instruct(), FORM, outbound("254700000099")).await.expect(200);
    assert!(!other.text().contains("<Conference/>"), "{}", other.text());
}

/// A call at MiniVoice: it is asked at one address and tells keys at another.
struct Mini<'a> {
    rig: &'a Rig,
    line: u8,
    told: u32,
}

impl Mini<'_> {
    fn event(&self, event: &str, data: &serde_json::Value) -> String {
        serde_json::json!({
            "event": event, "created_at": format!("2026-05-29T12:00:{:02}Z", self.told),
            "call": { "id": "call_7", "direction": "inbound", "from": PHONE, "to": format!("+25470000000{}", self.line) },
            "variables": {}, "data": data,
        })
        .to_string()
    }

    /// What is to be done, asked at our address with what stands behind it.
    async fn ask(&self, query: &str) -> Vec<serde_json::Value> {
        let path = format!("/answer/minivoice/{SECRET}{query}");
        let question = self.event("call.answered", &serde_json::json!({}));
        let answer = self.rig.post(&path, JSON, question).await.expect(200).json();
        answer["actions"].as_array().unwrap().clone()
    }

    /// Keys, or none, told in answer to a question.
    async fn tell(&mut self, digits: &str, waited: &serde_json::Value) {
        self.told += 1;
        let mut data = serde_json::json!({ "status": "completed", "timed_out": digits.is_empty(), "timeout_seconds": waited });
        if !digits.is_empty() {
            data["digits"] = digits.into();
        }
        let hook = format!("/hooks/minivoice/{SECRET}");
        self.rig.post(&hook, JSON, self.event("call.gathered", &data)).await.expect(200);
    }
}

/// How long a question is waited for, and where the call goes on behind it.
fn asked(actions: &[serde_json::Value]) -> (serde_json::Value, String) {
    let [.., gather, redirect] = actions else { panic!("{actions:?}") };
    assert_eq!((&gather["type"], &redirect["type"]), (&"gather".into(), &"redirect".into()));
    assert_eq!(redirect["method"], "POST");
    let here = format!("https://ledger.example.com/answer/minivoice/{SECRET}");
    (
        gather["timeout_seconds"].clone(),
        redirect["url"].as_str().unwrap().strip_prefix(&here).unwrap().to_owned(),
    )
}

#[tokio::test]
async fn minivoice_is_asked_for_consent_and_its_keys_are_looked_up() {
    let rig = Rig::new(setup(true)).await;
    let mut call_7 = Mini { rig: &rig, line: 2, told: 0 };
    let first = call_7.ask("").await;
    assert_eq!(first[0]["prompt"], "This call is recorded. Press 1 to agree, or 2 to refuse.");
    let (waited, on) = asked(&first);
    // Keys that answer no question of ours, and a time that was over, are no answer.
    call_7.tell("1", &5.into()).await;
    call_7.tell("", &waited).await;
    let again = call_7.ask(&on).await;
    assert_eq!(again[0]["type"], "gather", "{again:?}");
    let (later, on) = asked(&again);
    assert_ne!(later, waited, "what is asked again is told apart");
    // The yes to the first question comes too late for it, and is none to the second.
    call_7.tell("1", &waited).await;
    call_7.tell("2", &later).await;
    let end = call_7.ask(&on).await;
    assert_eq!(
        end[0]["text"], "You did not agree to being recorded, so we cannot go on. Goodbye.",
        "{end:?}"
    );
    assert_eq!(call(&rig, Provider::MiniVoice, "call_7").await.consent, Some(Consent::Refused));
}

#[tokio::test]
async fn minivoice_goes_on_with_a_yes_and_closes_without_any_news() {
    let rig = Rig::new(setup(true)).await;
    let mut call_7 = Mini { rig: &rig, line: 2, told: 0 };
    let (waited, on) = asked(&call_7.ask("").await);
    // It is asked what to do before the keys were told: they are waited for.
    let (room, ()) = tokio::join!(call_7.ask(&on), async {
        let mut other = Mini { rig: &rig, line: 2, told: 9 };
        other.tell("1", &waited).await;
    });
    assert_eq!(
        room,
        [
            serde_json::json!({ "type": "start_recording" }),
            serde_json::json!({ "type": "conference", "room": "a.b" })
        ]
    );
    assert_eq!(call(&rig, Provider::MiniVoice, "call_7").await.consent, Some(Consent::Given));
    // The same keys are no answer to what is asked behind them.
    call_7.told = 20;
    let silent = call_7.ask("?ask=mini-room.0.1&after=99").await;
    assert!(silent[0]["text"].as_str().unwrap().contains("We heard no answer"), "{silent:?}");
}

#[tokio::test]
async fn minivoice_reads_a_contract_back_and_takes_the_code() {
    let rig = Rig::new(setup(true)).await;
    let drafted = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    let id = drafted["contract_id"].as_str().unwrap();
    let right = rig.code(id, 0).await;
    let guess = if right == "0000" { "0001" } else { "0000" };
    let mut call_7 = Mini { rig: &rig, line: 3, told: 0 };
    let first = call_7.ask("").await;
    assert!(first[0]["prompt"].as_str().unwrap().contains("Product: maize"), "{first:?}");
    let (waited, on) = asked(&first);
    call_7.tell(&format!("1{guess}"), &waited).await;
    let wrong = call_7.ask(&on).await;
    assert_eq!(wrong[0]["text"], "That code is not right.", "{wrong:?}");
    let (waited, on) = asked(&wrong);
    call_7.tell(&format!("1{right}"), &waited).await;
    let done = call_7.ask(&on).await;
    let words: Vec<&str> = done.iter().filter_map(|action| action["text"].as_str()).collect();
    assert_eq!(words, ["Thank you. You have confirmed.", "Goodbye."]);
    // Asked once more at the same place: said again, done once.
    assert_eq!(call_7.ask(&on).await, done);
    let contract = rig.agreement(id).await;
    let party = &contract.parties[0];
    let given = party.answer.as_ref().map(|given| (given.answer, given.channel));
    assert_eq!((party.wrong_codes, given), (1, Some((Answer::Yes, Channel::Keypad))));
}
