//! Contracts: created, announced to the parties, shown.

use it::World;
use it::wire::{Request, send};
use serde_json::Value;

use super::curl::{curl, with};
use super::shape::{compact, fits};

const SAMPLE: &str = r#"curl --request POST \
  --url https://api.example.com/api/v1/contracts/create \
  --header 'Content-Type: application/json' \
  --data '
{
  "transcript": "<string>",
  "parties": [
    {}
  ],
  "contract_type": "<string>",
  "terms": {}
}
'"#;
const CREATE: &str = r#"curl -X POST https://api.voicepact.com/api/v1/contracts/create \
  -H "Content-Type: application/json" \
  -d '{
    "transcript": "Agreement to supply 500 kg of maize at 50 KES per kg",
    "parties": [
      {
        "phone": "+254712345678",
        "role": "buyer",
        "name": "John Kamau"
      },
      {
        "phone": "+254787654321",
        "role": "seller",
        "name": "Mary Wanjiru"
      }
    ],
    "contract_type": "agricultural_supply",
    "terms": {
      "product": "maize",
      "quantity": "500",
      "unit": "kg",
      "unit_price": 50,
      "total_amount": 25000,
      "currency": "KES",
      "delivery_location": "Nairobi Market",
      "delivery_deadline": "2026-03-15",
      "quality_requirements": "Grade A, moisture content below 13%"
    }
  }'"#;
const CREATE_ANSWER: &str = r#"{
  "contract_id": "AGRI-2026-001234",
  "status": "pending",
  "created_at": "2026-03-06T10:30:00Z",
  "expires_at": null,
  "total_amount": 25000,
  "currency": "KES",
  "parties": [
    {
      "phone_number": "+254712345678",
      "role": "buyer",
      "name": "John Kamau"
    },
    {
      "phone_number": "+254787654321",
      "role": "seller",
      "name": "Mary Wanjiru"
    }
  ],
  "contract_hash": "a7f8d9e2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0"
}"#;

/// What is new each time, as marks.
fn shape() -> String {
    let marks = [
        ("2026-001234", "<digits4>-<digits6>"),
        ("2026-03-06T10:30:00Z", "<second>"),
        // The document's own concepts page promises 24 hours; its example was made by a service that never expired anything.
        ("null", "\"<second>\""),
        ("a7f8d9e2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0", "<hex64>"),
    ];
    with(&compact(CREATE_ANSWER), &marks)
}

pub async fn story(world: &mut World) {
    let answer = curl(world, CREATE).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    let found = <[String; 5]>::try_from(fits(&answer.text(), &shape())).unwrap();
    let [year, number, created_at, expires_at, hash] = found;
    let at = |second: &str| second.replace('Z', ".000Z").parse::<ledger::time::Timestamp>().unwrap().millis();
    assert_eq!(at(&expires_at) - at(&created_at), 24 * 3_600_000, "it can be confirmed for a day");
    assert_eq!((&*year, &*number), (&created_at[..4], "000001"), "{}", answer.text());
    let id = format!("AGRI-{year}-{number}");

    // The hash is that of the document, which anybody can compute.
    let (_, document) = world.get(&format!("/v1/contracts/{id}/document")).await;
    assert_eq!(hash, ledger::hash::sha256(document.as_bytes()).hex());
    let (status, shown) = world.get(&format!("/api/v1/contracts/{id}")).await;
    assert_eq!((status, shown), (200, answer.text()), "it is shown as it was created");

    // "SMS confirmations are automatically sent to all parties in the background."
    world.settle().await;
    let mut told: Vec<String> = world.carrier.messages().into_iter().map(|sms| sms.to).collect();
    told.sort();
    assert_eq!(told, ["+254712345678", "+254787654321"]);

    let again = curl(world, CREATE).await;
    let found = fits(&again.text(), &shape());
    assert_eq!(found[1], "000002", "equal words are another contract: {}", again.text());
    assert_ne!(found[3], hash);

    spellings(world).await;
    listed(world).await;
}

/// What the document leaves open, and numbers as they are written.
async fn spellings(world: &World) {
    let cases = [
        ("\"total_amount\": 25000,", "\"total_amount\": 25000.00,", "25000", "\"KES\""),
        ("\"total_amount\": 25000,", "\"total_amount\": \"25000.50\",", "25000.5", "\"KES\""),
        ("\"total_amount\": 25000,", "\"total_amount\": 0,", "0", "\"KES\""),
        ("\"currency\": \"KES\"", "\"currency\": \"ugx\"", "25000", "\"UGX\""),
        ("\"total_amount\": 25000,", "", "null", "\"KES\""),
    ];
    for (from, to, total, currency) in cases {
        let answer = curl(world, &with(CREATE, &[(from, to)])).await;
        let shape = with(
            &shape(),
            &[
                ("\"total_amount\":25000", &format!("\"total_amount\":{total}")),
                ("\"currency\":\"KES\"", &format!("\"currency\":{currency}")),
            ],
        );
        fits(&answer.text(), &shape);
    }
    // "name: Name of the party (optional)"
    let nameless =
        with(CREATE, &[("\"role\": \"buyer\",\n        \"name\": \"John Kamau\"", "\"role\": \"buyer\"")]);
    let answer = curl(world, &nameless).await;
    fits(&answer.text(), &with(&shape(), &[("\"John Kamau\"", "null")]));
    // Without a key in open mode, and with one that is none.
    let keyed = with(CREATE, &[("-d '{", "-H \"Authorization: Bearer YOUR_API_KEY\" -d '{")]);
    fits(&curl(world, &keyed).await.text(), &shape());
}

async fn listed(world: &World) {
    let (status, list) = world.get("/api/v1/contracts/?limit=3").await;
    assert_eq!(status, 200, "{list}");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["contracts"].as_array().unwrap().len(), 3);
    assert_eq!(list["total"], 9, "the number of all, not of this page");
    let newest = list["contracts"][0]["contract_id"].as_str().unwrap();
    assert!(newest.ends_with("-000009"), "{newest}");
}

pub async fn refused(world: &mut World) {
    let bad = |from: &str, to: &str| with(CREATE, &[(from, to)]);
    let lines = [
        (SAMPLE.to_owned(), 422, "parties: at least 2"),
        (bad("\"transcript\"", "\"words\""), 422, "transcript: is required"),
        (bad("\"phone\": \"+254787654321\",", ""), 422, "parties[1].phone: is required"),
        (bad("agricultural_supply", "<string>"), 422, "contract_type: must be one of"),
        (bad("25000", "-1"), 422, "terms.total_amount: the amount is negative"),
        (bad("}\n  }'", "}\n  '"), 400, "not JSON"),
    ];
    for (line, status, expected) in lines {
        let answer = curl(world, &line).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/json"));
        let body = answer.json();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["detail"]);
        assert!(body["detail"].as_str().unwrap().contains(expected), "{body} does not say {expected}");
    }
    let as_form = Request::new("POST", "/api/v1/contracts/create")
        .body("application/x-www-form-urlencoded", "transcript=x");
    assert_eq!(send(world.address(), &as_form).await.status, 415);
    let (_, list) = world.get("/api/v1/contracts/").await;
    assert_eq!(list, "{\"contracts\":[],\"total\":0,\"limit\":50,\"offset\":0}", "nothing refused was kept");
}
