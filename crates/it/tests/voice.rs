//! From what was said to a contract that holds: a recorded conference, transcribed by a local service, its terms read, the
//! contract drafted, both parties asked by text and answering; for each type of contract, in English and in Swahili.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::routing::post;
use axum::{Json, Router};
use it::maize::{BUYER, BUYER_NAME, SELLER, SELLER_NAME};
use it::{Setup, SourceKind, StoreKind, World, maize};
use serde_json::{Value, json};

/// Something that was said, and the terms that are in it.
struct Talk {
    contract_type: &'static str,
    language: &'static str,
    said: &'static [&'static str],
    terms: &'static [(&'static str, &'static str)],
}

/// Answers every recording with the same talk, as Whisper servers do.
async fn transcribe(State(talk): State<&'static Talk>, mut form: Multipart) -> Json<Value> {
    let mut bytes = 0;
    while let Some(field) = form.next_field().await.unwrap() {
        let is_file = field.name() == Some("file");
        let held = field.bytes().await.unwrap().len();
        bytes += if is_file { held } else { 0 };
    }
    assert!(bytes > 44, "a recording was sent");
    let segments: Vec<Value> = (0..)
        .zip(talk.said)
        .map(|(n, said)| json!({ "id": n, "start": f64::from(n), "end": f64::from(n) + 1.0, "text": said }))
        .collect();
    let language = if talk.language == "sw" { "swahili" } else { "english" };
    Json(
        json!({ "task": "transcribe", "language": language, "text": talk.said.join(" "), "segments": segments }),
    )
}

async fn transcriber(talk: &'static Talk) -> String {
    let routes = Router::new()
        .route("/v1/audio/transcriptions", post(transcribe))
        .layer(DefaultBodyLimit::disable())
        .with_state(talk);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    format!("http://{address}")
}

async fn tell(talk: &'static Talk) {
    let setup = Setup { store: StoreKind::Postgres, source: SourceKind::Nats };
    let service = format!("--transcribe-url={}", transcriber(talk).await);
    let world = World::start_with(setup, &[&service]).await;
    world.carrier.set_replies(maize::replies());
    let parties = [BUYER, SELLER];
    let wanted = json!({ "parties": parties, "contract_type": talk.contract_type });
    let (status, answer) = world.post_json("/api/v1/voice/conference/create", &wanted).await;
    assert_eq!(status, 200, "{answer}");
    let conference_id = answer["conference_id"].as_str().unwrap().to_owned();
    world.carrier.idle().await;
    // The answer did not wait for the ledger.
    world.settle_folding().await;

    let wanted = json!({
        "conference_id": conference_id, "contract_type": talk.contract_type, "language": talk.language,
        "parties": [{ "phone": BUYER, "name": BUYER_NAME }, { "phone": SELLER, "name": SELLER_NAME }],
    });
    let drafted = processed(&world, &wanted).await;
    let found: Vec<(&str, &str)> = talk
        .terms
        .iter()
        .map(|(name, _)| (*name, drafted["terms"][*name].as_str().unwrap_or("none")))
        .collect();
    assert_eq!(found, talk.terms, "{drafted}");
    let transcript = drafted["transcript"].as_str().unwrap();
    for span in drafted["term_spans"].as_array().unwrap() {
        let at = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
        assert_eq!(&transcript[at("start")..at("end")], span["words"].as_str().unwrap());
    }

    // Both are asked by text, and answer: YES the one, NDIO the other.
    world.settle_messages().await;
    world.carrier.idle().await;
    world.settle_messages().await;
    let id = drafted["contract_id"].as_str().unwrap();
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!(contract["status"], "confirmed", "{contract}");
    let document = world.get(&format!("/v1/contracts/{id}/document")).await.1;
    let hash = ledger::hash::sha256(document.as_bytes()).to_string();
    assert_eq!(drafted["contract_hash"].as_str().unwrap(), hash);
    world.sound().await;
}

/// Asks until the recording is fetched and transcribed.
async fn processed(world: &World, wanted: &Value) -> Value {
    for _ in 0..600 {
        let (status, answer) = world.post_json("/api/v1/voice/process", wanted).await;
        if status == 200 {
            return answer;
        }
        // The recording may not have been reported yet.
        assert!(status == 503 || status == 409, "{status} {answer}");
        world.carrier.idle().await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the conference was not processed");
}

macro_rules! talks {
    ($($name:ident: $talk:expr;)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            static TALK: Talk = $talk;
            tell(&TALK).await;
        }
    )* };
}

talks! {
    supply_in_english: Talk {
        contract_type: "agricultural_supply",
        language: "en",
        said: &[
            "I want to buy ninety bags of maize.",
            "Ninety bags, at 3,300 shillings a bag.",
            "Make it 3,200 shillings a bag.",
            "Okay, 3,200 shillings a bag, agreed.",
        ],
        terms: &[("product", "maize"), ("quantity", "90"), ("unit", "bag"), ("unit_price", "3200"), ("currency", "KES")],
    };
    supply_in_swahili: Talk {
        contract_type: "agricultural_supply",
        language: "sw",
        said: &[
            "Nataka kununua nyanya kreti thelathini.",
            "Kreti thelathini, shilingi elfu mbili na mia tatu kwa kreti.",
            "Sawa, elfu mbili na mia tatu kwa kreti.",
            "Tumekubaliana.",
        ],
        terms: &[("product", "tomatoes"), ("quantity", "30"), ("unit", "crate"), ("unit_price", "2300"), ("currency", "KES")],
    };
    service_in_english: Talk {
        contract_type: "service_agreement",
        language: "en",
        said: &[
            "I need somebody for ploughing my land.",
            "I can do the ploughing at 4,000 shillings per acre, for six acres.",
            "Agreed, 4,000 shillings per acre, six acres.",
            "Agreed.",
        ],
        terms: &[("service", "ploughing"), ("rate", "4000"), ("currency", "KES")],
    };
    service_in_swahili: Talk {
        contract_type: "service_agreement",
        language: "sw",
        said: &[
            "Nahitaji mtu wa kulima shamba langu.",
            "Nitalima kwa shilingi elfu nne kwa ekari, ekari sita.",
            "Sawa, shilingi elfu nne kwa ekari.",
            "Tumekubaliana.",
        ],
        terms: &[("service", "ploughing"), ("rate", "4000"), ("currency", "KES")],
    };
    loan_in_english: Talk {
        contract_type: "loan_agreement",
        language: "en",
        said: &[
            "Please lend me 50,000 shillings.",
            "I lend you 50,000 shillings at 5 percent interest per month, repaid in six months.",
            "Agreed, 50,000 shillings at 5 percent per month, to be repaid in six months.",
            "Agreed.",
        ],
        terms: &[("principal", "50000"), ("interest_rate", "5"), ("interest_period", "month"), ("currency", "KES")],
    };
    loan_in_swahili: Talk {
        contract_type: "loan_agreement",
        language: "sw",
        said: &[
            "Naomba mkopo wa shilingi elfu hamsini.",
            "Nitakukopesha shilingi elfu hamsini, riba asilimia tano kwa mwezi, utalipa kwa miezi sita.",
            "Sawa, elfu hamsini, riba asilimia tano kwa mwezi, miezi sita.",
            "Tumekubaliana.",
        ],
        terms: &[("principal", "50000"), ("interest_rate", "5"), ("interest_period", "month"), ("currency", "KES")],
    };
}
