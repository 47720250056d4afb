//! The contract: its document, its messages, its answers.

use it::World;
use it::maize::{BUYER, PRODUCT, SELLER, TRANSCRIPT};
use ledger::hash::sha256;
use serde_json::{Value, json};

/// What was agreed, as the interface shows it.
pub struct Agreed {
    pub contract_id: String,
    /// SHA-256 of contract.json.
    pub hash: String,
    /// contract.json as served.
    pub document: String,
    /// The records of the contract, as listed.
    pub records: Vec<Value>,
    pub conference_id: String,
}

/// The contract is confirmed by both, and says what was said.
pub async fn assert_agreed(world: &World, conference_id: &str, drafted: &Value, recording: &str) -> Agreed {
    let contract_id = drafted["contract_id"].as_str().unwrap().to_owned();
    let hash = drafted["contract_hash"].as_str().unwrap().to_owned();
    let document = assert_document(world, &contract_id, &hash, recording).await;
    assert_messages(world, &hash);
    let status = world.json(&format!("/api/v1/contracts/{contract_id}/status")).await;
    assert_eq!(status["status"], "confirmed", "{status}");
    assert_eq!(status["progress"], json!({ "signed": 2, "total": 2, "complete": true }));
    let contract = world.json(&format!("/v1/contracts/{contract_id}")).await;
    assert_eq!(contract["contract_hash"], hash.as_str());
    for party in contract["parties"].as_array().unwrap() {
        assert_eq!(party["answer"]["answer"], "confirmed", "{party}");
        assert_eq!(party["answer"]["channel"], "sms_code", "{party}");
        assert_eq!(party["wrong_codes"], 0);
    }
    let listed = world.json(&format!("/v1/contracts/{contract_id}/records")).await;
    let records = listed["records"].as_array().unwrap().clone();
    assert_records(&records, &hash);
    let agreed = Agreed { contract_id, hash, document, records, conference_id: conference_id.to_owned() };
    assert_eq!(contract["stream"]["version"], agreed.records.len());
    assert_eq!(contract["stream"]["head"], agreed.records.last().unwrap()["payload_sha256"]);
    agreed
}

async fn assert_document(world: &World, contract_id: &str, hash: &str, recording: &str) -> String {
    let url = world.url(&format!("/v1/contracts/{contract_id}/document"));
    let answer = world.http.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["etag"], format!("\"{hash}\"").as_str());
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(sha256(&bytes).hex(), hash, "the document is not the one that was hashed");
    ledger::json::parse_canonical(&bytes).expect("contract.json is canonical");
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let view = world.carrier.recordings();
    let size = world.carrier.recording_bytes(&view[0].id).unwrap().len();
    assert_eq!(
        document["recordings"],
        json!([{ "sha256": recording, "bytes": size, "media_type": "audio/wav" }])
    );
    assert_eq!(document["contract_id"], contract_id);
    assert_eq!(document["terms"]["product"], PRODUCT);
    assert_eq!(document["terms"]["unit_price"], "3200.00");
    assert_eq!(document["terms"]["total_amount"], "288000.00");
    assert_eq!(document["transcript_sha256"], sha256(TRANSCRIPT.as_bytes()).hex());
    assert_eq!(document["supersedes"], Value::Null);
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Each party was sent one request with the hash and a code of its own, and after the second answer one confirmation.
fn assert_messages(world: &World, hash: &str) {
    let messages = world.carrier.messages();
    for phone in [BUYER, SELLER] {
        let asked: Vec<_> =
            messages.iter().filter(|sms| sms.to == phone && sms.text.contains("Reply")).collect();
        assert_eq!(asked.len(), 1, "asked once, whatever came twice");
        assert!(asked[0].text.contains(hash), "the message names what it is about");
    }
    assert!(messages.iter().all(|sms| sms.to == BUYER || sms.to == SELLER), "nobody else was written to");
}

fn assert_records(records: &[Value], hash: &str) {
    let of = |kind: &str| -> Vec<Value> {
        let kinds = records.iter().filter(|record| record["type"] == kind);
        kinds.map(|record| it::mirror::opened(record["jws"].as_str().unwrap().as_bytes()).1).collect()
    };
    for (version, record) in (1..).zip(records) {
        assert_eq!(record["version"], version);
    }
    let drafted = of("contract.drafted");
    assert_eq!(drafted.len(), 1);
    assert_eq!(drafted[0]["data"]["document_sha256"], hash);
    assert_eq!(drafted[0]["data"]["links"].as_array().unwrap().len(), 4, "the conference and its three legs");
    let confirmed = of("contract.confirmed");
    assert_eq!(confirmed.len(), 2, "one answer of each, however often it came");
    for (answer, remaining) in confirmed.iter().zip([1, 0]) {
        assert_eq!(answer["data"]["document_sha256"], hash);
        assert_eq!(answer["data"]["remaining"], remaining);
        assert_eq!(answer["source"]["via"], "sms");
        assert_eq!(answer["source"]["authenticated"], true);
    }
    assert!(of("contract.code_refused").is_empty() && of("contract.rejected").is_empty());
    let accepted = of("message.accepted");
    assert_eq!(accepted.len(), of("message.requested").len(), "every message was taken, once");
}
