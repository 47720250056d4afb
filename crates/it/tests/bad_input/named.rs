//! Faults that were measured in the service whose interface this one offers, each by its name.

use carrier::code_after;
use it::wire::{Answer, Request, send};
use serde_json::{Value, json};

use super::bodies::JSON;
use super::routes::CREATE;
use super::{Ground, judge};

pub async fn ask(ground: &Ground, method: &str, path: &str, media: &str, body: &str) -> Answer {
    send(ground.world.address(), &Request::new(method, path).body(media, body)).await
}

async fn shown(ground: &Ground, id: &str) -> Value {
    let answer = ask(ground, "GET", &format!("/api/v1/contracts/{id}"), "", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// A new contract between these, and its parties' codes.
async fn drafted(ground: &Ground, buyer: &str, seller: &str) -> (String, [String; 2]) {
    let body = CREATE.text.replace("+254700000071", buyer).replace("+254700000072", seller);
    let answer = ask(ground, "POST", "/api/v1/contracts/create", JSON, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["contract_id"].as_str().unwrap().to_owned();
    ground.world.settle().await;
    let codes = [buyer, seller].map(|phone| code(ground, phone));
    (id, codes)
}

/// The code a party was sent last.
pub fn code(ground: &Ground, phone: &str) -> String {
    let messages = ground.world.carrier.messages();
    let text = &messages.iter().rfind(|sms| sms.to == phone).expect("the party was sent a message").text;
    code_after(text, "YES").expect("the message names a code").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_words_and_retries() {
    let ground = Ground::new().await;
    let (one, _) = drafted(&ground, "+254700000011", "+254700000012").await;
    // The same body again, and the same words between other people: neither is a conflict.
    let (two, _) = drafted(&ground, "+254700000011", "+254700000012").await;
    let (three, _) = drafted(&ground, "+254700000013", "+254700000014").await;
    let hashes = [shown(&ground, &one).await, shown(&ground, &two).await, shown(&ground, &three).await]
        .map(|contract| contract["contract_hash"].to_string());
    assert!(one != two && two != three && one != three);
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2], "the hash covers who agrees: {hashes:?}");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts() {
    let ground = Ground::new().await;
    let with = |from: &str, to: &str| CREATE.text.replace(from, to);
    let total = |to: &str| with("\"total_amount\":25000", &format!("\"total_amount\":{to}"));
    let refused = [
        ("the same phone twice", with("+254700000072", "+254700000071"), 422, "parties[1]"),
        ("the same phone in another spelling", with("+254700000072", "0700 000-071"), 422, "parties[1]"),
        ("a party without a phone", with("\"phone\":\"+254700000072\",", ""), 422, "parties[1].phone"),
        ("a phone that is none", with("+254700000072", "not-a-phone"), 422, "parties[1].phone"),
        ("an empty phone", with("+254700000072", ""), 422, "parties[1].phone"),
        ("a phone of 50 digits", with("+254700000072", &"7".repeat(50)), 422, "parties[1].phone"),
        ("a phone as a number", with("\"+254700000072\"", "254700000072"), 422, "parties[1].phone"),
        ("an unknown type", with("agricultural_supply", "marriage"), 422, "contract_type"),
        ("a negative amount", total("-1"), 422, "terms.total_amount"),
        ("minus nothing", total("-0"), 422, "terms.total_amount"),
        ("an amount that is a word", total("\"abc\""), 422, "terms.total_amount"),
        ("an amount in a list", total("[1]"), 422, "terms.total_amount"),
        ("a true amount", total("true"), 422, "terms.total_amount"),
        ("a tenth of a cent", total("0.001"), 422, "terms.total_amount"),
        ("1e20", total("1e20"), 422, "terms.total_amount"),
        ("NaN", total("NaN"), 400, "not JSON"),
        ("Infinity", total("Infinity"), 400, "not JSON"),
        ("an unknown currency", with("\"KES\"", "\"XXZ\""), 422, "terms.currency"),
        ("a currency that is a number", with("\"KES\"", "5"), 422, "terms.currency"),
        ("shillings that have no cents", with("\"KES\"", "\"UGX\"").replace("25000", "10.5"), 422, "terms."),
        ("an empty transcript", with("Needle: an agreement about maize", ""), 422, "transcript"),
        ("5,000 levels", with("\"cash\"", &format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))), 400, ""),
    ];
    let before = ask(&ground, "GET", "/api/v1/contracts/", "", "").await.json()["total"].clone();
    for (what, body, status, field) in refused {
        let answer = ask(&ground, "POST", "/api/v1/contracts/create", JSON, &body).await;
        judge::refused(what, "/api/v1/contracts/create", &answer, Some(field));
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
    }
    // What was refused was not kept either, and every list can still be shown.
    let list = ask(&ground, "GET", "/api/v1/contracts/", "", "").await;
    assert_eq!((list.status, &list.json()["total"]), (200, &before));

    for (what, body) in [
        ("another role", with("\"seller\"", "\"farmer\"")),
        ("a loan", with("agricultural_supply", "loan_agreement")),
        ("phone_number instead of phone", with("\"phone\"", "\"phone_number\"")),
        ("nothing to pay", total("0")),
        ("28 digits", total(&"9".repeat(26))),
        ("no terms", CREATE.text.split(",\"terms\"").next().unwrap().to_owned() + "}"),
    ] {
        let answer = ask(&ground, "POST", "/api/v1/contracts/create", JSON, &body).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        if what == "nothing to pay" {
            assert!(answer.text().contains("\"total_amount\":0,"), "{}", answer.text());
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmations() {
    let ground = Ground::new().await;
    let (buyer, seller) = ("+254700000015", "+254700000016");
    let (id, [of_buyer, of_seller]) = drafted(&ground, buyer, seller).await;
    let path = format!("/api/v1/contracts/{id}/confirm");
    let confirm = |query: &str| Request::new("POST", &format!("{path}?{query}"));
    let say = |query: String| send(ground.world.address(), &confirm(&query));

    // Knowing a number is not being that person.
    let answer = say(format!("phone_number={buyer}")).await;
    judge::refused("without a code", &path, &answer, Some("code"));
    let wrong = if of_buyer == "0000" { "1111" } else { "0000" };
    for (what, query, status) in [
        ("a wrong code", format!("phone_number=254700000015&code={wrong}"), 403),
        ("a stranger", format!("phone_number=%2B254700000099&code={of_buyer}"), 404),
        ("a party with the other's code", format!("phone_number={seller}&code={wrong}"), 403),
        ("no number", format!("code={of_buyer}"), 422),
        ("a number that is none", format!("phone_number=abc&code={of_buyer}"), 422),
    ] {
        let answer = say(query).await;
        judge::refused(what, &path, &answer, None);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
    }
    assert_eq!(shown(&ground, &id).await["status"], "pending");

    // The raw plus of an address line, twice: the same answer, and the first time stays.
    let mut times = Vec::new();
    for _ in 0..2 {
        let answer = say(format!("phone_number={buyer}&code={of_buyer}")).await;
        let expected = format!(
            "{{\"status\":\"confirmed\",\"contract_id\":\"{id}\",\"signed_by\":\"{buyer}\",\"all_signed\":false}}"
        );
        assert_eq!((answer.status, answer.text()), (200, expected));
        let status = ask(&ground, "GET", &format!("/api/v1/contracts/{id}/status"), "", "").await.json();
        assert_eq!(status["progress"], json!({ "signed": 1, "total": 2, "complete": false }));
        times.push(status["signatures"][0]["signed_at"].to_string());
    }
    assert_eq!(times[0], times[1]);

    let body = json!({ "phone_number": seller, "code": of_seller }).to_string();
    let answer = ask(&ground, "POST", &path, JSON, &body).await;
    assert_eq!((answer.status, &answer.json()["all_signed"]), (200, &json!(true)), "{}", answer.text());
    assert_eq!(shown(&ground, &id).await["status"], "confirmed");

    let elsewhere = ask(&ground, "POST", "/api/v1/contracts/AGRI-2026-999999/confirm", JSON, &body).await;
    assert_eq!(elsewhere.status, 404, "{}", elsewhere.text());
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_nothing_is_confirmed() {
    let ground = Ground::new().await;
    let (buyer, seller) = ("+254700000017", "+254700000018");
    let (id, [of_buyer, of_seller]) = drafted(&ground, buyer, seller).await;
    let no = json!({ "phone_number": buyer, "code": of_buyer }).to_string();
    let answer = ask(&ground, "POST", &format!("/v1/contracts/{id}/reject"), JSON, &no).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (phone, code) in [(buyer, &of_buyer), (seller, &of_seller)] {
        let yes = json!({ "phone_number": phone, "code": code }).to_string();
        let path = format!("/api/v1/contracts/{id}/confirm");
        let answer = ask(&ground, "POST", &path, JSON, &yes).await;
        assert_eq!(answer.status, 409, "{}", answer.text());
        judge::refused("confirmed after all", &path, &answer, Some("rejected"));
    }
    assert_eq!(shown(&ground, &id).await["status"], "rejected");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sets_a_status() {
    let ground = Ground::new().await;
    let (id, _) = drafted(&ground, "+254700000019", "+254700000020").await;
    let before = shown(&ground, &id).await;
    let path = format!("/api/v1/contracts/{id}");
    let status = |word: &str| json!({ "status": word });
    for (body, expected) in [
        (status("pending"), 200),
        (status("confirmed"), 409),
        (status("active"), 409),
        (status("completed"), 409),
        (status("cancelled"), 409),
        (status("disputed"), 409),
        (status("expired"), 409),
        (status("payment_locked"), 422),
        (status("Pending"), 422),
        (json!({}), 422),
        (json!({ "terms": { "total_amount": 1 } }), 409),
        (json!({ "status": "pending", "terms": {} }), 409),
        (json!({ "terms": [] }), 422),
    ] {
        let answer = ask(&ground, "PUT", &path, JSON, &body.to_string()).await;
        assert_eq!(answer.status, expected, "{body}: {}", answer.text());
        judge::no_fault("a change", &path, &answer);
        assert_eq!(shown(&ground, &id).await, before, "{body} changed it");
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists() {
    let ground = Ground::new().await;
    for n in 0..5 {
        drafted(&ground, &format!("+25470000003{n}"), "+254700000039").await;
    }
    let list = async |query: &str| {
        let answer = ask(&ground, "GET", &format!("/api/v1/contracts/{query}"), "", "").await;
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap())
    };
    for (query, rows, total) in [
        ("", 6, 6),
        ("?limit=2", 2, 6),
        ("?limit=2&offset=5", 1, 6),
        ("?offset=6", 0, 6),
        ("?offset=9007199254740992", 0, 6),
        ("?limit=500", 6, 6),
        ("?status=pending", 6, 6),
        ("?status=confirmed", 0, 0),
        ("?phone_number=%2B254700000033", 1, 1),
        ("?phone_number=+254700000033", 1, 1),
        ("?phone_number=0700000039&limit=1", 1, 5),
        ("?phone_number=%2B254700000098", 0, 0),
    ] {
        let (status, body) = list(query).await;
        assert_eq!(status, 200, "{query}: {body}");
        assert_eq!(
            (body["contracts"].as_array().unwrap().len(), &body["total"]),
            (rows, &json!(total)),
            "{query}"
        );
    }
    for (query, field) in [
        ("?limit=-1", "limit"),
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?limit=99999999999999999999", "limit"),
        ("?offset=-1", "offset"),
        ("?offset=9007199254740993", "offset"),
        ("?status=done", "status"),
        ("?status=", ""),
    ] {
        let answer = ask(&ground, "GET", &format!("/api/v1/contracts/{query}"), "", "").await;
        if field.is_empty() {
            assert_eq!(answer.status, 200, "{query}: an empty parameter is none");
        } else {
            judge::refused(query, "/api/v1/contracts/", &answer, Some(field));
            assert_eq!(answer.status, 422, "{query}");
        }
    }
    ground.end().await;
}
