//! One agreement, from the first ring to the last signature: maize, sold on a recorded conference.

use std::collections::BTreeMap;

use carrier::{Replies, Reply};
use serde_json::{Value, json};

use crate::World;

pub const BUYER: &str = "+254700000011";
pub const SELLER: &str = "+254700000012";
/// On the conference, and no party of the contract.
pub const BROKER: &str = "+254700000013";
pub const BUYER_NAME: &str = "Wanjiru wa Kamau";
pub const SELLER_NAME: &str = "Otieno Odhiambo";
pub const TRANSCRIPT: &str =
    "I buy ninety bags of white maize. Agreed, I bring them to Kitale market by Friday.";
pub const PRODUCT: &str = "white maize, grade two";
pub const PLACE: &str = "Kitale market";

/// The buyer answers a request to confirm in English, the seller in Swahili.
pub fn replies() -> Replies {
    let phones = BTreeMap::from([(BUYER.to_owned(), Reply::yes()), (SELLER.to_owned(), Reply::ndio())]);
    Replies { phones, otherwise: Reply::Silent }
}

/// Asks for the conference and gives its id. The calls go on after this.
pub async fn confer(world: &World) -> String {
    // As people write numbers.
    let parties = [BUYER, "254700000012", "0700000013"];
    let (status, answer) =
        world.post_json("/api/v1/voice/conference/create", &json!({ "parties": parties })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["parties"], json!([BUYER, SELLER, BROKER]));
    answer["conference_id"].as_str().unwrap().to_owned()
}

/// The contract as a client asks for it.
pub fn wanted(conference_id: Option<&str>) -> Value {
    let mut wanted = json!({
        "transcript": TRANSCRIPT,
        "contract_type": "agricultural_supply",
        "parties": [
            { "phone": BUYER, "role": "buyer", "name": BUYER_NAME },
            { "phone": SELLER, "role": "seller", "name": SELLER_NAME },
        ],
        "terms": {
            "product": PRODUCT, "quantity": "90", "unit": "bag", "unit_price": 3200, "total_amount": "288000.00",
            "currency": "KES", "delivery_location": PLACE, "delivery_deadline": "2026-03-06",
        },
    });
    if let Some(id) = conference_id {
        wanted["conference_id"] = id.into();
    }
    wanted
}

/// Drafts the contract; gives what was answered.
pub async fn draft(world: &World, conference_id: Option<&str>) -> Value {
    let (status, answer) = world.post_json("/api/v1/contracts/create", &wanted(conference_id)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["status"], "pending");
    answer
}

/// The whole agreement. Gives the ids of conference and contract.
pub async fn agree(world: &World) -> (String, String) {
    world.carrier.set_replies(replies());
    let conference_id = confer(world).await;
    settle_recording(world, &conference_id).await;
    let drafted = draft(world, Some(&conference_id)).await;
    world.settle_messages().await;
    (conference_id, drafted["contract_id"].as_str().unwrap().to_owned())
}

/// Waits until the conference is over and its recording is there. Others may be missing for good.
async fn settle_recording(world: &World, conference_id: &str) {
    let place = format!("/api/v1/voice/recordings/{conference_id}");
    for _ in 0..3_000 {
        world.carrier.idle().await;
        world.settle_folding().await;
        let view = world.json(&place).await;
        if view["status"] == "completed" && view["sha256"].is_string() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the recording was not fetched within 30 s");
}

/// The code a party was sent, read off its message as it would.
pub fn code(world: &World, phone: &str) -> String {
    let messages = world.carrier.messages();
    let text = &messages.iter().find(|sms| sms.to == phone).expect("the party was asked").text;
    carrier::code_after(text, "YES").or_else(|| carrier::code_after(text, "NDIO")).unwrap().to_owned()
}

impl World {
    /// GET of JSON that has to be there.
    pub async fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}
