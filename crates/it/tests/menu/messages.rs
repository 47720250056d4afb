//! Words about messages themselves.

use carrier::ApiMode;
use it::{Setup, World, maize};
use serde_json::Value;

use super::{escaped, hook};

fn sent(world: &World, phone: &str) -> usize {
    world.carrier.messages().iter().filter(|sms| sms.to == phone).count()
}

/// The buyer by the provider's callback, the seller by a word. One of them comes back.
pub async fn nobody_is_written_to_against_its_will(setup: Setup) {
    let world = World::start(setup).await;
    let refused = format!("senderId=AHADI&phoneNumber={}", escaped(maize::BUYER));
    hook(&world, "sms/opt-out", &refused).await;
    hook(&world, "sms/opt-out", &refused).await;
    let said = |id: &str, words: &str| {
        format!("id={id}&from={}&to=22384&text={words}&date=2026-03-02+08%3A00%3A00", escaped(maize::SELLER))
    };
    hook(&world, "sms/incoming", &said("m-1", "ACHA")).await;
    world.settle_folding().await;

    let first = maize::draft(&world, None).await;
    world.settle_messages().await;
    assert_eq!((sent(&world, maize::BUYER), sent(&world, maize::SELLER)), (0, 0));
    assert_eq!(can_be_texted(&world, &first["contract_id"]).await, [false, false]);

    hook(&world, "sms/incoming", &said("m-2", "anza")).await;
    world.settle_folding().await;
    let second = maize::draft(&world, None).await;
    world.settle_messages().await;
    assert_eq!((sent(&world, maize::BUYER), sent(&world, maize::SELLER)), (0, 1));
    assert_eq!(can_be_texted(&world, &second["contract_id"]).await, [false, true]);
    world.sound().await;
}

async fn can_be_texted(world: &World, id: &serde_json::Value) -> Vec<bool> {
    let contract = world.json(&format!("/v1/contracts/{}", id.as_str().unwrap())).await;
    let parties = contract["parties"].as_array().unwrap().iter();
    parties.map(|party| party["can_be_texted"].as_bool().unwrap()).collect()
}

async fn messages(world: &World, id: &str) -> Vec<Value> {
    world.json(&format!("/v1/contracts/{id}/messages")).await["messages"].as_array().unwrap().clone()
}

/// Waits until every message was tried at least so often.
async fn until_tried(world: &World, id: &str, attempts: u64) -> Vec<Value> {
    for _ in 0..3_000 {
        let messages = messages(world, id).await;
        let tried = |one: &Value| one["attempts"].as_u64() >= Some(attempts) && one["status"] != "attempted";
        if messages.iter().all(tried) {
            return messages;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not tried within 30 s");
}

/// What the provider says of each receiver stands on the ledger and is shown: taken with its cost and delivered, or why
/// not, with the provider's code where it named the receiver and without where it refused the request as a whole.
pub async fn each_receiver_has_its_own_result(setup: Setup) {
    let world = World::start(setup).await;
    world.carrier.blacklist(maize::SELLER);
    let drafted = maize::draft(&world, None).await;
    world.settle().await;
    let both = messages(&world, drafted["contract_id"].as_str().unwrap()).await;
    let [taken, refused] = &both[..] else { panic!("{both:?}") };
    assert_eq!(
        (&taken["party"], &taken["status"], &taken["provider_code"]),
        (&0.into(), &"accepted".into(), &102.into())
    );
    assert_eq!(taken["currency"], "KES", "{taken}");
    assert!(taken["cost"].as_str().is_some_and(|cost| cost.ends_with("000")), "{taken}");
    assert_eq!(taken["taken"][0]["delivery"], "delivered", "{taken}");
    let told = [&refused["party"], &refused["status"], &refused["failure"], &refused["provider_code"]];
    assert_eq!(told, [&1.into(), &Value::from("failed"), &"opted_out".into(), &406.into()]);
    assert_eq!(refused["taken"], Value::Array(Vec::new()));

    for (mode, failure) in [
        (ApiMode::Refuse("InvalidSenderId".into()), "invalid_sender"),
        (ApiMode::Unauthorized, "unauthorized"),
    ] {
        world.carrier.set_sms_mode(mode);
        let drafted = maize::draft(&world, None).await;
        for one in until_tried(&world, drafted["contract_id"].as_str().unwrap(), 1).await {
            assert_eq!((&one["failure"], &one["provider_code"]), (&failure.into(), &Value::Null), "{one}");
            assert_eq!(
                one["status"], "requested",
                "the account is to be mended, and the message waits: {one}"
            );
        }
    }
    // Mended: what waits is sent with the next attempt.
    world.carrier.set_sms_mode(ApiMode::Normal);
    world.settle().await;
    world.sound().await;
}
