//! What cannot be read is refused with a 4xx that names the field, in the form of the route's family.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::rig::{FORM, JSON, Rig, Setup, source_contract};

/// Changes one value of the source document's request: at a path of names and numbers, or removes it.
fn with(path: &str, value: Option<Value>) -> Value {
    let mut body = source_contract();
    let mut steps: Vec<&str> = path.split('/').collect();
    let last = steps.pop().unwrap();
    let mut at = &mut body;
    for step in steps {
        at = match step.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[step],
        };
    }
    match value {
        Some(value) => at[last] = value,
        None => {
            at.as_object_mut().unwrap().remove(last);
        }
    }
    body
}

type Case = (&'static str, Option<Value>, &'static str);

fn wrong_parties() -> Vec<Case> {
    let long = "x".repeat(501);
    let many: Vec<Value> =
        (0..11).map(|n| json!({ "phone": format!("+2547000000{n:02}"), "role": "buyer" })).collect();
    vec![
        ("transcript", None, "transcript: is required"),
        ("transcript", Some(json!("")), "transcript: is empty"),
        ("transcript", Some(json!(" \n ")), "transcript: is empty"),
        ("transcript", Some(json!(5)), "transcript: must be a string, not a number"),
        ("transcript", Some(json!("a\u{0}b")), "transcript: holds a control character"),
        ("transcript", Some(json!("x".repeat(400_001))), "transcript: is longer than 400000 bytes"),
        ("parties", None, "parties: is required"),
        ("parties", Some(json!([])), "parties: at least 2"),
        ("parties", Some(json!([{ "phone": "+254712345678", "role": "buyer" }])), "parties: at least 2"),
        ("parties", Some(json!(many)), "parties: at most 10"),
        ("parties", Some(json!("+254712345678,+254787654321")), "parties: must be a list"),
        ("parties", Some(json!(["+254712345678", "+254787654321"])), "parties[0]: must be an object"),
        ("parties/1/phone", None, "parties[1].phone: is required"),
        ("parties/1/phone", Some(json!("not-a-phone")), "parties[1].phone: not a phone number"),
        ("parties/1/phone", Some(json!("")), "parties[1].phone: the phone number is empty"),
        ("parties/1/phone", Some(json!("1".repeat(50))), "parties[1].phone: the phone number is longer"),
        (
            "parties/1/phone",
            Some(json!(254787654321_i64)),
            "parties[1].phone: must be a phone number as a string",
        ),
        ("parties/1/phone", Some(json!("0712345678")), "parties[1]: has the phone number of another party"),
        ("parties/0/role", None, "parties[0].role: is required"),
        ("parties/0/role", Some(json!("  ")), "parties[0].role: is empty"),
        ("parties/0/name", Some(json!(["x"])), "parties[0].name: must be a string"),
        ("parties/0/name", Some(json!(long)), "parties[0].name: is longer than 500 bytes"),
    ]
}

fn wrong_terms() -> Vec<Case> {
    let long = "x".repeat(501);
    let free: Value =
        (0..51).map(|n| (format!("term_{n}"), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    vec![
        ("contract_type", Some(json!("marriage")), "contract_type: must be one of agricultural_supply"),
        ("contract_type", Some(json!(1)), "contract_type: must be a string"),
        ("language", Some(json!("fr")), "language: must be one of en, sw"),
        ("expires_at", Some(json!("tomorrow")), "expires_at: must be a time"),
        ("expires_at", Some(json!("2001-01-01T00:00:00Z")), "expires_at: lies in the past"),
        ("terms", Some(json!([1])), "terms: must be an object"),
        ("terms", Some(free), "terms.*: at most 50"),
        ("terms/product", Some(json!(true)), "terms.product: must be a string"),
        ("terms/quantity", Some(json!({})), "terms.quantity: must be a number or a string"),
        ("terms/total_amount", Some(json!(-1)), "terms.total_amount: the amount is negative"),
        ("terms/total_amount", Some(json!("abc")), "terms.total_amount: not a decimal"),
        ("terms/total_amount", Some(json!([1])), "terms.total_amount: must be a number"),
        ("terms/total_amount", Some(json!(true)), "terms.total_amount: must be a number"),
        ("terms/total_amount", Some(json!(0.001)), "terms.total_amount: KES has 2 decimals"),
        (
            "terms/total_amount",
            Some(json!("9".repeat(29))),
            "terms.total_amount: the amount has more than 28",
        ),
        ("terms/unit_price", Some(json!("1e3")), "terms.unit_price: not a decimal"),
        ("terms/currency", Some(json!("XXZ")), "terms.currency: unknown currency"),
        ("terms/currency", Some(json!(5)), "terms.currency: must be a string"),
        ("terms/note", Some(json!(long)), "terms.note: is longer than 500 bytes"),
        ("terms/note", Some(json!("\u{1b}[2J")), "terms.note: holds a control character"),
    ]
}

#[tokio::test]
async fn a_contract_with_a_wrong_field_is_refused_by_the_name_of_the_field() {
    let rig = Rig::new(Setup::default()).await;
    for (path, value, expected) in wrong_parties().into_iter().chain(wrong_terms()) {
        let answer = rig.post_json("/api/v1/contracts/create", &with(path, value)).await;
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(answer.status.as_u16(), 422, "{path}: {detail}");
        assert!(detail.contains(expected), "{path}: {detail:?} does not say {expected:?}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    assert_eq!(rig.inputs().await.len(), 0, "nothing refused was journaled");
}

#[tokio::test]
async fn every_wrong_field_is_named_not_only_the_first() {
    let rig = Rig::new(Setup::default()).await;
    let body = json!({ "transcript": 1, "parties": [{ "phone": "x" }, { "role": "seller" }], "terms": { "total_amount": -1 } });
    let detail =
        rig.post_json("/api/v1/contracts/create", &body).await.expect(422).json()["detail"].to_string();
    for field in
        ["transcript", "parties[0].phone", "parties[0].role", "parties[1].phone", "terms.total_amount"]
    {
        assert!(detail.contains(field), "{detail} does not name {field}");
    }
}

#[tokio::test]
async fn what_json_cannot_say_exactly_is_refused() {
    let rig = Rig::new(Setup::default()).await;
    let amount = |text: &str| source_contract().to_string().replace("25000", text);
    let twice = source_contract().to_string().replace("\"unit\":\"kg\"", "\"unit\":\"kg\",\"unit\":\"bag\"");
    for (body, status, expected) in [
        (amount("NaN"), 400, "not JSON"),
        (amount("Infinity"), 400, "not JSON"),
        (amount("1e20"), 422, "terms.total_amount: not a decimal"),
        (amount("-0.5"), 422, "terms.total_amount: the amount is negative"),
        (amount(&"9".repeat(65)), 400, "terms.total_amount: is a number of more than 64"),
        (amount("25000,"), 400, "not JSON"),
        (twice, 400, "terms.unit: stands twice"),
        (format!("{}x", source_contract()), 400, "not JSON"),
        ("[]".to_owned(), 422, "body: must be an object"),
        ("\"x\"".to_owned(), 422, "body: must be an object"),
        ("null".to_owned(), 422, "body: must be an object"),
        (String::new(), 400, "empty"),
        ("[".repeat(5_000), 400, "not JSON"),
        (format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)), 400, "levels deep"),
        (
            source_contract().to_string().replace("John Kamau", "\\ud800"),
            400,
            "parties[0].name: holds an invalid escape",
        ),
    ] {
        let answer = rig.post("/api/v1/contracts/create", JSON, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body:.80}: {}", answer.text());
        assert!(answer.text().contains(expected), "{}: {}", expected, answer.text());
    }
    let invalid =
        rig.post("/api/v1/contracts/create", JSON, &b"{\"transcript\":\"\xff\"}"[..]).await.expect(400);
    assert!(invalid.text().contains("not UTF-8"));
}

#[tokio::test]
async fn another_content_type_is_refused_on_every_json_route() {
    let rig = Rig::new(Setup::default()).await;
    let routes = [
        "/api/v1/contracts/create",
        "/api/v1/contracts/create/manual",
        "/api/v1/voice/conference/create",
        "/api/v1/contracts/AGRI-2026-000001/confirm",
        "/v1/contracts/AGRI-2026-000001/confirm",
        "/v1/contracts/AGRI-2026-000001/reject",
    ];
    for route in routes {
        for media in ["text/plain", FORM, "application/json; charset=utf-16", "multipart/form-data"] {
            rig.post(route, media, "{\"a\":1}").await.expect(415);
        }
        let compressed = Request::post(route).header("content-type", JSON).header("content-encoding", "gzip");
        rig.send(compressed.body(Body::from("{}")).unwrap()).await.expect(415);
    }
}

#[tokio::test]
async fn a_conference_with_a_wrong_field_is_a_400_as_the_source_document_says() {
    let rig = Rig::new(Setup::default()).await;
    for (body, expected) in [
        (json!({}), "parties: is required"),
        (json!({ "parties": ["+254712345678"] }), "parties: at least 2"),
        (json!({ "parties": [{}, {}] }), "parties[0]: must be a phone number"),
        (json!({ "parties": ["+254712345678", "nobody"] }), "parties[1]: not a phone number"),
        (
            json!({ "parties": ["+254712345678", "0712345678"] }),
            "parties: each phone number may stand only once",
        ),
        (
            json!({ "parties": ["+254712345678", "+254787654321"], "contract_type": "x" }),
            "contract_type: must be one of",
        ),
        (
            json!({ "parties": ["+254712345678", "+254787654321"], "expected_duration": "600" }),
            "expected_duration: must be a whole number",
        ),
        (
            json!({ "parties": ["+254712345678", "+254787654321"], "expected_duration": 0 }),
            "expected_duration: must be a whole number from 1",
        ),
        (
            json!({ "parties": ["+254712345678", "+254787654321"], "expected_duration": 1.5 }),
            "expected_duration: must be a whole number from 1",
        ),
        (json!({ "parties": vec!["+254712345678"; 11] }), "parties: at most 10"),
    ] {
        let answer = rig.post_json("/api/v1/voice/conference/create", &body).await.expect(400);
        assert!(answer.json()["detail"].as_str().unwrap().contains(expected), "{}", answer.text());
    }
    assert_eq!(rig.inputs().await.len(), 0, "nobody was to be rung");
}

#[tokio::test]
async fn queries_with_a_wrong_parameter_name_it() {
    let rig = Rig::new(Setup::default()).await;
    for (path, expected) in [
        ("/api/v1/contracts/?limit=-1", "limit"),
        ("/api/v1/contracts/?limit=0", "limit"),
        ("/api/v1/contracts/?limit=501", "limit"),
        ("/api/v1/contracts/?limit=99999999999999999999", "limit"),
        ("/api/v1/contracts/?limit=ten", "limit"),
        ("/api/v1/contracts/?offset=-1", "offset"),
        ("/api/v1/contracts/?offset=99999999999999999999", "offset"),
        ("/api/v1/contracts/?status=done", "status"),
        ("/api/v1/contracts/?status=%00", "status"),
        ("/api/v1/contracts/?phone_number=abc", "phone_number"),
        ("/api/v1/contracts/?phone_number=%ff%00", "phone_number"),
        ("/v1/contracts?cursor=xyz", "cursor"),
        ("/v1/contracts?contract_type=x", "contract_type"),
        ("/log/proof", "index"),
        ("/log/proof?index=-1", "index"),
        ("/log/proof?index=0&size=0", "size"),
    ] {
        let answer = rig.get(path).await.expect(422);
        assert!(answer.json()["detail"].as_str().unwrap().contains(expected), "{path}: {}", answer.text());
    }
    let twice = rig.get("/api/v1/contracts/?limit=1&limit=2").await.expect(400);
    assert!(twice.text().contains("limit: stands twice"), "{}", twice.text());
    assert!(rig.get("/voice/invoke-call").await.expect(400).text().contains("phone: is required"));
    assert!(
        rig.get("/voice/invoke-call?phone=254711XXXYYY")
            .await
            .expect(400)
            .text()
            .contains("phone: not a phone")
    );
}

#[tokio::test]
async fn ids_of_nothing_are_not_found_whatever_they_are_made_of() {
    let rig = Rig::new(Setup::default()).await;
    let long = "x".repeat(3_000);
    for id in ["AGRI-2026-999999", "x", "%00", "%ff", "..%2f..%2fetc", "'%3B--", "%F0%9F%8C%BD", &long] {
        for route in [
            "/api/v1/contracts/{}",
            "/api/v1/contracts/{}/status",
            "/api/v1/voice/recordings/{}",
            "/api/v1/recordings/{}",
            "/v1/contracts/{}",
            "/v1/contracts/{}/document",
            "/v1/contracts/{}/records",
            "/v1/contracts/{}/bundle",
            "/v1/inputs/{}",
            "/v1/calls/{}",
            "/v1/calls/{}/journey",
            "/log/tile/{}",
            "/log/tile/0/{}",
            "/log/tile/entries/{}",
        ] {
            let path = route.replace("{}", id);
            let answer = rig.get(&path).await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{path:.80}: {}", answer.text());
        }
    }
    assert_eq!(
        rig.get("/api/v1/recordings/ATVoice_none").await.json(),
        json!({ "detail": "Recording not found" })
    );
}

#[tokio::test]
async fn each_family_has_its_form_of_an_error() {
    let rig = Rig::new(Setup::default()).await;
    let answer = rig.get("/api/v1/nothing/here").await.expect(404);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["detail"]);

    let answer = rig.get("/v1/calls/nothing").await.expect(404);
    assert_eq!(
        answer.json(),
        json!({ "error": { "code": "not_found", "message": "There is no such call." } })
    );

    for path in ["/nothing", "/v1/nothing", "/log/nothing", "/voice/nothing"] {
        let answer = rig.get(path).await.expect(404);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let body = answer.json();
        assert_eq!(body["type"], "urn:ahadi:problem:not_found");
        assert_eq!((&body["status"], &body["code"]), (&json!(404), &json!("not_found")));
        assert!(body["title"].is_string() && body["detail"].is_string());
    }
    let answer = rig.get("/v1/contracts?limit=x&status=y").await.expect(422);
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors[0], json!({ "field": "limit", "reason": "must be a whole number from 1 to 500" }));
    assert_eq!(errors[1]["field"], "status");
}

#[tokio::test]
async fn another_method_is_a_405_with_the_methods_there_are() {
    let rig = Rig::new(Setup::default()).await;
    for (method, path, allow) in [
        ("GET", "/api/v1/contracts/create/manual", "POST"),
        ("DELETE", "/v1/contracts", "GET,HEAD"),
        ("POST", "/log/checkpoint", "GET,HEAD"),
        ("GET", "/voice/events", "POST"),
        ("PATCH", "/api/v1/contracts/AGRI-2026-000001", "GET,HEAD,PUT"),
    ] {
        let answer = rig
            .send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
            .await
            .expect(405);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        assert!(answer.text().contains("other methods"), "{}", answer.text());
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_is_not_kept() {
    let rig = Rig::new(Setup::default()).await;
    let given = |id: &str| Request::get("/livez").header("x-request-id", id).body(Body::empty()).unwrap();
    assert_eq!(rig.send(given("abc-1.2_3")).await.header("x-request-id"), "abc-1.2_3");
    for foreign in ["a b", "<x>", &"x".repeat(65)] {
        assert!(rig.send(given(foreign)).await.header("x-request-id").starts_with("test-"), "{foreign}");
    }
    let (a, b) = (rig.get("/nothing").await, rig.get("/livez").await);
    assert_ne!(a.header("x-request-id"), b.header("x-request-id"));
    assert_eq!((a.header("cache-control"), a.header("x-content-type-options")), ("no-store", "nosniff"));
}
