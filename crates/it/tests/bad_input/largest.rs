//! The largest that is taken: every field full, of letters that take the most room, through every part.

use it::Setup;
use it::wire::{Request, send};
use serde_json::{Map, Value, json};

use super::bodies::{FORM, JSON};
use super::{Ground, SERVERS, judge};

const TRANSCRIPT_BYTES: usize = contract::command::TRANSCRIPT_BYTES_MAX;
const TERM_BYTES: usize = contract::command::TERM_BYTES_MAX;

fn full(letter: &str, bytes: usize) -> String {
    letter.repeat(bytes / letter.len())
}

/// A contract whose every text is full of one letter.
fn contract(letter: &str) -> Value {
    let term = full(letter, TERM_BYTES);
    let party = |n: usize| json!({ "phone": format!("+2547000002{n:02}"), "role": format!("{n}{}", full(letter, TERM_BYTES - 8)), "name": term });
    let mut terms = Map::new();
    for name in
        ["product", "unit", "delivery_location", "delivery_deadline", "quality_requirements", "payment_terms"]
    {
        terms.insert(name.into(), json!(format!("x{}x", full(letter, TERM_BYTES - 8))));
    }
    terms.insert("total_amount".into(), json!("9".repeat(28)));
    for n in 0..contract::command::OTHER_TERMS_MAX {
        terms.insert(format!("{n:02}{}", full(letter, TERM_BYTES - 8)), json!(term));
    }
    json!({
        "transcript": format!("x{}x", full(letter, TRANSCRIPT_BYTES - 8)),
        "parties": (0..contract::command::PARTIES_MAX).map(party).collect::<Vec<_>>(),
        "terms": terms,
    })
}

async fn filled(setup: Setup) {
    let ground = Ground::on(setup).await;
    let address = ground.world.address();
    for letter in ["x", "é", "\u{1f33d}", "&", "\"", "\\", "\n"] {
        let body = contract(letter).to_string();
        let answer = send(address, &Request::new("POST", "/api/v1/contracts/create").body(JSON, &body)).await;
        if ["\"", "\\", "\n"].contains(&letter) && answer.status == 413 {
            // Letters that JSON writes as two: then the whole input is what is too large, and it says so.
            judge::refused(letter, "/api/v1/contracts/create", &answer, Some("larger than an input can be"));
            continue;
        }
        assert_eq!(answer.status, 200, "{letter:?}, {} bytes: {:.600}", body.len(), answer.text());
        let id = answer.json()["contract_id"].as_str().unwrap().to_owned();
        ground.world.settle_folding().await;
        ground.world.settle_signing().await;
        for part in ["", "/document", "/records", "/bundle"] {
            let got = send(address, &Request::new("GET", &format!("/v1/contracts/{id}{part}"))).await;
            assert_eq!(got.status, 200, "{letter:?} {part}: {:.600}", got.text());
            if part == "/bundle" {
                let report = send(address, &Request::new("POST", "/v1/verify").body(JSON, &got.body)).await;
                assert_eq!(
                    report.status,
                    200,
                    "{letter:?}, {} bytes: {:.600}",
                    got.body.len(),
                    report.text()
                );
                assert_ne!(report.json()["result"], "fail", "{letter:?}: {:.2000}", report.text());
            }
        }
    }
    // One byte more is refused by name, not cut.
    let mut over = contract("x");
    over["transcript"] = json!("x".repeat(TRANSCRIPT_BYTES + 1));
    let answer =
        send(address, &Request::new("POST", "/api/v1/contracts/create").body(JSON, over.to_string())).await;
    judge::refused("a byte too many", "/api/v1/contracts/create", &answer, Some("transcript"));

    let fields: String = (0..50).map(|n| format!("&field{n}={}", "x".repeat(1_200))).collect();
    let event = format!("sessionId=ATVId_{}&isActive=0&status=Success{fields}", "x".repeat(122));
    let answer = send(address, &Request::new("POST", "/voice/events").body(FORM, event)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let long = format!("from=%2B254700000071&id=msg-long&text={}", "%22".repeat(4_096));
    let answer = send(address, &Request::new("POST", "/sms/incoming").body(FORM, long)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_contract_and_webhook() {
    filled(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_contract_and_webhook_on_servers() {
    filled(SERVERS).await;
}
