//! Calls with a configured script: consent, and a contract that is read back.

use it::world::SECRET;
use it::{Setup, World, maize};
use serde_json::Value;

use super::{escaped, hook};

const SCRIPTS: &str = r#"
base_url = "https://ledger.example.com"

[[script]]
name = "read-back"
provider = "africastalking"
numbers = ["+254700000000"]
language = "en"
action = [{ type = "consent" }, { type = "confirm" }, { type = "say", text = "Goodbye." }]
"#;

/// A world whose calls are answered from the file, and the file's folder.
async fn world(setup: Setup) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scripts.toml");
    std::fs::write(&file, SCRIPTS).unwrap();
    let world = World::start_with(setup, &[&format!("--scripts={}", file.display())]).await;
    (world, folder)
}

async fn asked(world: &World, phone: &str, query: &str, digits: &str) -> String {
    let digits = if digits.is_empty() { String::new() } else { format!("&dtmfDigits={digits}") };
    let form = format!(
        "sessionId=ATVId_{}&isActive=1&direction=Inbound&callerNumber={}&destinationNumber=%2B254700000000\
         &callSessionState=Answered{digits}",
        &phone[1..],
        escaped(phone)
    );
    hook(world, &format!("voice/instruct{query}"), &form).await
}

/// Where the keys of the last question are sent.
fn callback(script: &str) -> String {
    let (_, behind) = script.split_once("callbackUrl=\"").expect("a question");
    let address = behind.split('"').next().unwrap().replace("&amp;", "&");
    let here = format!("https://ledger.example.com/hooks/africastalking/{SECRET}/voice/instruct");
    address.strip_prefix(&here).expect("our own address").to_owned()
}

/// Both parties call, agree to being recorded, hear the terms, and answer with their code.
pub async fn both_confirm(setup: Setup) {
    let (world, _folder) = world(setup).await;
    let drafted = maize::draft(&world, None).await;
    world.settle_messages().await;
    let id = drafted["contract_id"].as_str().unwrap();
    for phone in [maize::BUYER, maize::SELLER] {
        let notice = asked(&world, phone, "", "").await;
        assert!(notice.contains("This call is recorded."), "{notice}");
        let terms = asked(&world, phone, &callback(&notice), "1").await;
        assert!(terms.contains(maize::PRODUCT) && terms.contains(id), "{terms}");
        let done = asked(&world, phone, &callback(&terms), &format!("1{}", maize::code(&world, phone))).await;
        assert!(done.contains("You have confirmed.") && done.contains("Goodbye."), "{done}");
    }
    world.settle_messages().await;
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!(contract["status"], "confirmed");
    for party in contract["parties"].as_array().unwrap() {
        assert_eq!(party["answer"]["channel"], "keypad");
    }
    for phone in [maize::BUYER, maize::SELLER] {
        assert_eq!(
            kinds(&world, phone).await,
            ["call.answered", "call.asked", "call.input", "call.consented", "call.asked", "call.input"]
        );
    }
    world.sound().await;
}

/// New terms are read back as such, and agreed to with the code of the newest message.
pub async fn new_terms_are_answered(setup: Setup) {
    let (world, _folder) = world(setup).await;
    let drafted = maize::draft(&world, None).await;
    world.settle_messages().await;
    let id = drafted["contract_id"].as_str().unwrap();
    let old = maize::code(&world, maize::BUYER);
    let terms =
        serde_json::json!({ "operator": true, "terms": { "product": "white maize", "quantity": "80" } });
    let (status, answer) = world.post_json(&format!("/v1/contracts/{id}/amend"), &terms).await;
    assert_eq!(status, 200, "{answer}");
    world.settle_messages().await;
    for phone in [maize::BUYER, maize::SELLER] {
        let notice = asked(&world, phone, "", "").await;
        let mut terms = asked(&world, phone, &callback(&notice), "1").await;
        assert!(terms.contains("New terms are proposed.") && terms.contains("80"), "{terms}");
        if phone == maize::BUYER {
            // The code of the draft opens nothing while other terms are read.
            terms = asked(&world, phone, &callback(&terms), &format!("1{old}")).await;
            assert!(terms.contains("That code is not right.") && terms.contains("New terms"), "{terms}");
        }
        let done =
            asked(&world, phone, &callback(&terms), &format!("1{}", super::newest_code(&world, phone))).await;
        assert!(done.contains("You have confirmed.") && done.contains("Goodbye."), "{done}");
    }
    world.settle_messages().await;
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!((&contract["terms"]["quantity"], &contract["status"]), (&"80".into(), &"confirmed".into()));
    world.sound().await;
}

async fn kinds(world: &World, phone: &str) -> Vec<String> {
    let journey = world.json(&format!("/v1/calls/ATVId_{}/journey", &phone[1..])).await;
    let find = |value: &Value| value.as_array().map(|all| all.iter().map(kind).collect::<Vec<_>>());
    journey.as_object().unwrap().values().find_map(find).expect("records")
}

fn kind(record: &Value) -> String {
    record["type"].as_str().unwrap_or_default().to_owned()
}

/// A file that a provider cannot say stops the start, and says where.
pub async fn a_bad_file_stops_the_start(setup: Setup) {
    let (mut world, folder) = world(setup).await;
    world.halt().await;
    let file = folder.path().join("scripts.toml");
    std::fs::write(&file, SCRIPTS.replace("africastalking", "tryvox_xml")).unwrap();
    let mut system = cli::system::System::start(world.config()).await.unwrap();
    let refused = format!("{:#}", cli::surface::start(&mut system).await.err().expect("refused"));
    for part in ["scripts.toml", "read-back", "action 1", "TryVox documents no verb but Conference"] {
        assert!(refused.contains(part), "{refused}");
    }
    system.stop().await;
    std::fs::write(&file, SCRIPTS).unwrap();
    world.sound().await;
}
