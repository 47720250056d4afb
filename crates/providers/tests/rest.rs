//! Requests as they go out, and answers as they come back.
#![allow(clippy::unwrap_used)]

use contract::phone::{Country, Phone};
use contract::report::{FailureReason, LegStatus};
use providers::africastalking::rest::{
    CallLeg, RestError, call, read_call, read_sms, read_transfer, send_sms, transfer,
};
use providers::script::Address;

fn phone(last: &str) -> Phone {
    Phone::read(&format!("+2547000000{last}"), Country::KENYA).unwrap()
}

#[test]
fn a_call_request_as_it_goes_out() {
    let request = call("ahadi", "key-1", "+254700000001", &[phone("11"), phone("12")], Some("dial-1"));
    assert_eq!(
        (request.method, request.base(), request.path),
        ("POST", "https://voice.africastalking.com", "/call")
    );
    assert_eq!(
        request.body(),
        "username=ahadi&from=%2B254700000001&to=%2B254700000011%2C%2B254700000012&clientRequestId=dial-1"
    );
    assert!(request.headers.contains(&("apikey", "key-1".to_owned())));
    assert!(request.headers.contains(&("accept", "application/json".to_owned())));
    let without = call("sandbox", "key-1", "+254700000001", &[phone("11")], None);
    assert_eq!(without.base(), "https://voice.sandbox.africastalking.com");
    assert_eq!(without.body(), "username=sandbox&from=%2B254700000001&to=%2B254700000011");
}

#[test]
fn a_message_request_as_it_goes_out() {
    let request = send_sms("ahadi", "key-1", Some("AHADI"), &[phone("11")], "Jibu NDIO & 4821");
    assert_eq!((request.base(), request.path), ("https://api.africastalking.com", "/version1/messaging"));
    assert_eq!(
        request.body(),
        "username=ahadi&to=%2B254700000011&message=Jibu+NDIO+%26+4821&from=AHADI&bulkSMSMode=1&enqueue=1"
    );
}

#[test]
fn a_transfer_request_as_it_goes_out() {
    let music = Address::new("https://audio.example.com/wait.mp3").unwrap();
    let request = transfer("ahadi", "key-1", "ATVId_1", &phone("12"), Some(CallLeg::Caller), Some(&music));
    assert_eq!(request.path, "/callTransfer");
    assert_eq!(
        request.body(),
        "username=ahadi&sessionId=ATVId_1&phoneNumber=%2B254700000012&callLeg=caller\
         &holdMusicUrl=https%3A%2F%2Faudio.example.com%2Fwait.mp3"
    );
}

#[test]
fn debug_shows_neither_key_nor_number() {
    let request = call("ahadi", "key-1", "+254700000001", &[phone("11")], None);
    assert_eq!(format!("{request:?}"), "Request(POST https://voice.africastalking.com/call)");
    let body = br#"{"entries":[{"phoneNumber":"+254700000011","status":"Queued","sessionId":"ATVId_1"}],"errorMessage":"x 254700000011"}"#;
    let answer = format!("{:?}", read_call(200, body).unwrap());
    assert!(!answer.contains("2547"), "{answer}");
}

/// The two legs, and why the request as a whole was refused.
type Told<'a> = ([(LegStatus, Option<&'a str>); 2], Option<FailureReason>);

/// What an answer to a call says of two parties, ..11 and ..12, and of the request as a whole.
fn check_call(status: u16, body: &str, expected: Result<Told<'_>, RestError>) {
    let answer = read_call(status, body.as_bytes());
    let legs = answer.as_ref().map(|answer| answer.legs(&[phone("11"), phone("12")])).unwrap_or_default();
    let read = answer.map(|answer| {
        assert_eq!(legs.iter().map(|leg| leg.party).collect::<Vec<_>>(), [0, 1]);
        ([&legs[0], &legs[1]].map(|leg| (leg.status, leg.call_id.as_deref())), answer.refusal())
    });
    assert_eq!(read, expected, "{status} {body}");
}

#[test]
fn answers_to_calls_are_judged_by_their_body() {
    use LegStatus::*;
    let both = r#"{"entries":[{"phoneNumber":"+254700000011","status":"Queued","sessionId":"ATVId_1"},
        {"phoneNumber":"+254700000012","status":"Queued","sessionId":"ATVId_2"}],"errorMessage":"None"}"#;
    check_call(200, both, Ok(([(Queued, Some("ATVId_1")), (Queued, Some("ATVId_2"))], None)));
    check_call(201, both, Ok(([(Queued, Some("ATVId_1")), (Queued, Some("ATVId_2"))], None)));
    let turned = r#"{"errorMessage":"None","entries":[
        {"sessionId":"None","status":"DestinationNotSupported","phoneNumber":"254700000012"},
        {"sessionId":"ATVId_1","status":"queued","phoneNumber":"+254700000011"}]}"#;
    check_call(200, turned, Ok(([(Queued, Some("ATVId_1")), (NotSupported, None)], None)));
    let words = r#"{"entries":[{"phoneNumber":"+254700000011","status":"InvalidPhoneNumber"},
        {"phoneNumber":"+254700000012","status":"InsufficientCredit","sessionId":""}]}"#;
    check_call(200, words, Ok(([(InvalidNumber, None), (InsufficientCredit, None)], None)));
    let one = r#"{"entries":[{"phoneNumber":"+254700000012","status":"OnHoliday"}],"errorMessage":"None"}"#;
    check_call(200, one, Ok(([(Refused, None), (Refused, None)], None)));
    for (message, reason) in [
        ("Insufficient balance", FailureReason::InsufficientCredit),
        ("Invalid phone number", FailureReason::InvalidNumber),
        ("Something new", FailureReason::Other),
    ] {
        let body = format!(r#"{{"entries":[],"errorMessage":"{message}"}}"#);
        check_call(200, &body, Ok(([(Refused, None), (Refused, None)], Some(reason))));
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    check_call(401, "The supplied authentication is invalid", Err(RestError::Unauthorized));
    check_call(
        400,
        "The supplied authentication is invalid",
        Err(RestError::Refused(FailureReason::Unauthorized)),
    );
    check_call(502, "<html>", Err(RestError::Provider { status: 502 }));
    check_call(429, "{}", Err(RestError::Provider { status: 429 }));
    check_call(200, "OK", Err(RestError::Unreadable { status: 200 }));
    check_call(200, "{}", Err(RestError::Unreadable { status: 200 }));
    check_call(200, "[]", Err(RestError::Unreadable { status: 200 }));
    assert_eq!(RestError::Unauthorized.reason(), FailureReason::Unauthorized);
    assert_eq!(RestError::Provider { status: 502 }.reason(), FailureReason::ProviderError);
    assert_eq!(RestError::Unreadable { status: 200 }.reason(), FailureReason::UnreadableAnswer);
}

#[test]
fn every_status_code_of_a_recipient() {
    use FailureReason::*;
    for (code, expected) in [
        (100, Ok(())),
        (101, Ok(())),
        (102, Ok(())),
        (199, Ok(())),
        (401, Err(Other)),
        (402, Err(InvalidSender)),
        (403, Err(InvalidNumber)),
        (404, Err(InvalidNumber)),
        (405, Err(InsufficientCredit)),
        (406, Err(OptedOut)),
        (407, Err(ProviderError)),
        (408, Err(Other)),
        (409, Err(OptedOut)),
        (500, Err(ProviderError)),
        (501, Err(ProviderError)),
        (502, Err(ProviderError)),
    ] {
        let body = format!(
            r#"{{"SMSMessageData":{{"Message":"Sent to 1/1","Recipients":[{{"statusCode":{code},"number":"+254700000011",
            "messageId":"ATXid_1","cost":"KES 0.8000","status":"x"}}]}}}}"#
        );
        let recipients = read_sms(201, body.as_bytes()).unwrap();
        assert_eq!(recipients[0].outcome(), expected, "{code}");
        assert_eq!(recipients[0].message_id.as_deref(), Some("ATXid_1"));
        assert_eq!(recipients[0].cost.as_deref(), Some("KES 0.8000"));
        assert!(!format!("{recipients:?}").contains("2547"));
    }
}

#[test]
fn a_message_nobody_took_is_an_error_whatever_the_status_says() {
    let refused =
        |message: &str| format!(r#"{{"SMSMessageData":{{"Message":"{message}","Recipients":[]}}}}"#);
    for (status, body, expected) in [
        (201, refused("InvalidSenderId"), RestError::Refused(FailureReason::InvalidSender)),
        (201, refused("Insufficient Balance"), RestError::Refused(FailureReason::InsufficientCredit)),
        (200, refused("None"), RestError::Unreadable { status: 200 }),
        (200, "{}".to_owned(), RestError::Unreadable { status: 200 }),
        (401, "The supplied authentication is invalid".to_owned(), RestError::Unauthorized),
        (500, refused("InvalidSenderId"), RestError::Provider { status: 500 }),
    ] {
        assert_eq!(read_sms(status, body.as_bytes()), Err(expected), "{status} {body}");
    }
    let text_code = br#"{"SMSMessageData":{"Recipients":[{"statusCode":"403","number":"1","messageId":"None","cost":"0"}]}}"#;
    let recipients = read_sms(201, text_code).unwrap();
    assert_eq!((recipients[0].status_code, recipients[0].message_id.as_deref()), (403, None));
}

#[test]
fn transfers_answer_nested_or_flat() {
    for (body, expected) in [
        (r#"{"callTransferResponse":{"errorMessage":"None","status":"Success"}}"#, Ok(())),
        (r#"{"errorMessage":"None","status":"Success"}"#, Ok(())),
        (
            r#"{"callTransferResponse":{"errorMessage":"None","status":"Aborted"}}"#,
            Err(RestError::Refused(FailureReason::Other)),
        ),
        (
            r#"{"callTransferResponse":{"errorMessage":"InvalidPhoneNumber","status":"Aborted"}}"#,
            Err(RestError::Refused(FailureReason::InvalidNumber)),
        ),
        ("{}", Err(RestError::Unreadable { status: 200 })),
    ] {
        assert_eq!(read_transfer(200, body.as_bytes()), expected, "{body}");
    }
}
