//! Sessions of the menu.

use it::{Setup, World, maize};
use serde_json::Value;

use super::{escaped, hook, newest_code};

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

/// What is typed before a contract is confirmed is answered plainly; afterwards it becomes a dispute, once, in the
/// words that were typed, and the other party is told.
pub async fn a_problem_is_reported(setup: Setup) {
    let (world, id) = drafted(setup).await;
    let (buyer, seller) = (maize::code(&world, maize::BUYER), maize::code(&world, maize::SELLER));
    let none = typed(&world, "ATUid_1", maize::BUYER, "4").await;
    assert_eq!(none, "CON No contract is in a state in which a problem can be reported.\n0. Back");
    let pending = typed(&world, "ATUid_1", maize::BUYER, "4*1").await;
    assert_eq!(pending, format!("CON {id} (pending): no problem can be reported in this state.\n0. Back"));
    typed(&world, "ATUid_2", maize::BUYER, &format!("2*1*{buyer}")).await;
    typed(&world, "ATUid_3", maize::SELLER, &format!("2*1*{seller}")).await;

    let kinds = typed(&world, "ATUid_4", maize::BUYER, "4*1").await;
    assert!(kinds.contains("1. Not delivered") && kinds.contains("5. Something else"), "{kinds}");
    let asked = typed(&world, "ATUid_4", maize::BUYER, "4*1*5*ten bags * wet").await;
    assert!(asked.contains("ten bags * wet") && asked.contains("To REPORT it"), "{asked}");
    let guess = if buyer == "0000" { "0001" } else { "0000" };
    let wrong = typed(&world, "ATUid_4", maize::BUYER, &format!("4*1*5*ten bags * wet*{guess}")).await;
    assert!(wrong.starts_with("CON ") && wrong.contains("Wrong code"), "{wrong}");
    let text = format!("4*1*5*ten bags * wet*{guess}*{buyer}");
    let done = format!("END {id}: your problem is reported. We tell the others.");
    assert_eq!(typed(&world, "ATUid_4", maize::BUYER, &text).await, done);
    // The network asks again for a screen that was lost on the way.
    assert_eq!(typed(&world, "ATUid_4", maize::BUYER, &text).await, done);
    let settled = typed(&world, "ATUid_5", maize::BUYER, "4*1").await;
    assert!(settled.contains("you reported a problem, which is not settled yet"), "{settled}");

    // The other party says what is wrong from its side, in Swahili, by a number on the list.
    let done = typed(&world, "ATUid_6", maize::SELLER, &format!("5*4*1*4*{seller}")).await;
    assert_eq!(done, format!("END {id}: tatizo lako limeripotiwa. Tunawaambia wengine."));
    world.settle_messages().await;
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!(
        (&contract["status"], &contract["parties"][0]["wrong_codes"]),
        (&"disputed".into(), &1.into())
    );
    let disputes = contract["disputes"].as_array().unwrap().iter();
    let disputes: Vec<_> = disputes.map(|d| (d["party"].as_i64(), d["reason"].as_str())).collect();
    assert_eq!(disputes, [(Some(0), Some("ten bags * wet")), (Some(1), Some("Haijalipwa"))]);
    world.sound().await;
}

/// New terms are proposed; both agree to them in the menu, each with the code of the new message.
pub async fn new_terms_are_answered(setup: Setup) {
    let (world, id) = drafted(setup).await;
    for phone in [maize::BUYER, maize::SELLER] {
        typed(&world, "ATUid_1", phone, &format!("2*1*{}", maize::code(&world, phone))).await;
    }
    let terms =
        serde_json::json!({ "operator": true, "terms": { "product": "white maize", "quantity": "80" } });
    let (status, answer) = world.post_json(&format!("/v1/contracts/{id}/amend"), &terms).await;
    assert_eq!(status, 200, "{answer}");
    world.settle_messages().await;
    let asked = typed(&world, "ATUid_2", maize::BUYER, "2*1").await;
    assert!(asked.contains("white maize 80") && asked.contains("NEW terms"), "{asked}");
    let old = maize::code(&world, maize::BUYER);
    let told = typed(&world, "ATUid_2", maize::BUYER, &format!("2*1*{old}")).await;
    assert_eq!(told, format!("END {id}: confirmed by everybody."), "the old terms were agreed, and stand");
    let yes =
        typed(&world, "ATUid_3", maize::BUYER, &format!("2*1*{}", newest_code(&world, maize::BUYER))).await;
    assert_eq!(yes, format!("END {id}: you have confirmed. The others have not all answered yet."));
    let all =
        typed(&world, "ATUid_4", maize::SELLER, &format!("2*1*{}", newest_code(&world, maize::SELLER))).await;
    assert_eq!(all, format!("END {id}: confirmed by everybody."));
    world.settle_messages().await;
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!((&contract["terms"]["quantity"], &contract["status"]), (&"80".into(), &"confirmed".into()));
    assert_eq!(answers(&contract), [("confirmed", "ussd"); 2]);
    world.sound().await;
}
