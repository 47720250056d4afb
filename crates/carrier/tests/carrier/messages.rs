//! Messages, their reports, and what people write back.

use std::time::Duration;

use carrier::{ApiMode, Carrier, Config, Replies, Reply, Report, UrlKind};
use serde_json::json;

use crate::receiver::{Api, Receiver, json};

const A: &str = "+254700000001";
const B: &str = "+254700000002";
const C: &str = "+254700000003";
const ASK: &str = "Contract AGRI-2026-000001. Reply YES 4821 or NO 4821.";

fn replies() -> Replies {
    let mut replies = Replies::default();
    replies.phones.insert(A.to_owned(), Reply::yes());
    replies.phones.insert(B.to_owned(), Reply::Template("ndio  {code}".to_owned()));
    replies.phones.insert(C.to_owned(), Reply::custom(|sms| Some(format!("what is {}?", sms.text.len()))));
    replies
}

#[tokio::test]
async fn messages_are_taken_reported_and_answered() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(Config { replies: replies(), ..receiver.config() }).await.unwrap();
    let api = Api::of(&carrier);
    for phone in [A, B, C, "+254700000004"] {
        let response = api.text(phone, ASK).await.unwrap();
        assert_eq!(response.status(), 201);
        let answer = json(response).await;
        let id = carrier.messages().pop().unwrap().message_id;
        assert!(id.starts_with("ATXid_") && id.len() == 38, "{id}");
        assert_eq!(
            answer,
            json!({ "SMSMessageData": {
                "Message": "Sent to 1/1 Total Cost: KES 0.8000 Message parts: 1",
                "Recipients": [{
                    "cost": "KES 0.8000", "messageId": id, "number": phone, "status": "Success", "statusCode": 101,
                }],
            }})
        );
    }
    carrier.idle().await;
    let received = receiver.received();
    let mut answers: Vec<(String, String, String)> = received
        .iter()
        .filter(|it| it.kind == UrlKind::SmsIncoming)
        .map(|it| (it.field("from"), it.field("to"), it.field("text")))
        .collect();
    answers.sort();
    let expected = [(A, "YES 4821"), (B, "ndio  4821"), (C, "what is 53?")]
        .map(|(phone, text)| (phone.to_owned(), "+254700000000".to_owned(), text.to_owned()));
    assert_eq!(answers, expected);
    let mut reports: Vec<(String, String, String)> = received
        .iter()
        .filter(|it| it.kind == UrlKind::SmsDelivery)
        .map(|it| (it.field("id"), it.field("phoneNumber"), it.field("status")))
        .collect();
    reports.sort();
    let mut delivered: Vec<(String, String, String)> =
        carrier.messages().into_iter().map(|sms| (sms.message_id, sms.to, "Success".to_owned())).collect();
    delivered.sort();
    assert_eq!(reports, delivered);
    assert_eq!(carrier.messages().iter().map(|sms| sms.at_order).collect::<Vec<_>>(), [0, 1, 2, 3]);
    carrier.stop().await;
}

#[tokio::test]
async fn several_phones_share_one_request() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let to = format!("{A},0700000001,{B}");
    let form = [("username", "sandbox"), ("to", &to), ("message", ASK), ("from", "AHADI"), ("enqueue", "1")];
    let answer = json(Api::of(&carrier).post("sms/version1/messaging", &form).await.unwrap()).await;
    let data = &answer["SMSMessageData"];
    assert_eq!(data["Message"], "Sent to 2/3 Total Cost: KES 1.6000 Message parts: 1");
    let codes: Vec<i64> =
        data["Recipients"].as_array().unwrap().iter().map(|it| it["statusCode"].as_i64().unwrap()).collect();
    assert_eq!(codes, [102, 403, 102]);
    assert!(carrier.messages().iter().all(|sms| sms.from == "AHADI"));
    carrier.stop().await;
}

#[tokio::test]
async fn the_api_fails_in_every_way_it_can() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(Config { replies: replies(), ..receiver.config() }).await.unwrap();
    let api = Api::of(&carrier);
    carrier.next_sms_modes([
        ApiMode::Refuse("InvalidSenderId".to_owned()),
        ApiMode::Unauthorized,
        ApiMode::ServerError,
        ApiMode::Drop { accepted: false },
    ]);
    let refused = api.text(A, "1").await.unwrap();
    assert_eq!(refused.status(), 201);
    assert_eq!(
        json(refused).await,
        json!({ "SMSMessageData": { "Message": "InvalidSenderId", "Recipients": [] } })
    );
    let unauthorized = api.text(A, "2").await.unwrap();
    assert_eq!(unauthorized.status(), 401);
    assert_eq!(unauthorized.text().await.unwrap(), "The supplied authentication is invalid");
    assert_eq!(api.text(A, "3").await.unwrap().status(), 500);
    assert!(api.text(A, "4").await.is_err());
    assert!(carrier.messages().is_empty());

    carrier.set_sms_mode(ApiMode::Drop { accepted: true });
    assert!(api.text(A, "5 YES 0005").await.is_err());
    carrier.set_sms_mode(ApiMode::Normal);
    assert_eq!(api.text(A, "6").await.unwrap().status(), 201);
    carrier.idle().await;
    let taken: Vec<String> = carrier.messages().into_iter().map(|sms| sms.text).collect();
    assert_eq!(taken, ["5 YES 0005", "6"]);
    let answers: Vec<String> = receiver
        .received()
        .iter()
        .filter(|it| it.kind == UrlKind::SmsIncoming)
        .map(|it| it.field("text"))
        .collect();
    assert_eq!(answers, ["YES 0005"], "the sender was not told, but the phone got it");
    assert_eq!(carrier.sms_requests(), 6);
    carrier.stop().await;
}

#[tokio::test]
async fn a_hanging_api_ends_with_the_carrier() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    carrier.set_sms_mode(ApiMode::Hang { accepted: true });
    let api = Api::of(&carrier);
    let waiting = tokio::spawn(async move { api.text(A, "hello").await.map(|_| ()) });
    while carrier.messages().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    carrier.idle().await;
    assert!(!waiting.is_finished());
    carrier.stop().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn reports_say_what_they_are_told_to() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let api = Api::of(&carrier);
    for report in
        [Report::Failed(Some("DeliveryFailure".to_owned())), Report::Rejected(None), Report::Missing]
    {
        carrier.set_report(report);
        api.text(A, "hello").await.unwrap();
        carrier.idle().await;
    }
    let reports: Vec<(String, String)> =
        receiver.received().iter().map(|it| (it.field("status"), it.field("failureReason"))).collect();
    let expected =
        [("Failed", "DeliveryFailure"), ("Rejected", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(reports, expected);
    carrier.stop().await;
}

#[tokio::test]
async fn phones_write_on_their_own() {
    let receiver = Receiver::start().await;
    let carrier = Carrier::start(receiver.config()).await.unwrap();
    let id = carrier.text_in(A, " yes + ndiyo & 4821");
    carrier.idle().await;
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!((received[0].field("id"), received[0].field("text")), (id, " yes + ndiyo & 4821".to_owned()));
    assert_eq!(
        (received[0].field("from"), received[0].field("networkCode")),
        (A.to_owned(), "63902".to_owned())
    );
    carrier.stop().await;
}
