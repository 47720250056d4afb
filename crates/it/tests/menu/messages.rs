//! Words about messages themselves.

use it::{Setup, World, maize};

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
