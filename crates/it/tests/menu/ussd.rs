//! Sessions of the menu.

use it::{Setup, World, maize};
use serde_json::Value;

use super::{escaped, hook};

async fn typed(world: &World, session: &str, phone: &str, text: &str) -> String {
    let text = text.replace('*', "%2A");
    let form =
        format!("sessionId={session}&serviceCode=%2A483%23&phoneNumber={}&text={text}", escaped(phone));
    hook(world, "ussd", &form).await
}

async fn drafted(setup: Setup) -> (World, String) {
    let world = World::start(setup).await;
    let drafted = maize::draft(&world, None).await;
    world.settle_messages().await;
    (world, drafted["contract_id"].as_str().unwrap().to_owned())
}

fn answers(contract: &Value) -> Vec<(&str, &str)> {
    let parties = contract["parties"].as_array().unwrap().iter();
    parties
        .filter_map(|party| {
            let answer = &party["answer"];
            Some((answer["answer"].as_str()?, answer["channel"].as_str()?))
        })
        .collect()
}

/// One in English, one in Swahili; the buyer's network delivers one step twice, at once.
pub async fn both_confirm(setup: Setup) {
    let (world, id) = drafted(setup).await;
    let (buyer, seller) = (maize::code(&world, maize::BUYER), maize::code(&world, maize::SELLER));
    assert!(typed(&world, "ATUid_b", maize::BUYER, "").await.starts_with("CON Ahadi\n1. My contracts"));
    let asked = typed(&world, "ATUid_b", maize::BUYER, "2*1").await;
    assert!(asked.contains(&id) && asked.contains(maize::PRODUCT), "{asked}");
    let text = format!("2*1*{buyer}");
    let (one, other) = tokio::join!(
        typed(&world, "ATUid_b", maize::BUYER, &text),
        typed(&world, "ATUid_b", maize::BUYER, &text),
    );
    for screen in [one, other] {
        assert!(screen.starts_with(&format!("END {id}: you have confirmed")), "{screen}");
    }
    let done = typed(&world, "ATUid_s", maize::SELLER, &format!("5*2*1*{seller}")).await;
    assert_eq!(done, format!("END {id}: umethibitishwa na wote."));
    world.settle_messages().await;
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!(contract["status"], "confirmed");
    assert_eq!(answers(&contract), [("confirmed", "ussd"); 2]);
    world.sound().await;
}

/// A wrong code first: it counts once, also when the right one follows in the same session.
pub async fn one_rejects(setup: Setup) {
    let (world, id) = drafted(setup).await;
    let code = maize::code(&world, maize::SELLER);
    let guess = if code == "0000" { "0001" } else { "0000" };
    let wrong = typed(&world, "ATUid_s", maize::SELLER, &format!("3*1*{guess}")).await;
    assert!(wrong.starts_with("CON ") && wrong.contains("Wrong code"), "{wrong}");
    let done = typed(&world, "ATUid_s", maize::SELLER, &format!("3*1*{guess}*{code}")).await;
    assert_eq!(done, format!("END {id}: you have rejected it."));
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!(contract["status"], "rejected");
    assert_eq!(answers(&contract), [("rejected", "ussd")]);
    assert_eq!(contract["parties"][1]["wrong_codes"], 1);
    world.settle_messages().await;
    world.sound().await;
}
