//! Contracts from draft to answer, on both interfaces.

use axum::body::Body;
use axum::http::Request;
use ledger::hash::sha256;
use serde_json::{Value, json};

use crate::rig::{Answer, Rig, Setup, source_contract};

async fn folding() -> Rig {
    Rig::new(Setup { projector: true, ..Setup::default() }).await
}

async fn drafted(rig: &Rig) -> (String, Value) {
    let answer = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    (answer["contract_id"].as_str().unwrap().to_owned(), answer)
}

async fn put(rig: &Rig, path: &str, body: &Value) -> Answer {
    let request =
        Request::put(path).header("content-type", "application/json").body(Body::from(body.to_string()));
    rig.send(request.unwrap()).await
}

#[tokio::test]
async fn the_source_documents_contract() {
    let rig = folding().await;
    let answer = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200);
    let text = answer.text().to_owned();
    let contract = answer.json();
    let id = contract["contract_id"].as_str().unwrap();
    let year = &rig.door.now().to_string()[..4];
    assert_eq!(id, format!("AGRI-{year}-000001"));
    assert_eq!(contract["status"], "pending");
    let created_at = contract["created_at"].as_str().unwrap();
    assert!(created_at.len() == 20 && created_at.ends_with('Z'), "{created_at}");
    let expires_at = contract["expires_at"].as_str().unwrap();
    assert_eq!(expires_at[10..], created_at[10..], "a day later: {expires_at}");
    assert!(expires_at > created_at, "{expires_at}");
    assert!(text.contains("\"total_amount\":25000,"), "a number, exact: {text}");
    assert_eq!(contract["currency"], "KES");
    assert_eq!(
        contract["parties"],
        json!([
            { "phone_number": "+254712345678", "role": "buyer", "name": "John Kamau" },
            { "phone_number": "+254787654321", "role": "seller", "name": "Mary Wanjiru" },
        ])
    );
    let document = rig.get(&format!("/v1/contracts/{id}/document")).await.expect(200);
    assert_eq!(contract["contract_hash"], sha256(&document.bytes).hex());
    assert_eq!(document.header("etag"), format!("\"{}\"", sha256(&document.bytes)));
    for path in [format!("/api/v1/contracts/{id}"), format!("/api/v1/contracts/{id}?x=1")] {
        assert_eq!(rig.get(&path).await.expect(200).json(), contract);
    }
    let again = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(200).json();
    assert_eq!(again["contract_id"], format!("AGRI-{year}-000002"), "equal words are no obstacle");
    assert_ne!(again["contract_hash"], contract["contract_hash"]);
}

#[tokio::test]
async fn amounts_stay_to_the_digit_and_further_terms_keep_their_order() {
    let rig = folding().await;
    let body = r#"{"transcript":"x","parties":[{"phone":"0712345678","role":"b"},{"phone":"254787654321","role":"s"}],
        "terms":{"zebra":1.10,"total_amount":12345678901234567890123456.78,"apple":{"b":[1e5,null],"a":"Cafe\u0301"},
                 "mango":" as sent ","quantity":500.50,"currency":"kes"}}"#;
    let answer = rig.post("/api/v1/contracts/create", "application/json", body).await.expect(200);
    assert!(answer.text().contains("\"total_amount\":12345678901234567890123456.78,"), "{}", answer.text());
    let id = answer.json()["contract_id"].as_str().unwrap().to_owned();
    let document: Value = rig.get(&format!("/v1/contracts/{id}/document")).await.expect(200).json();
    assert_eq!(document["terms"]["total_amount"], "12345678901234567890123456.78");
    assert_eq!(document["terms"]["quantity"], "500.50");
    assert_eq!(document["terms"]["currency"], "KES");
    assert_eq!(
        document["other_terms"],
        json!([
            { "name": "zebra", "value": "1.10" },
            { "name": "apple", "value": "{\"b\":[1e5,null],\"a\":\"Caf\u{e9}\"}" },
            { "name": "mango", "value": " as sent " },
        ])
    );
}

#[tokio::test]
async fn a_contract_without_an_amount_names_none() {
    let rig = folding().await;
    let mut body = source_contract();
    body["terms"] = json!({ "product": "labour" });
    body["contract_type"] = json!("loan_agreement");
    body["parties"][0]["name"] = json!("");
    body["expires_at"] = json!("2099-01-01T02:00:00+02:00");
    let contract = rig.post_json("/api/v1/contracts/create", &body).await.expect(200).json();
    assert!(contract["contract_id"].as_str().unwrap().starts_with("LOAN-"));
    assert_eq!((&contract["total_amount"], &contract["currency"]), (&Value::Null, &Value::Null));
    assert_eq!(contract["parties"][0]["name"], Value::Null);
    assert_eq!(contract["expires_at"], "2099-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_contract_typed_in() {
    let rig = folding().await;
    let mut body = source_contract()["terms"].clone();
    body["parties"] = source_contract()["parties"].clone();
    let contract = rig.post_json("/api/v1/contracts/create/manual", &body).await.expect(200).json();
    assert_eq!(contract["total_amount"], 25000);
    let native = rig
        .get(&format!("/v1/contracts/{}", contract["contract_id"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!(native["terms"]["product"], "maize");
    assert_eq!(native["other_terms"], json!([]), "parties and type are no terms");
    let missing = rig
        .post_json("/api/v1/contracts/create/manual", &json!({ "parties": body["parties"] }))
        .await
        .expect(422);
    assert!(missing.text().contains("product: is required; total_amount: is required"), "{}", missing.text());
}

#[tokio::test]
async fn every_party_confirms_with_its_code() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let confirm = format!("/api/v1/contracts/{id}/confirm");
    let (buyer, seller) = (rig.code(&id, 0).await, rig.code(&id, 1).await);

    // The raw plus of a phone number arrives as a blank.
    let first =
        rig.post(&format!("{confirm}?phone_number=+254712345678&code={buyer}"), "", "").await.expect(200);
    let signed = json!({ "status": "confirmed", "contract_id": id, "signed_by": "+254712345678", "all_signed": false });
    assert_eq!(first.json(), signed);
    let status = rig.get(&format!("/api/v1/contracts/{id}/status")).await.expect(200).json();
    assert_eq!(status["status"], "pending");
    assert_eq!(status["progress"], json!({ "signed": 1, "total": 2, "complete": false }));
    assert_eq!(status["signatures"][0]["status"], "signed");
    assert_eq!(
        status["signatures"][1],
        json!({ "phone_number": "+254787654321", "status": "pending", "signed_at": null })
    );
    let signed_at = status["signatures"][0]["signed_at"].clone();

    // Confirming again is already done, and the first time stands.
    let again =
        rig.post_json(&confirm, &json!({ "phone_number": "0712345678", "code": buyer })).await.expect(200);
    assert_eq!(again.json()["all_signed"], false);
    let body = json!({ "phone_number": "+254787654321", "code": seller });
    assert_eq!(rig.post_json(&confirm, &body).await.expect(200).json()["all_signed"], true);
    let status = rig.get(&format!("/api/v1/contracts/{id}/status")).await.expect(200).json();
    assert_eq!((&status["status"], &status["signatures"][0]["signed_at"]), (&json!("confirmed"), &signed_at));
    assert_eq!(status["progress"]["complete"], true);
    assert!(status["confirmed_at"].is_string());
}

#[tokio::test]
async fn nobody_confirms_for_another() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let confirm = format!("/api/v1/contracts/{id}/confirm");
    let (buyer, seller) = (rig.code(&id, 0).await, rig.code(&id, 1).await);
    let wrong = if buyer == "0000" { "0001" } else { "0000" };
    for (body, status, expected) in [
        (json!({}), 422, "phone_number: is required; code: is required"),
        (json!({ "phone_number": "+254712345678" }), 422, "code: is required"),
        (json!({ "phone_number": "x", "code": "1" }), 422, "phone_number: not a phone number"),
        (json!({ "phone_number": ["x"], "code": "1" }), 422, "phone_number: must be"),
        (json!({ "phone_number": "+254712345678", "code": "1".repeat(33) }), 422, "code: is longer"),
        (json!({ "phone_number": "+254700000099", "code": buyer }), 404, "not a party"),
        (json!({ "phone_number": "+254712345678", "code": wrong }), 403, "code is wrong"),
    ] {
        let answer = rig.post_json(&confirm, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        assert!(answer.json()["detail"].as_str().unwrap().contains(expected), "{body}: {}", answer.text());
    }
    if buyer != seller {
        let body = json!({ "phone_number": "+254712345678", "code": buyer });
        rig.post_json(&format!("{confirm}?code={seller}"), &body).await.expect(422);
    }
    let body = json!({ "phone_number": "+254712345678", "code": "1234" });
    rig.post_json("/api/v1/contracts/AGRI-2026-999999/confirm", &body).await.expect(404);
    assert_eq!(rig.get(&format!("/api/v1/contracts/{id}")).await.json()["status"], "pending");
}

#[tokio::test]
async fn too_many_wrong_codes_close_the_way() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let right = rig.code(&id, 0).await;
    let wrong = if right == "0000" { "0001" } else { "0000" };
    let confirm = format!("/v1/contracts/{id}/confirm");
    for _ in 0..5 {
        rig.post_json(&confirm, &json!({ "phone_number": "+254712345678", "code": wrong })).await.expect(403);
    }
    let answer =
        rig.post_json(&confirm, &json!({ "phone_number": "+254712345678", "code": right })).await.expect(403);
    assert!(answer.text().contains("too many wrong codes"), "{}", answer.text());
    assert_eq!(answer.json()["code"], "code_refused");
}

#[tokio::test]
async fn a_status_is_never_set_from_outside() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let path = format!("/api/v1/contracts/{id}");
    for status in ["confirmed", "rejected", "active", "completed", "cancelled", "disputed", "expired"] {
        let answer = put(&rig, &path, &json!({ "status": status })).await.expect(409);
        let possible = "possible now, each with the phone number and the code of a party: confirm, reject, amend, cancel";
        assert!(answer.text().contains(possible), "{}", answer.text());
    }
    put(&rig, &path, &json!({ "terms": { "total_amount": 1 }, "status": "pending" })).await.expect(409);
    assert_eq!(
        put(&rig, &path, &json!({ "status": "pending" })).await.expect(200).json()["status"],
        "updated"
    );
    assert!(
        put(&rig, &path, &json!({ "status": "done" }))
            .await
            .expect(422)
            .text()
            .contains("status: must be one of")
    );
    assert!(put(&rig, &path, &json!({})).await.expect(422).text().contains("status: is required"));
    put(&rig, "/api/v1/contracts/AGRI-2026-999999", &json!({ "status": "pending" })).await.expect(404);
    assert_eq!(rig.get(&path).await.json()["status"], "pending");
}

#[tokio::test]
async fn asking_for_a_status_is_asking_for_the_step_to_it() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let path = format!("/api/v1/contracts/{id}");
    let by = |phone: &str, code: &str, status: &str| json!({ "status": status, "phone_number": phone, "code": code });
    let buyer = by("0712345678", &rig.code(&id, 0).await, "confirmed");
    let answer = put(&rig, &path, &buyer).await.expect(200).json();
    assert_eq!(answer, json!({ "status": "updated", "contract_id": id, "contract_status": "pending" }));
    let seller = by("0787654321", &rig.code(&id, 1).await, "confirmed");
    assert_eq!(put(&rig, &path, &seller).await.expect(200).json()["contract_status"], "confirmed");
    put(&rig, &path, &by("0787654321", "none", "cancelled")).await.expect(403);
    put(&rig, &path, &json!({ "status": "cancelled" })).await.expect(409);
    put(&rig, &path, &json!({ "terms": { "total_amount": 1 } })).await.expect(409);
    put(&rig, &path, &json!({ "status": "cancelled", "operator": true })).await.expect(422);
    put(&rig, &path, &json!({ "terms": { "total_amount": 1 }, "operator": true })).await.expect(200);
    let contract = rig.get(&format!("/v1/contracts/{id}")).await.expect(200).json();
    assert_eq!(contract["amendment"]["terms"]["total_amount"], "1.00");
    assert_eq!(contract["terms"]["total_amount"], "25000.00", "what was agreed stands");

    let (id, _) = drafted(&rig).await;
    let withdrawn =
        put(&rig, &format!("/api/v1/contracts/{id}"), &json!({ "status": "cancelled", "operator": true }))
            .await;
    assert_eq!(withdrawn.expect(200).json()["contract_status"], "cancelled");
}

#[tokio::test]
async fn a_rejected_contract_is_over() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let (buyer, seller) = (rig.code(&id, 0).await, rig.code(&id, 1).await);
    let body = json!({ "phone_number": "+254712345678", "code": buyer });
    let answer = rig.post_json(&format!("/v1/contracts/{id}/reject"), &body).await.expect(200).json();
    assert_eq!((&answer["already"], &answer["contract"]["status"]), (&json!(false), &json!("rejected")));
    assert_eq!(answer["contract"]["parties"][0]["answer"]["answer"], "rejected");
    let again = rig.post_json(&format!("/v1/contracts/{id}/reject"), &body).await.expect(200).json();
    assert_eq!(again["already"], true);
    let other = json!({ "phone_number": "+254787654321", "code": seller });
    let refused = rig.post_json(&format!("/v1/contracts/{id}/confirm"), &other).await.expect(409);
    assert_eq!(refused.json()["code"], "conflict");
    let input = answer["input"].as_str().unwrap();
    let outcome = rig.get(&format!("/v1/inputs/{input}")).await.expect(200).json();
    assert_eq!(outcome["result"]["outcome"], "recorded");
    assert_eq!(outcome["result"]["records"][0]["kind"], "contract.rejected");
}

#[tokio::test]
async fn lists_have_real_totals_and_pages() {
    let rig = folding().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(drafted(&rig).await.0);
    }
    ids.reverse();
    let page = rig.get("/api/v1/contracts/?limit=2&offset=1").await.expect(200).json();
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(5), &json!(2), &json!(1)));
    let listed = |page: &Value| -> Vec<String> {
        page["contracts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["contract_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(listed(&page), ids[1..3]);
    for (path, total) in [
        ("/api/v1/contracts", 5),
        ("/api/v1/contracts/?status=pending", 5),
        ("/api/v1/contracts/?status=confirmed", 0),
        ("/api/v1/contracts/?phone_number=+254712345678", 5),
        ("/api/v1/contracts/?phone_number=0787654321", 5),
        ("/api/v1/contracts/?phone_number=+254700000099", 0),
        ("/api/v1/contracts/?offset=1000000", 5),
    ] {
        assert_eq!(rig.get(path).await.expect(200).json()["total"], total, "{path}");
    }
    let mut seen = Vec::new();
    let mut path = "/v1/contracts?limit=2&status=pending".to_owned();
    loop {
        let answer = rig.get(&path).await.expect(200);
        seen.extend(listed(&answer.json()));
        match answer.header("link").strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\"")) {
            Some((next, _)) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn entity_tags_tell_whether_a_contract_changed() {
    let rig = folding().await;
    let (id, _) = drafted(&rig).await;
    let path = format!("/v1/contracts/{id}");
    let tag = rig.get(&path).await.expect(200).header("etag").to_owned();
    let asking =
        |name: &str, value: &str| Request::get(&path).header(name, value).body(Body::empty()).unwrap();
    rig.send(asking("if-none-match", &tag)).await.expect(304);
    rig.send(asking("if-none-match", &format!("\"x\", {tag}"))).await.expect(304);
    rig.send(asking("if-none-match", "\"x\"")).await.expect(200);
    let body = json!({ "phone_number": "+254712345678", "code": rig.code(&id, 0).await }).to_string();
    let confirm = |tag: &str| {
        let request = Request::post(format!("{path}/confirm")).header("content-type", "application/json");
        request.header("if-match", tag).body(Body::from(body.clone())).unwrap()
    };
    rig.send(confirm("\"x\"")).await.expect(412);
    let changed = rig.send(confirm(&tag)).await.expect(200);
    assert_ne!(changed.header("etag"), tag);
    // What is done already is done, whatever was believed; what is not, is not done on a false belief.
    assert_eq!(rig.send(confirm(&tag)).await.expect(200).json()["already"], true);
    let other = json!({ "phone_number": "+254787654321", "code": rig.code(&id, 1).await }).to_string();
    let late = |tag: &str| {
        let request = Request::post(format!("{path}/confirm")).header("content-type", "application/json");
        request.header("if-match", tag).body(Body::from(other.clone())).unwrap()
    };
    rig.send(late(&tag)).await.expect(412);
    rig.send(late(&format!("\"x\", {}", changed.header("etag")))).await.expect(200);
    rig.send(asking("if-none-match", &tag)).await.expect(200);
}

#[tokio::test]
async fn who_may_not_see_personal_values_does_not() {
    let rig = Rig::new(Setup { open_api: false, projector: true, ..Setup::default() }).await;
    let writer = rig.key("contracts:write", |_| {}).await;
    let reader = rig.key("contracts:read", |_| {}).await;
    let full = rig.key("contracts:read personal:read", |_| {}).await;
    let request = |method: &str, path: &str, key: &str, body: String| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        request.header("authorization", format!("Bearer {key}")).body(Body::from(body)).unwrap()
    };
    let sent = source_contract().to_string();
    let created =
        rig.send(request("POST", "/api/v1/contracts/create", &writer, sent)).await.expect(200).json();
    assert_eq!(created["parties"][0]["name"], "John Kamau", "who drafts it is shown what it sent");
    let id = created["contract_id"].as_str().unwrap();
    let secret = ["254712345678", "254787654321", "Kamau", "Wanjiru"];
    for path in [
        format!("/api/v1/contracts/{id}"),
        format!("/api/v1/contracts/{id}/status"),
        "/api/v1/contracts/".to_owned(),
        "/v1/contracts".to_owned(),
        format!("/v1/contracts/{id}"),
        format!("/v1/contracts/{id}/document"),
        format!("/v1/contracts/{id}/records"),
        format!("/v1/contracts/{id}/bundle"),
    ] {
        let masked = rig.send(request("GET", &path, &reader, String::new())).await.expect(200);
        for value in secret {
            assert!(!masked.text().contains(value), "{path} shows {value}");
        }
        rig.send(request("GET", &path, &full, String::new())).await.expect(200);
    }
    let opened = async |key: &str| {
        let bundle =
            rig.send(request("GET", &format!("/v1/contracts/{id}/bundle"), key, String::new())).await.json();
        let records =
            rig.send(request("GET", &format!("/v1/contracts/{id}/records"), key, String::new())).await.json();
        let listed =
            records["records"].as_array().unwrap().iter().map(|r| r["disclosures"].as_array().unwrap().len());
        (
            bundle["disclosures"].as_object().unwrap().len(),
            bundle["document_disclosures"].as_array().unwrap().len(),
            listed.sum::<usize>() > 0,
        )
    };
    assert_eq!(opened(&reader).await, (0, 0, false));
    assert_eq!(
        opened(&full).await,
        (3, 4, true),
        "of the draft and two messages; of two phones and two names"
    );
    let shown = rig.send(request("GET", &format!("/v1/contracts/{id}"), &full, String::new())).await.json();
    assert_eq!(shown["parties"][0]["phone"], "+254712345678");
    let asked = "/v1/contracts?phone_number=+254712345678";
    rig.send(request("GET", asked, &reader, String::new())).await.expect(403);
    rig.send(request("GET", asked, &full, String::new())).await.expect(200);
}

#[tokio::test]
async fn an_input_nobody_folds_is_accepted_and_named() {
    let rig = Rig::new(Setup::default()).await;
    // No projector: the wait runs out.
    let answer = rig.post_json("/api/v1/contracts/create", &source_contract()).await.expect(503);
    let inputs = rig.inputs().await;
    assert_eq!(inputs.len(), 1, "it was journaled");
    let place = format!("/v1/inputs/{}", inputs[0].id);
    assert_eq!(answer.header("location"), place);
    assert!(answer.json()["detail"].as_str().unwrap().contains(&place));
    let waiting = rig.get(&place).await.expect(202).json();
    assert_eq!(waiting, json!({ "input": inputs[0].id, "state": "waiting" }));
    rig.get("/v1/inputs/00000000-0000-7000-8000-000000000000").await.expect(404);
}
