//! Answers of Africa's Talking as they were recorded, where the status says one thing and the body another; and what
//! lines, queues and files are asked for and answered with.
#![allow(clippy::unwrap_used)]

use contract::report::FailureReason;
use providers::africastalking::rest::{
    Queue, RestError, queue_status, read_call, read_queues, read_sms, read_transfer, read_uploaded,
    upload_media,
};
use providers::script::Address;
use providers::tryvox::rest as tryvox;

const INVALID_SENDER: &[u8] = br#"{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}"#;
const WRONG_KEY: &[u8] = b"The supplied authentication is invalid";
const QUEUED: &[u8] = br#"{"entries":[{"phoneNumber":"+254720123123","status":"Queued","sessionId":"ATVId_b1ad0dc21e85d5afdd33aeb4e8b87b17"}],"errorMessage":"None"}"#;
const TRANSFERRED: &[u8] = br#"{"callTransferResponse":{"errorMessage":"None","status":"Success"}}"#;
const NO_QUEUES: &[u8] = br#"{"entries":[],"errorMessage":"None","status":"Success"}"#;

/// 201, and yet nobody was sent anything.
#[test]
fn status_201_with_invalid_sender_id_is_a_refusal() {
    assert_eq!(read_sms(201, INVALID_SENDER), Err(RestError::Refused(FailureReason::InvalidSender)));
}

/// The body of a 401 is no JSON, whatever was asked for.
#[test]
fn status_401_comes_as_plain_text() {
    let refused = Some(RestError::Unauthorized);
    assert_eq!(read_call(401, WRONG_KEY).err(), refused);
    assert_eq!(read_sms(401, WRONG_KEY).err(), refused);
    assert_eq!(read_transfer(401, WRONG_KEY).err(), refused);
    assert_eq!(read_queues(401, WRONG_KEY).err(), refused);
    assert_eq!(read_uploaded(401, WRONG_KEY).err(), refused);
}

/// The word `None` in place of an error is success; any other word is not, under the same status.
#[test]
fn error_message_none_means_success() {
    let answer = read_call(200, QUEUED).unwrap();
    assert_eq!((answer.error_message.as_deref(), answer.refusal()), (None, None));
    assert_eq!(read_transfer(200, TRANSFERRED), Ok(()));
    assert_eq!(read_queues(200, NO_QUEUES), Ok(Vec::new()));
    let other =
        |body: &[u8]| String::from_utf8(body.to_vec()).unwrap().replace("None", "Insufficient balance");
    let refused = RestError::Refused(FailureReason::InsufficientCredit);
    assert_eq!(read_transfer(200, other(TRANSFERRED).as_bytes()), Err(refused));
    assert_eq!(read_queues(200, other(NO_QUEUES).as_bytes()), Err(refused));
}

#[test]
fn queues_as_asked_and_answered() {
    let request = queue_status("ahadi", "key-1", &["+254700000001", "+254700000002"], Some("sales"));
    assert_eq!((request.base(), request.path), ("https://voice.africastalking.com", "/queueStatus"));
    let body = "username=ahadi&phoneNumbers=%2B254700000001%2C%2B254700000002&name=sales";
    assert_eq!(request.body(), body);

    let queue = |line: &str, name: Option<&str>, calls| Queue {
        line: line.to_owned(),
        name: name.map(str::to_owned),
        calls,
    };
    for (body, expected) in [
        (
            r#"{"entries":[{"phoneNumber":"+254700000001","queueName":"sales","numCalls":2},{"phoneNumber":"+254700000001","queueName":"","numCalls":"0"}],"errorMessage":"None","status":"Success"}"#,
            Ok(vec![queue("+254700000001", Some("sales"), 2), queue("+254700000001", None, 0)]),
        ),
        (r#"{"errorMessage":"None"}"#, Err(RestError::Unreadable { status: 200 })),
        (
            r#"{"entries":[{"phoneNumber":"+254700000001"}],"errorMessage":"None"}"#,
            Err(RestError::Unreadable { status: 200 }),
        ),
        ("OK", Err(RestError::Unreadable { status: 200 })),
    ] {
        assert_eq!(read_queues(200, body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn files_as_handed_over_and_answered() {
    let file = Address::new("https://files.example.com/notice.mp3").unwrap();
    let request = upload_media("ahadi", "key-1", &file, "+254700000001");
    assert_eq!(request.path, "/mediaUpload");
    let body = "username=ahadi&url=https%3A%2F%2Ffiles.example.com%2Fnotice.mp3&phoneNumber=%2B254700000001";
    assert_eq!(request.body(), body);

    // Only 201 counts, and it counts whatever stands behind it.
    for (status, body, expected) in [
        (201, "", Ok(())),
        (201, "The request has been fulfilled", Ok(())),
        (200, "{}", Err(RestError::Refused(FailureReason::Other))),
        (
            200,
            r#"{"errorMessage":"Invalid phone number"}"#,
            Err(RestError::Refused(FailureReason::InvalidNumber)),
        ),
        (200, "OK", Err(RestError::Unreadable { status: 200 })),
        (503, "", Err(RestError::Provider { status: 503 })),
    ] {
        assert_eq!(read_uploaded(status, body.as_bytes()), expected, "{status} {body}");
    }
}

#[test]
fn calls_of_tryvox_are_passed_on_and_recorded() {
    let account = tryvox::Account { auth_id: "AC000001".to_owned(), api_key: "tvx_sk_test_0000".to_owned() };
    let to = "+254700000011".parse().unwrap();
    for (request, line, body) in [
        (
            tryvox::transfer(&account, "c-1", &to),
            "POST /accounts/AC000001/calls/c-1/transfer",
            Some(r#"{"to":"+254700000011"}"#),
        ),
        (
            tryvox::start_recording(&account, "c-1"),
            "POST /accounts/AC000001/calls/c-1/record",
            Some(r#"{"format":"mp3"}"#),
        ),
        (tryvox::stop_recording(&account, "c-1"), "DELETE /accounts/AC000001/calls/c-1/record", None),
    ] {
        assert_eq!(format!("{} {}", request.method, request.path), line);
        assert_eq!(request.body.as_deref(), body, "{line}");
    }
    let transferring = br#"{"transfer_uuid":"850e8400-e29b-41d4-a716-446655440000","status":"transferring","to":"+14155559999"}"#;
    let recording =
        br#"{"recording_uuid":"950e8400-e29b-41d4-a716-446655440000","status":"recording","format":"mp3"}"#;
    let read = (tryvox::read_transferring(200, transferring), tryvox::read_recording(200, recording));
    let id = |first: &str| Ok(format!("{first}50e8400-e29b-41d4-a716-446655440000"));
    assert_eq!(read, (id("8"), id("9")));
    let gone = br#"{"error":"call_already_ended","message":"no"}"#;
    let reason = tryvox::read_transferring(404, gone).unwrap_err().reason();
    assert_eq!(reason, FailureReason::NotFound);
}
