//! How values are spelled and bodies are encoded.

use contract::reply::{Reply, read as read_reply};
use providers::africastalking::{sms, ussd};

use crate::desk::{Desk, FORM, JSON, KENYA, ZONE, fact, fixture, try_fixture, try_read};

/// 2: the word `None` is an absent value, and an empty one too.
#[test]
fn oddity_02_the_word_none_is_no_value() {
    let fact = fact("africastalking/voice_none_values.form");
    let leg = fact.what.leg().unwrap();
    assert_eq!((leg.started_at, leg.direction), (None, None));
    assert_eq!((fact.private.digits, fact.private.url), (None, None));
    // Beside it, `"errorMessage":"None"` means that it worked.
    let answer = br#"{"entries":[{"phoneNumber":"+254700000011","status":"Queued","sessionId":"ATVId_1"}],"errorMessage":"None"}"#;
    assert!(providers::africastalking::rest::read_call(200, answer).is_ok());
}

/// 3: three spellings of a time, none of which names its zone.
#[test]
fn oddity_03_a_time_without_a_zone_is_read_in_three_spellings() {
    let started = |path: &str| fact(path).what.leg().unwrap().started_at.map(|at| at.to_string());
    for path in [
        "africastalking/voice_time_with_plus.form",
        "africastalking/voice_time_with_raw_plus.form",
        "africastalking/voice_answered.form",
    ] {
        assert_eq!(started(path).as_deref(), Some("2026-03-06T10:30:00.000Z"), "{path}");
    }
    let source = started("africastalking/voice_source_document_events.form");
    assert_eq!(source.as_deref(), Some("2025-09-29T07:30:00.000Z"), "Nairobi is assumed");
    assert_eq!(started("africastalking/voice_time_impossible.form"), None, "a bad time loses no callback");
}

/// 4: an unescaped plus arrives as a blank.
#[test]
fn oddity_04_a_plus_that_became_a_blank_is_a_plus_again() {
    let phone = |path: &str| fact(path).private.phone.unwrap();
    let escaped = phone("africastalking/voice_answered.form");
    assert_eq!(phone("africastalking/voice_number_raw_plus.form"), escaped);
    assert_eq!(escaped, "+254700000011");
}

/// 5: numbers without their plus, with 00, in local form, or none at all.
#[test]
fn oddity_05_a_number_in_any_spelling_is_one_number_and_none_is_refused() {
    for name in ["without_plus", "local", "double_zero"] {
        let path = format!("africastalking/voice_number_{name}.form");
        assert_eq!(fact(&path).private.phone.as_deref(), Some("+254700000011"), "{path}");
    }
    for name in ["masked", "webrtc_client"] {
        let path = format!("africastalking/voice_number_{name}.form");
        let phone = fact(&path).private.phone.unwrap();
        assert!(
            String::from_utf8(fixture(&path)).unwrap().contains(&phone.replace('+', "%2B")),
            "{path}: {phone}"
        );
    }
}

/// 19: names and values in any case, with blanks around them.
#[test]
fn oddity_19_spelling_and_case_make_no_difference() {
    let usual = fact("africastalking/voice_answered.form");
    for name in ["case_and_blanks", "repeated_other_spelling", "is_active_true"] {
        assert_eq!(fact(&format!("africastalking/voice_{name}.form")), usual, "{name}");
    }
    assert_eq!(fact("africastalking/voice_transfer_active.form").what.kind(), "call.transferred");
}

/// 22: a form where JSON is said, and the reverse: refused, for nothing in it would be read.
#[test]
fn oddity_22_a_body_of_another_kind_than_it_says_is_refused() {
    for path in [
        "africastalking/voice_refused_json_body.form",
        "voicepact/webhook_refused_json_as_form.form",
        "voicepact/webhook_refused_form_as_json.json",
        "minivoice/webhook_refused_form_as_json.json",
        "tryvox/webhook_refused_json_as_form.form",
    ] {
        assert!(try_fixture(path).is_err(), "{path} would be acknowledged and lost");
    }
    let both = ["voicepact/webhook_document.form", "voicepact/webhook_document.json"];
    let [form, json] = both.map(|path| try_fixture(path).unwrap().facts);
    assert_eq!(form, json, "whichever it is and says it is");
    assert!(try_read("voicepact", &fixture(both[0]), JSON).is_err());
}

/// 23: the text of a session grows, may itself hold a star, and may be absent.
#[test]
fn oddity_23_the_text_of_a_ussd_session_is_kept_whole() {
    let read = |name: &str| {
        ussd::read(&fixture(&format!("africastalking/ussd_{name}.form")), FORM, KENYA, &ZONE).unwrap()
    };
    let text = |name: &str| match read(name) {
        ussd::Read::Step(request) => request.text,
        ussd::Read::Over(_) => panic!("{name} is a step"),
    };
    assert_eq!(text("first"), "");
    assert_eq!(text("text_absent"), "");
    let free = text("free_text");
    assert!(free.contains('*') && free.contains(' '), "{free}");
    assert!(matches!(read("session_over"), ussd::Read::Over(_)), "the notice of the end is no step");
}

/// 24: a reply in any case and spacing; one that could mean several things confirms nothing.
#[test]
fn oddity_24_replies_are_read_tolerantly_and_never_guessed() {
    for text in
        ["yes AGRI-2026-000001", " YES-AGRI-2026-000001", "Yes, agri-2026-000001.", "ndio AGRI-2026-000001"]
    {
        let Reply::Answer { contract_id: Some(id), .. } = read_reply(text) else { panic!("{text}") };
        assert_eq!(id, "AGRI-2026-000001", "{text}");
    }
    for text in ["yes no", "YES NO AGRI-2026-000001"] {
        assert!(matches!(read_reply(text), Reply::Ambiguous), "{text}");
    }
    let said = sms::read_incoming(
        &fixture("africastalking/sms_incoming_reply_spelled_freely.form"),
        FORM,
        KENYA,
        &ZONE,
    );
    let said = said.unwrap().private.text.unwrap();
    assert!(matches!(read_reply(&said), Reply::Answer { .. }), "{said:?}");
    // Without a code or a contract's name a yes waits for more: in a world without contracts it changes nothing.
    let mut desk = Desk::new();
    let raw = fixture("africastalking/sms_incoming.form");
    let fact = sms::read_incoming(&raw, FORM, KENYA, &ZONE).unwrap();
    assert_eq!(desk.take_body("africastalking", &raw, vec![fact]), ["message.received"]);
}
