//! Faults that were measured in the service whose interface this one offers, each by its name.

use std::net::TcpListener;

use carrier::code_after;
use it::wire::{Answer, Request, send};
use serde_json::{Value, json};

use super::bodies::{FORM, JSON};
use super::routes::{self, CREATE};
use super::{Ground, judge};

async fn ask(ground: &Ground, method: &str, path: &str, media: &str, body: &str) -> Answer {
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

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_say_nothing_true() {
    let ground = Ground::new().await;
    let path = "/api/v1/voice/webhook";
    let form = |more: &str| format!("sessionId=ATVoice_00000000000f&{more}");
    for (what, media, body, field) in [
        ("seconds with a letter", FORM, form("duration=12s"), "duration"),
        ("seconds below nothing", FORM, form("duration=-5"), "duration"),
        ("seconds with a sign", FORM, form("duration=%2B5"), "duration"),
        ("half a second", FORM, form("duration=0.5"), "duration"),
        ("seconds in its own words", FORM, form("durationInSeconds=12s"), "durationInSeconds"),
        ("seconds in JSON", JSON, "{\"sessionId\":\"x\",\"duration\":-5}".to_owned(), "duration"),
        ("no session", FORM, "status=completed".to_owned(), "sessionId"),
        ("another provider's", JSON, MINIVOICE.to_owned(), "sessionId"),
        ("JSON called a form", FORM, "{\"sessionId\":\"x\"}".to_owned(), ""),
        ("a form called JSON", JSON, "sessionId=x".to_owned(), ""),
    ] {
        let answer = ask(&ground, "POST", path, media, &body).await;
        judge::refused(what, path, &answer, Some(field));
    }
    ground.end().await;
}

/// The shape of another provider's webhook: a call inside.
const MINIVOICE: &str = r#"{"event":"call.completed","created_at":"2026-05-29T12:00:00Z","data":{"call":{"id":"call_20260529T120000.000000000","status":"completed"}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_calls_nobody_knows_are_kept() {
    let ground = Ground::new().await;
    let body =
        "sessionId=ATVId_unknown&isActive=0&status=Success&durationInSeconds=33&callerNumber=%2B254700000071";
    // A signature nobody asked for proves nothing.
    let request =
        Request::new("POST", "/api/v1/voice/webhook").header("x-signature", "v1=forged").body(FORM, body);
    let answer = send(ground.world.address(), &request).await;
    assert_eq!((answer.status, &answer.json()["session_id"]), (200, &json!("ATVId_unknown")));
    ground.world.settle_folding().await;
    let call = ask(&ground, "GET", "/v1/calls/ATVId_unknown", "", "").await.json();
    assert_eq!((&call["status"], &call["duration_s"]), (&json!("completed"), &json!(33)), "{call}");
    let journey = ask(&ground, "GET", "/v1/calls/ATVId_unknown/journey", "", "").await.json();
    assert_eq!(journey["journey"][0]["authenticated"], false, "{journey}");
    ground.end().await;
}

/// An address in a webhook is not fetched from inside our own network, and nothing waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_are_not_fetched() {
    let ground = Ground::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let urls = [
        format!("http://127.0.0.1:{port}/needle"),
        format!("http://localhost:{port}/needle"),
        format!("http://[::ffff:127.0.0.1]:{port}/needle"),
        format!("http://0.0.0.0:{port}/needle"),
        format!("http://2130706433:{port}/needle"),
        "http://169.254.169.254/needle".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/needle".to_owned(),
        "needle".to_owned(),
        "http://".to_owned(),
    ];
    for (n, url) in urls.iter().enumerate() {
        let url: String = url.bytes().map(|b| format!("%{b:02x}")).collect();
        let body = format!("sessionId=ATVoice_00000000001{n}&status=completed&recordingUrl={url}");
        let answer = ask(&ground, "POST", "/api/v1/voice/webhook", FORM, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    ground.world.settle().await;
    let asked = listener.accept();
    assert!(
        asked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "an inside address was asked"
    );
    for n in 0..urls.len() {
        let recording =
            ask(&ground, "GET", &format!("/api/v1/recordings/ATVoice_00000000001{n}"), "", "").await;
        assert_eq!(
            (recording.status, &recording.json()["sha256"]),
            (200, &Value::Null),
            "{}",
            recording.text()
        );
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_the_keypad_is_answered_as_networks_want_it() {
    let ground = Ground::new().await;
    let path = ground.path(&routes::of("POST", "/ussd"));
    for text in ["", "1", "1*2", "1*free+text*with*stars", "%2A%2A"] {
        let body = format!("sessionId=ATUid_9&serviceCode=%2A384%23&phoneNumber=%2B254700000071&text={text}");
        let answer = ask(&ground, "POST", &path, FORM, &body).await;
        assert_eq!(answer.status, 200, "{text}");
        assert!(answer.header("content-type").starts_with("text/plain"), "{}", answer.header("content-type"));
        let shown = answer.text();
        assert!(shown.starts_with("END ") || shown.starts_with("CON "), "{shown}");
        assert!(shown.chars().count() <= 182 && shown.is_ascii(), "{shown}");
    }
    ground.end().await;
}
