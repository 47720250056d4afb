//! Sending messages: what is journaled for every way it can end.

use carrier::{ApiMode, Config};
use contract::entity::Entity;
use contract::provider::Provider;
use contract::report::{FailureReason, Receipt, Report};
use effects::account::Account;
use effects::message::Messenger;

use crate::canned::Canned;
use crate::stage::{
    Stage, WANJIKU, account, account_at, carrier, client, closed_port, contract_asking, message_task,
};

const TEXT: &str = "Mkataba AGRI-2026-000001: mahindi kilo 500. Jibu NDIO 4821 au HAPANA 4821";

/// One attempt, and all that was journaled.
async fn attempt(account: Account, state: &Entity) -> Vec<Report> {
    let stage = Stage::set().await;
    let messenger = Messenger::new(stage.door.clone(), client(), account);
    let last = messenger.attempt(&message_task(), state).await.unwrap();
    let reports = stage.reports().await;
    assert_eq!(last.is_some(), !reports.is_empty());
    reports
}

fn asking() -> Entity {
    contract_asking(Some(WANJIKU), Some(TEXT), "requested", 0)
}

fn attempted() -> Report {
    Report::MessageAttempted(message_task())
}

fn failed(reason: FailureReason, again: bool) -> Report {
    Report::MessageFailed { task: message_task(), reason, again, receipt: None }
}

fn receipt(code: u16, cost: Option<&str>, currency: Option<&str>) -> Option<Receipt> {
    Some(Receipt { code, cost: cost.map(str::to_owned), currency: currency.map(str::to_owned) })
}

#[tokio::test]
async fn a_message_arrives_and_is_known_by_its_id() {
    let carrier = carrier(Config::default()).await;
    let reports = attempt(Account { sender: Some("AHADI".to_owned()), ..account(&carrier) }, &asking()).await;
    let sms = carrier.messages().pop().unwrap();
    assert_eq!((sms.to.as_str(), sms.from.as_str(), sms.text.as_str()), (WANJIKU, "AHADI", TEXT));
    let accepted = Report::MessageAccepted {
        task: message_task(),
        provider: Provider::AfricasTalking,
        message_id: sms.message_id,
        cost: Some("KES 0.8000".to_owned()),
        receipt: receipt(102, Some("0.8000"), Some("KES")),
    };
    assert_eq!(reports, [attempted(), accepted]);
}

#[tokio::test]
async fn every_failure_has_its_word_and_says_whether_to_try_again() {
    let refuse = |word: &str| ApiMode::Refuse(word.to_owned());
    for (mode, reason, again, arrived) in [
        (ApiMode::Unauthorized, FailureReason::Unauthorized, true, 0),
        (refuse("InvalidSenderId"), FailureReason::InvalidSender, true, 0),
        (refuse("InsufficientBalance"), FailureReason::InsufficientCredit, true, 0),
        (refuse("UserInBlacklist"), FailureReason::OptedOut, false, 0),
        (refuse("InvalidPhoneNumber"), FailureReason::InvalidNumber, false, 0),
        (refuse("SomethingNew"), FailureReason::Other, false, 0),
        (ApiMode::ServerError, FailureReason::ProviderError, true, 0),
        (ApiMode::Hang { accepted: true }, FailureReason::UnknownOutcome, true, 1),
        (ApiMode::Hang { accepted: false }, FailureReason::UnknownOutcome, true, 0),
        (ApiMode::Drop { accepted: true }, FailureReason::UnknownOutcome, true, 1),
        (ApiMode::Drop { accepted: false }, FailureReason::UnknownOutcome, true, 0),
    ] {
        let carrier = carrier(Config { sms_mode: mode.clone(), ..Config::default() }).await;
        let reports = attempt(account(&carrier), &asking()).await;
        assert_eq!(reports, [attempted(), failed(reason, again)], "{mode:?}");
        assert_eq!((carrier.sms_requests(), carrier.messages().len()), (1, arrived), "{mode:?}");
        carrier.stop().await;
    }
}

#[tokio::test]
async fn answers_are_judged_by_their_body() {
    let json = "application/json";
    let one = |code: u16, id: &str| {
        format!(
            r#"{{"SMSMessageData":{{"Message":"Sent to 1/1","Recipients":[{{"statusCode":{code},"number":"{WANJIKU}","messageId":"{id}"}}]}}}}"#
        )
    };
    let huge = format!("[{}]", "0,".repeat(200_000));
    for (status, content_type, body, reason, again) in [
        ("201 Created", json, one(406, "None"), FailureReason::OptedOut, false),
        ("201 Created", json, one(403, "None"), FailureReason::InvalidNumber, false),
        ("201 Created", json, one(405, "None"), FailureReason::InsufficientCredit, true),
        ("201 Created", json, one(501, "None"), FailureReason::ProviderError, true),
        ("201 Created", json, one(101, "None"), FailureReason::UnreadableAnswer, false),
        ("201 Created", json, "{}".to_owned(), FailureReason::UnreadableAnswer, false),
        ("200 OK", "text/html", "<html>".to_owned(), FailureReason::UnreadableAnswer, false),
        ("201 Created", json, huge, FailureReason::UnreadableAnswer, false),
        ("400 Bad Request", "text/plain", "no such field".to_owned(), FailureReason::Other, false),
        ("403 Forbidden", "text/plain", String::new(), FailureReason::Unauthorized, true),
        ("429 Too Many Requests", "text/plain", String::new(), FailureReason::ProviderError, true),
        ("502 Bad Gateway", "text/html", "<html>".to_owned(), FailureReason::ProviderError, true),
    ] {
        let server = Canned::answering(status, content_type, &body).await;
        let reports = attempt(account_at("", &server.url()), &asking()).await;
        // Where the answer names the receiver, its code is kept.
        let code = body.split("\"statusCode\":").nth(1).and_then(|rest| rest[..3].parse().ok());
        let receipt = code.and_then(|code| receipt(code, None, None));
        let failed = Report::MessageFailed { task: message_task(), reason, again, receipt };
        assert_eq!(reports, [attempted(), failed], "{status} {body:.80}");
        assert_eq!(server.connections(), 1, "{status}");
    }
}

/// Others stand in the answer too: only what is said of the number that was asked for counts.
#[tokio::test]
async fn one_receiver_among_others_has_its_own_result() {
    let answer = |own: &str| {
        format!(
            r#"{{"SMSMessageData":{{"Message":"Sent to 1/2 Total Cost: USD 0.0079","Recipients":[
            {{"statusCode":403,"number":"+254700000099","messageId":"None","cost":"0","status":"InvalidPhoneNumber"}},{own}]}}}}"#
        )
    };
    let own = |code: u16, id: &str, cost: &str| {
        format!(r#"{{"statusCode":{code},"number":"{WANJIKU}","messageId":"{id}","cost":"{cost}"}}"#)
    };
    let server =
        Canned::answering("201 Created", "application/json", &answer(&own(101, "ATXid_9", "KES 1.6000")))
            .await;
    let reports = attempt(account_at("", &server.url()), &asking()).await;
    let accepted = Report::MessageAccepted {
        task: message_task(),
        provider: Provider::AfricasTalking,
        message_id: "ATXid_9".to_owned(),
        cost: Some("KES 1.6000".to_owned()),
        receipt: receipt(101, Some("1.6000"), Some("KES")),
    };
    assert_eq!(reports, [attempted(), accepted]);
    let server = Canned::answering("201 Created", "application/json", &answer(&own(406, "None", "0"))).await;
    let reports = attempt(account_at("", &server.url()), &asking()).await;
    let (reason, receipt) = (FailureReason::OptedOut, receipt(406, Some("0"), None));
    assert_eq!(
        reports,
        [attempted(), Report::MessageFailed { task: message_task(), reason, again: false, receipt }]
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_or_breaks_off() {
    let port = closed_port().await;
    let reports = attempt(account_at("", &format!("http://127.0.0.1:{port}")), &asking()).await;
    assert_eq!(reports, [attempted(), failed(FailureReason::Unreachable, true)]);
    for bytes in ["", "HTTP/1.1 201 Created\r\n", "HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{"] {
        let server = Canned::start(bytes).await;
        let reports = attempt(account_at("", &server.url()), &asking()).await;
        assert_eq!(reports, [attempted(), failed(FailureReason::UnknownOutcome, true)], "{bytes:?}");
        assert_eq!(server.connections(), 1, "a request is never repeated by itself");
    }
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect() {
    let thief = Canned::answering("201 Created", "application/json", "{}").await;
    let server = Canned::redirecting(&thief.url()).await;
    let reports = attempt(account_at("", &server.url()), &asking()).await;
    assert_eq!(reports, [attempted(), failed(FailureReason::UnreadableAnswer, true)]);
    assert_eq!((server.connections(), thief.connections()), (1, 0));
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_attempted() {
    for (to, text, reason) in [
        (Some(WANJIKU), None, FailureReason::Other),
        (None, Some(TEXT), FailureReason::Other),
        (Some("0700000001"), Some(TEXT), FailureReason::InvalidNumber),
    ] {
        let carrier = carrier(Config::default()).await;
        let reports = attempt(account(&carrier), &contract_asking(to, text, "requested", 0)).await;
        assert_eq!(reports, [failed(reason, false)]);
        assert_eq!(carrier.sms_requests(), 0);
    }
}

#[tokio::test]
async fn what_is_done_or_further_is_left_alone() {
    let carrier = carrier(Config::default()).await;
    let another = Entity::from_json(r#"{"call":{}}"#).unwrap();
    for state in [
        contract_asking(Some(WANJIKU), Some(TEXT), "accepted", 0),
        contract_asking(Some(WANJIKU), Some(TEXT), "failed", 0),
        contract_asking(Some(WANJIKU), Some(TEXT), "requested", 1),
        contract_asking(Some(WANJIKU), Some(TEXT), "attempted", 1),
        another,
    ] {
        assert_eq!(attempt(account(&carrier), &state).await, []);
    }
    assert_eq!(carrier.sms_requests(), 0);
}

#[tokio::test]
async fn nothing_is_sent_that_was_not_journaled_before() {
    let (stage, carrier) = (Stage::set().await, carrier(Config::default()).await);
    let messenger = Messenger::new(stage.door.clone(), client(), account(&carrier));
    stage.journal().close().await;
    assert!(messenger.attempt(&message_task(), &asking()).await.is_err());
    assert_eq!(carrier.sms_requests(), 0);
}
