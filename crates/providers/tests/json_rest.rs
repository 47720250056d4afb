//! Requests to MiniVoice and TryVox, and the answers their documents show.
#![allow(clippy::unwrap_used)]

use contract::phone::Phone;
use contract::report::FailureReason;
use providers::minivoice::rest as minivoice;
use providers::request::ApiRequest;
use providers::script::{Address, Label};
use providers::tryvox::rest as tryvox;
use tryvox::Account;

const KEY: &str = "tvx_sk_test_0000";

fn account() -> Account {
    Account { auth_id: "AC000001".to_owned(), api_key: KEY.to_owned() }
}

fn phone() -> Phone {
    "+254700000011".parse().unwrap()
}

#[track_caller]
fn check(request: &ApiRequest, line: &str, body: Option<&str>) {
    assert_eq!(format!("{} {}{}", request.method, request.base, request.path), line);
    assert_eq!(request.body.as_deref(), body);
    let header =
        |name: &str| request.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
    assert_eq!(header("authorization"), Some(format!("Bearer {KEY}")));
    assert_eq!(header("content-type").is_some(), body.is_some());
    let shown = format!("{request:?}");
    assert!(!shown.contains("2547") && !shown.contains(KEY), "{shown}");
}

#[test]
fn requests_to_minivoice() {
    check(
        &minivoice::create_call(
            KEY,
            "+254700000001",
            &phone(),
            &[("conference_id", "ATVoice_1")],
            Some(true),
        ),
        "POST https://api.minivoice.eu/v1/calls",
        Some(
            r#"{"from":"+254700000001","to":"+254700000011","metadata":{"conference_id":"ATVoice_1"},"record":true}"#,
        ),
    );
    check(
        &minivoice::create_call(KEY, "+254700000001", &phone(), &[], None),
        "POST https://api.minivoice.eu/v1/calls",
        Some(r#"{"from":"+254700000001","to":"+254700000011"}"#),
    );
    check(&minivoice::get_call(KEY, "call_123"), "GET https://api.minivoice.eu/v1/calls/call_123", None);
    check(&minivoice::get_call(KEY, "../x?"), "GET https://api.minivoice.eu/v1/calls/..%2Fx%3F", None);
    check(
        &minivoice::record(KEY, "call_123", minivoice::Recorder::Stop),
        "POST https://api.minivoice.eu/v1/calls/call_123/recordings",
        Some(r#"{"action":"stop"}"#),
    );
}

#[test]
fn answers_of_minivoice() {
    let placed = br#"{"id":"call_20260529T120000.000000000","status":"dialing","direction":"outbound","from":"+15551230001","to":"+15551230002","metadata":{"record":true},"route_mode":"webhook"}"#;
    let call = minivoice::read_call(201, placed).unwrap();
    assert_eq!((&*call.id, &*call.status), ("call_20260529T120000.000000000", "dialing"));
    assert!(!format!("{call:?}").contains("+1555"));
    let asked = br#"{"id":"call_123","status":"completed","direction":"outbound","from":"+15551230001","to":"+15551230002"}"#;
    assert_eq!(minivoice::read_call(200, asked).unwrap().direction.as_deref(), Some("outbound"));

    let started = br#"{"data":{"call_id":"call_123","action":"start","recording":{"id":"rec_call_123","call_id":"call_123","status":"started","storage_type":"local","file_url":"","duration_seconds":0,"size_bytes":0}}}"#;
    let recording = minivoice::read_recording(200, started).unwrap();
    assert_eq!((&*recording.id, &*recording.status, recording.address()), ("rec_call_123", "started", None));
}

#[test]
fn refusals_of_minivoice() {
    use FailureReason as R;
    use minivoice::Code as C;
    let coded = |code: &str| format!("{{\"error\":{{\"code\":\"{code}\",\"message\":\"x\"}}}}");
    for (status, body, code, reason) in [
        (402, coded("insufficient_balance"), C::InsufficientBalance, R::InsufficientCredit),
        (404, coded("recording_not_started"), C::RecordingNotStarted, R::NotFound),
        (409, coded("conference_unavailable"), C::ConferenceUnavailable, R::ConferenceUnavailable),
        (400, coded("rate_not_found"), C::RateNotFound, R::Other),
        (429, coded("cps_limit_reached"), C::CpsLimitReached, R::ProviderError),
        (502, coded("originate_failed"), C::OriginateFailed, R::ProviderError),
        (403, coded("something_new"), C::Other, R::InsufficientCredit),
        (401, "not json".to_owned(), C::Other, R::Unauthorized),
        (500, String::new(), C::Other, R::ProviderError),
    ] {
        let refused = minivoice::read_call(status, body.as_bytes()).unwrap_err();
        assert_eq!(refused, minivoice::RestError::Refused { status, code });
        assert_eq!(refused.reason(), reason, "{refused}");
    }
    let unreadable = minivoice::read_call(200, b"{}").unwrap_err();
    assert_eq!(unreadable.reason(), R::UnreadableAnswer);
}

#[test]
fn requests_to_tryvox() {
    let base = "https://api.tryvox.io/v1/voice/accounts/AC000001";
    let (account, name) = (account(), "support-room-1");
    let line = |method: &str, below: &str| format!("{method} {base}/conferences{below}");
    check(&tryvox::list_conferences(&account), &line("GET", ""), None);
    check(&tryvox::get_conference(&account, name), &line("GET", "/support-room-1"), None);
    check(&tryvox::end_conference(&account, name), &line("DELETE", "/support-room-1"), None);
    check(&tryvox::mute(&account, name, "m2"), &line("POST", "/support-room-1/members/m2/mute"), None);
    check(&tryvox::unmute(&account, name, "m2"), &line("POST", "/support-room-1/members/m2/unmute"), None);
    check(&tryvox::kick(&account, name, "m/3"), &line("POST", "/support-room-1/members/m%2F3/kick"), None);
    let (text, voice) =
        ("This call is being recorded for quality assurance.", Label::new("en-US-Neural-Jenny").unwrap());
    check(
        &tryvox::speak(&account, name, text, Some(&voice)),
        &line("POST", "/support-room-1/speak"),
        Some(r#"{"text":"This call is being recorded for quality assurance.","voice":"en-US-Neural-Jenny"}"#),
    );
    check(
        &tryvox::play(&account, name, &Address::new("https://example.com/announcement.mp3").unwrap()),
        &line("POST", "/support-room-1/play"),
        Some(r#"{"url":"https://example.com/announcement.mp3"}"#),
    );
    let order = tryvox::CallOrder {
        from: "+254700000001".to_owned(),
        to: phone(),
        answer: Address::new("https://example.com/answer").unwrap(),
        ring: None,
        hangup: Some(Address::new("https://example.com/hangup").unwrap()),
        ring_timeout_s: Some(60),
        time_limit_s: None,
    };
    check(
        &tryvox::make_call(&account, &order),
        &format!("POST {base}/calls"),
        Some(
            r#"{"from":"+254700000001","to":"+254700000011","answer_url":"https://example.com/answer","answer_method":"POST","hangup_url":"https://example.com/hangup","ring_timeout":60}"#,
        ),
    );
    check(&tryvox::list_calls(&account, 0, 500), &format!("GET {base}/calls?page=1&per_page=100"), None);
    check(&tryvox::get_call(&account, "650e"), &format!("GET {base}/calls/650e"), None);
    check(&tryvox::hang_up(&account, "650e"), &format!("DELETE {base}/calls/650e"), None);
}

/// The answers of the source document.
#[test]
fn answers_of_tryvox_about_conferences() {
    let list = br#"{"conferences":[{"name":"support-room-1","status":"in-progress","members":3,"created_at":"2026-04-09T10:30:00Z"},{"name":"sales-call-abc123","status":"in-progress","members":2,"created_at":"2026-04-09T11:15:00Z"}]}"#;
    let rooms = tryvox::read_conferences(200, list).unwrap();
    assert_eq!((rooms.len(), &*rooms[1].name, rooms[0].members), (2, "sales-call-abc123", 3));
    let one = br#"{"name":"support-room-1","status":"in-progress","created_at":"2026-04-09T10:30:00Z","members":[{"member_id":"m2","call_uuid":"750e8400-e29b-41d4-a716-446655440001","number":"+14155556789","muted":true,"hold":false,"joined_at":"2026-04-09T10:31:15Z"}]}"#;
    let conference = tryvox::read_conference(200, one).unwrap();
    assert_eq!((&*conference.members[0].member_id, conference.members[0].muted), ("m2", true));
    assert!(!format!("{conference:?}").contains("+1415"));
    let muted = tryvox::read_muted(200, br#"{"member_id":"m2","muted":false}"#).unwrap();
    assert_eq!((&*muted.member_id, muted.muted), ("m2", false));
    assert_eq!(tryvox::read_kicked(200, br#"{"member_id":"m3","status":"kicked"}"#).unwrap(), "m3");
    tryvox::read_kicked(200, br#"{"member_id":"m3","status":"muted"}"#).unwrap_err();
    let speaking = br#"{"speak_uuid":"d50e8400-e29b-41d4-a716-446655440000","status":"speaking","text":"x"}"#;
    assert_eq!(tryvox::read_speaking(200, speaking).unwrap().status, "speaking");
    let playing = br#"{"play_uuid":"e50e8400-e29b-41d4-a716-446655440000","status":"playing","url":"https://example.com/a.mp3"}"#;
    assert_eq!(tryvox::read_playing(200, playing).unwrap().id, "e50e8400-e29b-41d4-a716-446655440000");
    tryvox::read_done(204, b"").unwrap();
}

#[test]
fn answers_of_tryvox_about_calls() {
    let placed = br#"{"request_uuid":"550e8400-e29b-41d4-a716-446655440000","call_uuid":"650e8400-e29b-41d4-a716-446655440000","from":"+14155551234","to":"+14155556789","direction":"outbound","status":"ringing","created_at":"2026-04-09T10:30:00Z"}"#;
    assert_eq!(tryvox::read_placed(200, placed).unwrap().status, "ringing");
    let call = r#"{"call_uuid":"650e","from":"+14155551234","to":"+14155556789","direction":"outbound","status":"completed","duration":125,"end_reason":"caller-hangup","price":"0.0130","price_unit":"USD","recording_urls":["https://recordings.tryvox.io/650e.mp3"],"parent_call_uuid":null}"#;
    let read = tryvox::read_call(200, call.as_bytes()).unwrap();
    assert_eq!((read.price.as_deref(), read.recording_urls.len()), (Some("0.0130"), 1));
    let list = format!(
        r#"{{"calls":[{call}],"pagination":{{"page":1,"per_page":20,"total_pages":5,"total_count":95}}}}"#
    );
    let (calls, pages) = tryvox::read_calls(200, list.as_bytes()).unwrap();
    assert_eq!((calls.len(), pages), (1, 5));
    assert!(!format!("{calls:?}").contains("+1415"));
}

#[test]
fn both_shapes_of_an_error_of_tryvox() {
    use FailureReason as R;
    use tryvox::Code as C;
    for (status, body, code, reason) in [
        (404, r#"{"error":"call_not_found","message":"x"}"#, C::CallNotFound, R::NotFound),
        (404, r#"{"error":"call_already_ended","message":"x"}"#, C::CallAlreadyEnded, R::NotFound),
        (401, r#"{"error":{"code":"UNAUTHORIZED","message":"x"}}"#, C::Unauthorized, R::Unauthorized),
        (
            429,
            r#"{"error":{"code":"RATE_LIMITED","message":"x","details":null}}"#,
            C::RateLimited,
            R::ProviderError,
        ),
        (422, r#"{"error":{"code":"VERIFICATION_FAILED","message":"x"}}"#, C::VerificationFailed, R::Other),
        (403, "<html>", C::Other, R::Unauthorized),
        (500, "", C::Other, R::ProviderError),
    ] {
        let refused = tryvox::read_done(status, body.as_bytes()).unwrap_err();
        let tryvox::RestError::Refused { code: told, .. } = &refused else { panic!("{refused}") };
        assert_eq!((*told, refused.reason()), (code, reason), "{body}");
    }
    let fields = br#"{"error":{"code":"VALIDATION_FAILED","message":"x","details":[{"field":"to","reason":"not a number"}]}}"#;
    let tryvox::RestError::Refused { fields, .. } = tryvox::read_placed(400, fields).unwrap_err() else {
        panic!("refused")
    };
    assert_eq!(fields.0, ["to"]);
    let unreadable = tryvox::read_conference(200, b"[]").unwrap_err();
    assert_eq!(unreadable.reason(), R::UnreadableAnswer);
}
