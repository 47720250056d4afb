//! Placing calls and what is called back.

use axum::http::StatusCode;
use carrier::{ApiMode, Carrier, Config, Outcome, RecordingLeg, Script, UrlKind};
use serde_json::json;

use crate::receiver::{Api, CALL_SCRIPT, Received, Receiver, json};

const A: &str = "+254700000001";
const B: &str = "+254700000002";
const C: &str = "+254700000003";

/// One callback: URL, phone, isActive, state, status, hang-up cause, request id, whether it names a recording.
type Row = (UrlKind, String, String, String, String, String, String, bool);

fn row(received: &Received) -> Row {
    let field = |name| received.field(name);
    (
        received.kind,
        field("callerNumber"),
        field("isActive"),
        field("callSessionState"),
        field("status"),
        field("hangupCause"),
        field("clientRequestId"),
        !field("recordingUrl").is_empty(),
    )
}

fn rows(receiver: &Receiver, phone: &str) -> Vec<Row> {
    receiver.received().iter().map(row).filter(|row| row.1 == phone).collect()
}

fn expected(phone: &str, rows: &[(UrlKind, &str, &str, &str, &str, &str, bool)]) -> Vec<Row> {
    let text = str::to_owned;
    rows.iter()
        .map(|&(kind, active, state, status, cause, id, recording)| {
            (kind, text(phone), text(active), text(state), text(status), text(cause), text(id), recording)
        })
        .collect()
}

use UrlKind::{VoiceEvents as Events, VoiceInstruct as Instruct};

#[tokio::test]
async fn a_call_is_told_as_the_provider_tells_it() {
    let receiver = Receiver::start().await;
    let script = Script::default()
        .leg(A, Outcome::Busy)
        .leg(B, Outcome::Answers { after_seconds: 3 })
        .leg(C, Outcome::Answers { after_seconds: 5 });
    let carrier = Carrier::start(Config { script, ..receiver.config() }).await.unwrap();
    let response = Api::of(&carrier).call(&format!("{A}, {B},{C}"), Some("request-1")).await.unwrap();
    assert_eq!(response.status(), 200);
    let answer = json(response).await;
    assert_eq!(answer["errorMessage"], "None");
    assert_eq!(answer["entries"].as_array().unwrap().len(), 3);
    for (entry, phone) in answer["entries"].as_array().unwrap().iter().zip([A, B, C]) {
        assert_eq!(entry["phoneNumber"], phone);
        assert_eq!(entry["status"], "Queued");
        let session = entry["sessionId"].as_str().unwrap().strip_prefix("ATVId_").unwrap();
        assert!(session.len() == 32 && session.bytes().all(|byte| byte.is_ascii_hexdigit()), "{session}");
    }
    carrier.idle().await;

    let busy = [
        (Instruct, "0", "NotAnswered", "NotAnswered", "", "", false),
        (Events, "0", "NotAnswered", "NotAnswered", "USER_BUSY", "request-1", false),
    ];
    assert_eq!(rows(&receiver, A), expected(A, &busy));
    let answered = |recorded| {
        [
            (Events, "1", "Ringing", "", "", "request-1", false),
            (Instruct, "1", "Answered", "", "", "", false),
            (Events, "1", "Answered", "", "", "request-1", false),
            (Instruct, "0", "Completed", "Success", "", "", recorded),
            (Events, "0", "Completed", "Success", "NORMAL_CLEARING", "request-1", recorded),
        ]
    };
    assert_eq!(rows(&receiver, B), expected(B, &answered(true)), "the first leg that answers is recorded");
    assert_eq!(rows(&receiver, C), expected(C, &answered(false)));
    for received in receiver.received() {
        let fields = received.fields();
        assert_eq!(fields["destinationNumber"], "+254700000000");
        assert_eq!(fields["direction"], "Outbound");
        assert_eq!(
            (fields["callerCarrierName"].as_str(), fields["callerCountryCode"].as_str()),
            ("Safaricom", "254")
        );
        if fields["isActive"] == "0" {
            let talk = if fields["callerNumber"] == A { "0" } else { "45" };
            assert_eq!(
                (fields["durationInSeconds"].as_str(), fields["currencyCode"].as_str()),
                (talk, "KES")
            );
        }
    }
    let instructions = carrier.instructions();
    assert_eq!(instructions.len(), 2);
    for instruction in &instructions {
        assert_eq!((instruction.status, instruction.body.as_str()), (200, CALL_SCRIPT));
        let names: Vec<&str> = instruction.elements.iter().map(|element| element.name.as_str()).collect();
        assert_eq!(names, ["Say", "Conference"]);
    }
    let calls = carrier.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].legs.iter().map(|leg| leg.phone.as_str()).collect::<Vec<_>>(), [A, B, C]);
    carrier.stop().await;
}

#[tokio::test]
async fn start_times_come_in_three_spellings() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let phones: Vec<String> = (1..40).map(|n| format!("+2547000000{n:02}")).collect();
    Api::of(&carrier).call(&phones.join(","), None).await.unwrap();
    carrier.idle().await;
    let (mut plus, mut blank, mut none) = (0, 0, 0);
    for received in receiver.received() {
        let time = received.field("callStartTime");
        match (time.as_str(), time.as_bytes().get(10)) {
            ("None", _) => none += 1,
            (_, Some(b'+')) => plus += 1,
            (_, Some(b' ')) => blank += 1,
            _ => panic!("{time}"),
        }
        assert!(time == "None" || time.starts_with("2026-03-02"), "{time}");
    }
    assert!(plus > 0 && blank > 0 && none > 0, "{plus} {blank} {none}");
    carrier.stop().await;
}

#[tokio::test]
async fn one_leg_is_recorded_however_the_call_is_placed() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let api = Api::of(&carrier);
    for phone in [A, B, C] {
        api.call(phone, Some("conference")).await.unwrap();
    }
    carrier.idle().await;
    assert_eq!(carrier.recordings().len(), 1);
    carrier.set_script(Script { recording_leg: RecordingLeg::Phone(B.to_owned()), ..Script::default() });
    api.call(&[A, B].join(","), Some("chosen")).await.unwrap();
    carrier.set_script(Script { records: false, ..Script::default() });
    api.call(&[A, B].join(","), Some("none")).await.unwrap();
    carrier.idle().await;
    let recorded: Vec<String> = receiver
        .received()
        .iter()
        .filter(|received| !received.field("recordingUrl").is_empty() && received.kind == Events)
        .map(|received| format!("{} {}", received.field("clientRequestId"), received.field("callerNumber")))
        .collect();
    assert_eq!(recorded, [format!("conference {A}"), format!("chosen {B}")]);
    carrier.stop().await;
}

#[tokio::test]
async fn refusals_look_like_the_providers() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let api = Api::of(&carrier);

    let response = Api { key: "wrong", ..Api::of(&carrier) }.call(A, None).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["content-type"], "text/plain; charset=UTF-8");
    assert_eq!(response.text().await.unwrap(), "The supplied authentication is invalid");

    let answer = json(api.call(&format!("0700000001,{A}"), None).await.unwrap()).await;
    assert_eq!(
        answer["entries"][0],
        json!({ "phoneNumber": "0700000001", "status": "InvalidPhoneNumber", "sessionId": "None" })
    );
    assert_eq!(answer["entries"][1]["status"], "Queued");
    assert_eq!(answer["errorMessage"], "None");

    carrier.next_call_modes([
        ApiMode::Refuse("Insufficient balance".to_owned()),
        ApiMode::ServerError,
        ApiMode::Unauthorized,
        ApiMode::Drop { accepted: false },
        ApiMode::Drop { accepted: true },
    ]);
    let refused = api.call(A, None).await.unwrap();
    assert_eq!(refused.status(), 200);
    assert_eq!(json(refused).await, json!({ "entries": [], "errorMessage": "Insufficient balance" }));
    assert_eq!(api.call(A, None).await.unwrap().status(), 500);
    assert_eq!(api.call(A, None).await.unwrap().status(), 401);
    assert!(api.call(A, Some("dropped")).await.is_err());
    assert!(api.call(A, Some("placed")).await.is_err());
    assert_eq!(api.call(A, Some("after")).await.unwrap().status(), 200);
    carrier.idle().await;
    let placed: Vec<Option<String>> =
        carrier.calls().into_iter().map(|call| call.client_request_id).collect();
    assert_eq!(placed, [None, Some("placed".to_owned()), Some("after".to_owned())]);
    assert_eq!(carrier.call_requests(), 8);
    carrier.stop().await;
}

#[tokio::test]
async fn phones_call_in() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let session = carrier.call_in(A);
    carrier.idle().await;
    let received = receiver.received();
    assert_eq!(received.len(), 5);
    assert!(received.iter().all(|callback| {
        callback.field("direction") == "Inbound" && callback.field("sessionId") == session
    }));
    assert_eq!(carrier.instructions()[0].session_id, session);
    carrier.stop().await;
}

#[tokio::test]
async fn every_attempt_is_remembered_with_its_status() {
    let receiver = Receiver::start().await;
    receiver.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let api = Api::of(&carrier);
    api.call(A, None).await.unwrap();
    carrier.idle().await;
    let refused = carrier.deliveries();
    assert_eq!(refused.len(), 5, "an answer ends a delivery, whatever it is");
    assert!(refused.iter().all(|delivery| delivery.status == Some(503) && !delivery.is_acknowledged()));
    assert!(carrier.instructions().iter().all(|instruction| instruction.status == 503));

    receiver.answer_with(StatusCode::OK);
    api.call(B, None).await.unwrap();
    carrier.idle().await;
    let acknowledged: Vec<String> = carrier
        .deliveries()
        .into_iter()
        .filter(carrier::Delivery::is_acknowledged)
        .map(|it| it.body)
        .collect();
    let received: Vec<String> = receiver.received().into_iter().skip(5).map(|it| it.body).collect();
    assert_eq!(acknowledged, received);
    carrier.stop().await;
}

#[tokio::test]
async fn an_absent_service_is_tried_a_bounded_number_of_times() {
    let receiver = Receiver::start().await;
    // Bound and dropped, so nothing listens there.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut targets = receiver.targets.clone();
    targets.voice_instruct = Some(format!("http://{free}/instruct"));
    let pause = std::time::Duration::from_millis(1);
    let config = Config { targets, attempts_max: 3, retry_pause: pause, ..receiver.config() };
    let carrier = Carrier::start(config).await.unwrap();
    Api::of(&carrier).call(A, None).await.unwrap();
    carrier.idle().await;
    let attempts: Vec<(UrlKind, u32, Option<u16>)> =
        carrier.deliveries().iter().map(|it| (it.url_kind, it.attempt, it.status)).collect();
    let failed = [(Instruct, 1, None), (Instruct, 2, None), (Instruct, 3, None)];
    let sent = [(Events, 1, Some(200))];
    assert_eq!(attempts, [&sent[..], &failed, &sent, &failed, &sent].concat());
    assert!(carrier.instructions().is_empty());
    carrier.stop().await;
}
