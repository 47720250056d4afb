//! From what was said to a drafted contract, where nobody transcribes.

use ledger::hash::sha256;
use serde_json::{Value, json};

use crate::rig::{Rig, Setup};
use http_surface::Tools;

const SAID: &str = "Buyer: I need maize, 500 kg.\nSeller: 60 shillings per kg.\nBuyer: Fifty.\nSeller: Okay, 50 per kg. \
                    I deliver to Wakulima market on Friday.\nBuyer: Agreed, I pay on delivery.";

async fn folding() -> Rig {
    Rig::new(Setup { projector: true, ..Setup::default() }).await
}

/// A conference that is known because a provider spoke of it.
async fn conference(rig: &Rig, id: &str) {
    let report = json!({ "sessionId": id, "status": "completed", "duration": "60" });
    rig.post_json("/api/v1/voice/webhook", &report).await.expect(200);
    for _ in 0..200 {
        if rig.get(&format!("/api/v1/voice/recordings/{id}")).await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the conference was not folded");
}

const PARTIES: [&str; 2] = ["+254700000011", "+254700000012"];

#[tokio::test]
async fn a_transcript_becomes_a_contract_with_the_words_of_each_term() {
    let rig = folding().await;
    let body = json!({ "transcript": SAID, "parties": PARTIES });
    let answer = rig.post_json("/api/v1/voice/process", &body).await.expect(200).json();
    assert_eq!(answer["processing_status"], "completed");
    assert_eq!(answer["transcript"], SAID);
    let terms = &answer["terms"];
    for (field, value) in [("product", "maize"), ("quantity", "500"), ("unit", "kg"), ("unit_price", "50")] {
        assert_eq!(terms[field], value, "{terms}");
    }
    for span in answer["term_spans"].as_array().unwrap() {
        let at = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
        let (start, end) = (at("start"), at("end"));
        assert_eq!(&SAID[start..end], span["words"], "{span}");
        assert!(span["confidence"].as_u64().is_some_and(|n| n <= 100), "{span}");
    }
    assert!(answer["confidence_score"].as_f64().is_some_and(|score| score > 0.5 && score <= 1.0));
    assert!(answer["contract_summary"].as_str().unwrap().starts_with("maize 500 kg, at KES 50 per kg"));

    let id = answer["contract_id"].as_str().unwrap();
    let document = rig.get(&format!("/v1/contracts/{id}/document")).await.expect(200);
    assert_eq!(answer["contract_hash"], sha256(&document.bytes).hex());
    let document = document.json();
    assert_eq!(document["transcript_sha256"], sha256(SAID.as_bytes()).hex());
    assert_eq!(document["terms"]["unit_price"], "50.00");
    let roles: Vec<&Value> = document["parties"].as_array().unwrap().iter().map(|p| &p["role"]).collect();
    assert_eq!(roles, ["buyer", "seller"]);
    let records = rig.get(&format!("/v1/contracts/{id}/records")).await.expect(200).text().to_owned();
    assert!(records.contains("contract.drafted"));
}

#[tokio::test]
async fn nothing_agreed_drafts_nothing() {
    let rig = folding().await;
    let said = "Buyer: Do you have maize?\nSeller: Yes, 60 a kilo.\nBuyer: Too much. No thank you, goodbye.";
    let body = json!({ "transcript": said, "parties": PARTIES });
    let answer = rig.post_json("/api/v1/voice/process", &body).await.expect(200).json();
    assert_eq!(
        (&answer["processing_status"], &answer["contract_id"]),
        (&json!("no_agreement"), &Value::Null)
    );
    assert_eq!(rig.get("/api/v1/contracts").await.expect(200).json()["total"], 0);
}

#[tokio::test]
async fn a_posted_transcript_of_a_conference_is_kept_and_drafted_from() {
    let rig = folding().await;
    let id = "ATVoice_a1b2c3d4e5f6";
    conference(&rig, id).await;
    let refused =
        rig.post_json("/api/v1/voice/process", &json!({ "conference_id": id, "parties": PARTIES })).await;
    let refused = refused.expect(409);
    assert!(refused.text().contains("/v1/calls/ATVoice_a1b2c3d4e5f6/transcript"), "{}", refused.text());

    let turns: Vec<Value> = SAID
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(speaker, text)| json!({ "speaker": speaker, "language": "en", "text": text }))
        .collect();
    let path = format!("/v1/calls/{id}/transcript");
    let added = rig.post_json(&path, &json!({ "transcript": turns })).await.expect(200).json();
    assert_eq!(
        (&added["turns"], &added["languages"], &added["already"]),
        (&json!(5), &json!(["en"]), &json!(false))
    );
    let again = rig.post_json(&path, &json!({ "transcript": SAID })).await.expect(200).json();
    assert_eq!(again["already"], true, "the same words in another form");

    let body = json!({ "conference_id": id, "parties": PARTIES });
    let answer = rig.post_json("/api/v1/voice/process", &body).await.expect(200).json();
    assert_eq!((&answer["transcript"], &answer["conference_id"]), (&json!(SAID), &json!(id)));
    let contract = answer["contract_id"].as_str().unwrap();
    let records = rig.get(&format!("/v1/contracts/{contract}/records")).await.expect(200).json();
    let drafted = ledger::record::open(records["records"][0]["jws"].as_str().unwrap()).unwrap();
    let links = drafted.data.get("links").unwrap();
    let link = &links.as_array().unwrap()[0];
    assert_eq!(link.get("stream").unwrap().as_str(), Some("conference/ATVoice_a1b2c3d4e5f6"));
    assert_eq!(link.get("version").unwrap().as_int(), Some(2));
}

#[tokio::test]
async fn without_a_transcriber_a_recording_is_kept_and_the_answer_says_what_to_do() {
    let rig = folding().await;
    let body = json!({ "audio_url": "https://recordings.example/one.mp3", "parties": PARTIES });
    let answer = rig.post_json("/api/v1/voice/process", &body).await.expect(503);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("AHADI_TRANSCRIBE_URL") && !detail.contains("recordings.example"), "{detail}");
    let id = detail.split('"').find(|word| word.starts_with("ATVoice_")).unwrap().to_owned();

    rig.post_json(&format!("/v1/calls/{id}/transcript"), &json!({ "transcript": SAID })).await.expect(200);
    let body = json!({ "conference_id": id, "parties": PARTIES });
    let answer = rig.post_json("/api/v1/voice/process", &body).await.expect(200).json();
    assert_eq!(answer["processing_status"], "completed");
}

#[tokio::test]
async fn an_upload_is_kept_under_its_hash() {
    let scratch = tempfile::TempDir::new().unwrap();
    let blobs = effects::recording::Blobs::open(&scratch.path().join("recordings")).await.unwrap();
    let tools = Tools { blobs: Some(blobs.clone()), ..Tools::default() };
    let rig = Rig::new(Setup { projector: true, tools, ..Setup::default() }).await;
    let audio = carrier::audio::wav(1, "upload", 1);
    let form = |name: &str, bytes: &[u8]| {
        let head =
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.wav\"\r\n\r\n");
        [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat()
    };
    let send = |body: Vec<u8>| rig.post("/api/v1/voice/upload", "multipart/form-data; boundary=x", body);

    let kept = send(form("audio", &audio)).await.expect(503).json();
    let detail = kept["detail"].as_str().unwrap();
    let id = detail.split('"').find(|word| word.starts_with("ATVoice_")).unwrap();
    let shown = rig.get(&format!("/api/v1/voice/recordings/{id}")).await.expect(200).json();
    assert_eq!(shown["sha256"], sha256(&audio).hex());
    assert_eq!(shown["media_type"], "audio/wav");
    let (bytes, _) = blobs.read(&sha256(&audio)).await.unwrap();
    assert_eq!(bytes, audio.len() as u64);

    send(form(
        "audio",
        b"<html>no audio at all, whatever its name says, and long enough to be sure of it</html>",
    ))
    .await
    .expect(415);
    send(form("other", &audio)).await.expect(400);
    send(b"no multipart".to_vec()).await.expect(400);
    rig.post_json("/api/v1/voice/upload", &json!({})).await.expect(415);
}

#[tokio::test]
async fn what_cannot_be_asked() {
    let rig = folding().await;
    for (body, named) in [
        (json!({}), "audio_url"),
        (json!({ "audio_url": "file:///etc/passwd" }), "audio_url"),
        (json!({ "audio_url": "https://a.example/x", "conference_id": "ATVoice_1" }), "audio_url"),
        (json!({ "transcript": "" }), "transcript"),
        (json!({ "transcript": [{ "speaker": "A" }] }), "transcript[0].text"),
        (json!({ "transcript": [{ "text": "a", "language": "Swahili" }] }), "transcript[0].language"),
        (json!({ "transcript": "a", "parties": ["+254700000011"] }), "parties"),
        (json!({ "transcript": "a", "parties": ["+254700000011", "+254700000011"] }), "parties[1]"),
    ] {
        let answer = rig.post_json("/api/v1/voice/process", &body).await.expect(400);
        assert!(answer.text().contains(named), "{body}: {}", answer.text());
    }
    rig.post_json("/api/v1/voice/process", &json!({ "conference_id": "ATVoice_0" })).await.expect(404);
    rig.post_json("/v1/calls/none/transcript", &json!({ "transcript": "a" })).await.expect(404);
    rig.post_json("/v1/calls/none/transcript", &json!({})).await.expect(422);
    let only_agreed = json!({ "transcript": SAID });
    let answer = rig.post_json("/api/v1/voice/process", &only_agreed).await.expect(400);
    assert!(answer.text().contains("parties"), "{}", answer.text());
}
