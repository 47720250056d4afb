//! The journey of a call: what came, in order, and what each arrival was.

use axum::body::Body;
use axum::http::Request;
use contract::command::Command;
use contract::entity::conference_stream;
use contract::input::Body as InputBody;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, LegStatus, Report};
use providers::minivoice::signature::sign;
use serde_json::{Value, json};

use crate::rig::{FORM, JSON, Rig, SECRET, Setup};
use crate::voice::folded;

const LINE: &str = "destinationNumber=%2B254700000000&direction=Outbound";

async fn told(rig: &Rig, session: &str, party: u32, more: &str) {
    let body = format!("sessionId={session}&callerNumber=%2B25470000001{party}&{LINE}&{more}");
    rig.post(&format!("/hooks/africastalking/{SECRET}/voice/events"), FORM, body).await.expect(200);
}

async fn journey(rig: &Rig, id: &str) -> Value {
    folded(rig).await;
    rig.get(&format!("/v1/calls/{id}/journey")).await.expect(200).json()
}

/// Leg, type, what it was, whether it was late, and where the leg stood then.
fn steps(journey: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |step: &Value| {
        let stands = [&step["state"]["progress"], &step["state"]["status"]].map(text).join("");
        let late = if step["late"] == true { " late" } else { "" };
        let stream = text(&step["stream"]);
        let leg = stream.rsplit('_').next().unwrap();
        let leg = if stream.starts_with("conference/") { "room" } else { leg };
        format!("{leg} {} {}{late} {}", text(&step["type"]), text(&step["what"]), stands.replace('-', ""))
    };
    journey["journey"].as_array().unwrap().iter().map(line).collect()
}

/// The provider's answer, with two legs.
fn dialled(stream: &str) -> Report {
    let leg = |party: u32| DialledLeg {
        party,
        call_id: Some(format!("ATVId_{}", party + 1)),
        status: LegStatus::Queued,
    };
    let (legs, line) = (vec![leg(0), leg(1)], Some("+254700000000".to_owned()));
    Report::Dialled { stream: stream.to_owned(), provider: Provider::AfricasTalking, legs, line }
}

#[tokio::test]
async fn legs_of_a_conference_are_joined_though_a_callback_overtakes_the_answer_that_names_it() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let request = json!({ "parties": ["+254700000011", "+254700000012"] });
    // Nobody can be rung here; that it was asked for stands all the same.
    rig.post_json("/api/v1/voice/conference/create", &request).await.expect(500);
    let conference = rig.inputs().await.into_iter().find_map(|input| match input.body {
        InputBody::Command(Command::CreateConference(command)) => Some(command.conference_id),
        _ => None,
    });
    let conference = conference.unwrap();
    // The first callback comes before the answer that names its session, and is read alone until then.
    told(&rig, "ATVId_1", 1, "isActive=1&callSessionState=Answered").await;
    let alone = journey(&rig, "ATVId_1").await;
    assert_eq!(steps(&alone), ["1 call.answered first answered"]);
    assert_eq!(alone["conference"], Value::Null);
    let stream = conference_stream(&conference);
    let dialled = dialled(&stream);
    rig.door.take(Via::Effect, true, InputBody::Report(dialled)).await.unwrap();
    let end = "isActive=0&status=Success&callSessionState=Completed&durationInSeconds=42";
    told(&rig, "ATVId_2", 2, end).await;
    told(&rig, "ATVId_1", 1, "isActive=1&callSessionState=Answered").await;
    told(&rig, "ATVId_2", 2, "isActive=1&callSessionState=Answered").await;
    told(&rig, "ATVId_1", 1, end).await;
    told(&rig, "ATVId_1", 1, &end.replace("42", "43")).await;
    // The same said in other bytes: a field nobody here knows.
    told(&rig, "ATVId_1", 1, &format!("{end}&newField=1")).await;

    let expected = [
        "room conference.requested own active",
        "room dial.failed own failed",
        "1 call.answered first answered",
        "room dial.placed own active",
        // The answer to the dialling tells of the calls too.
        "1 call.started first late answered",
        "2 call.started first started",
        "2 call.ended first ended",
        "1 call.answered duplicate answered",
        "2 call.answered first late ended",
        "1 call.ended first ended",
        "1 call.ended conflict ended",
        "1 webhook.repeated duplicate ended",
        "1 call.ended duplicate ended",
    ];
    for id in ["ATVId_1", "ATVId_2", conference.as_str()] {
        let told = journey(&rig, id).await;
        assert_eq!(steps(&told), expected, "{id}");
        assert_eq!((&told["conference"], &told["truncated"]), (&json!(stream), &json!(false)));
        let legs: Vec<&Value> = told["legs"].as_array().unwrap().iter().map(|leg| &leg["stream"]).collect();
        assert_eq!(legs, ["call/africastalking/ATVId_1", "call/africastalking/ATVId_2"]);
    }
    let whole = journey(&rig, "ATVId_1").await;
    let whole = whole["journey"].as_array().unwrap();
    let (first, again) = (&whole[2], &whole[7]);
    assert_eq!((&again["position"], &again["version"]), (&first["position"], &first["version"]));
    assert_ne!(again["input"], first["input"]);
    assert!(again["received_at"].as_str() > first["received_at"].as_str());
    let verbatim = first["private"]["raw"].as_str().unwrap();
    assert!(verbatim.starts_with("sessionId=ATVId_1&callerNumber=%2B254700000011&"), "{verbatim}");
    assert!(whole[11]["private"]["raw"].as_str().unwrap().ends_with("&newField=1"));
    assert_eq!(whole[10]["state"]["disputed"], json!(["duration_s"]));
}

#[tokio::test]
async fn nothing_personal_is_shown_to_a_key_that_may_not_see_it() {
    let setup = Setup { open_api: false, projector: true, ..Setup::default() };
    let rig = Rig::new(setup).await;
    for _ in 0..2 {
        told(&rig, "ATVId_1", 1, "isActive=0&status=Success&recordingUrl=https://r.example/1.mp3").await;
    }
    folded(&rig).await;
    for (scopes, personal) in [("calls:control", false), ("calls:control personal:read", true)] {
        let key = rig.key(scopes, |_| {}).await;
        let request =
            Request::get("/v1/calls/ATVId_1/journey").header("authorization", format!("Bearer {key}"));
        let answer = rig.send(request.body(Body::empty()).unwrap()).await.expect(200);
        assert_eq!(answer.text().contains("254700000011"), personal, "{}", answer.text());
        assert_eq!(answer.text().contains("r.example"), personal);
        assert_eq!(answer.json()["journey"].as_array().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn what_another_provider_tells_has_a_journey_too_and_a_stale_webhook_is_marked() {
    let secret = "minivoice-signing-secret";
    let rig = Rig::new(Setup { projector: true, signing: vec![secret], ..Setup::default() }).await;
    for (event, age_s) in [("call.completed", 0), ("call.answered", 3_600), ("call.completed", 7_200)] {
        let body = json!({
            "event": event, "created_at": "2026-05-29T12:10:00Z",
            "call": { "id": "call_1", "direction": "inbound", "from": "+254700000011", "to": "+254700000000" },
        })
        .to_string();
        let seconds = (rig.door.now().millis() / 1_000 - age_s).to_string();
        let signature = sign(secret.as_bytes(), &seconds, body.as_bytes());
        let request = Request::post(format!("/hooks/minivoice/{SECRET}"))
            .header("content-type", JSON)
            .header("x-minivoice-timestamp", seconds)
            .header("x-minivoice-signature", signature);
        rig.send(request.body(Body::from(body)).unwrap()).await.expect(200);
    }
    let told = journey(&rig, "call_1").await;
    let marks: Vec<Value> = told["journey"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| json!([step["type"], step["what"], step["stale"], step["authenticated"]]))
        .collect();
    assert_eq!(
        marks,
        [
            json!(["call.ended", "first", false, true]),
            json!(["call.answered", "first", true, true]),
            json!(["call.ended", "duplicate", true, true]),
        ]
    );
}
