//! Every body under `fixtures`, read and compared with the `.facts` beside it. `UPDATE=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use contract::fact::{Fact, What};
use contract::phone::Country;
use providers::africastalking::time::Zone;
use providers::africastalking::{sms, ussd, voice};
use providers::{ReadError, Reading, minivoice, tryvox, voicepact};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";
const KENYA: Country = Country::KENYA;
const ZONE: Zone = Zone::NAIROBI;
const PROVIDERS: [&str; 4] = ["africastalking", "voicepact", "minivoice", "tryvox"];

fn folder(provider: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(provider)
}

/// The bodies of a folder, by name.
fn bodies(provider: &str) -> Vec<(String, Vec<u8>)> {
    let mut bodies: Vec<(String, Vec<u8>)> = fs::read_dir(folder(provider))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "form" || e == "json"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    bodies.sort();
    bodies
}

fn body(provider: &str, name: &str) -> Vec<u8> {
    fs::read(folder(provider).join(name)).unwrap()
}

fn reading(reading: &Reading) -> Value {
    json!({
        "active": reading.active,
        "echo": {
            "session_id": reading.echo.session_id,
            "client_request_id": reading.echo.client_request_id,
            "dialled": reading.echo.dialled,
        },
        "facts": reading.facts,
    })
}

fn step(step: &ussd::Request) -> Value {
    json!({
        "session_id": step.session_id,
        "service_code": step.service_code,
        "phone": step.phone,
        "network_code": step.network_code,
        "text": step.text,
    })
}

/// Reads a body by the reader its folder and name ask for.
fn read(provider: &str, name: &str, body: &[u8]) -> Value {
    let fact = |fact: Fact| json!({ "facts": [fact] });
    let content_type = if name.ends_with(".json") { JSON } else { FORM };
    let read: Result<Value, ReadError> = if provider == "minivoice" && name.starts_with("question") {
        minivoice::webhook::read_question(body, content_type, KENYA).map(|r| reading(&r))
    } else if provider == "minivoice" {
        minivoice::webhook::read(body, content_type, KENYA).map(|r| reading(&r))
    } else if provider == "tryvox" && name.starts_with("question") {
        tryvox::webhook::read_question(body, content_type, KENYA).map(|r| reading(&r))
    } else if provider == "tryvox" {
        tryvox::webhook::read(body, content_type, KENYA).map(|r| reading(&r))
    } else if name.starts_with("voice_") {
        voice::read(body, FORM, KENYA, &ZONE).map(|r| reading(&r))
    } else if name.starts_with("sms_incoming") {
        sms::read_incoming(body, FORM, KENYA, &ZONE).map(fact)
    } else if name.starts_with("sms_delivery") {
        sms::read_delivery(body, FORM, KENYA).map(fact)
    } else if name.starts_with("sms_opt_out") {
        sms::read_opt_out(body, FORM, KENYA).map(fact)
    } else if name.starts_with("ussd_") {
        ussd::read(body, FORM, KENYA, &ZONE).map(|read| match read {
            ussd::Read::Step(request) => step(&request),
            ussd::Read::Over(over) => fact(*over),
        })
    } else {
        voicepact::read_webhook(body, content_type, KENYA, &ZONE).map(|r| reading(&r))
    };
    read.unwrap_or_else(|error| json!({ "error": error.to_string(), "field": error.field() }))
}

fn check(provider: &str) {
    let readme = fs::read_to_string(folder(provider).join("README.md")).unwrap();
    for (name, body) in bodies(provider) {
        assert!(
            readme.contains(&format!("| {name} |")),
            "{provider}/README.md does not say what {name} shows"
        );
        let read = serde_json::to_string_pretty(&read(provider, &name, &body)).unwrap() + "\n";
        let path = folder(provider).join(format!("{name}.facts"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &read).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(read, expected, "{provider}/{name}");
    }
}

#[test]
fn africastalking() {
    check("africastalking");
}

#[test]
fn voicepact_webhook() {
    check("voicepact");
}

#[test]
fn minivoice_bodies() {
    check("minivoice");
}

#[test]
fn tryvox_bodies() {
    check("tryvox");
}

#[test]
fn minivoice_facts_are_told_apart() {
    let facts = |name: &str| {
        let read = minivoice::webhook::read(&body("minivoice", name), JSON, KENYA);
        read.unwrap().facts
    };
    let answered = facts("webhook_answered.json");
    assert_eq!(facts("webhook_answered_other_layout.json"), answered);
    assert_eq!(facts("webhook_answered_extra.json"), answered);
    for (one, other) in [
        ("webhook_gathered.json", "webhook_gathered_again.json"),
        ("webhook_recording_completed.json", "webhook_recording_completed_second.json"),
    ] {
        assert_ne!(facts(one)[0].key, facts(other)[0].key, "the second {one} of a call is no repetition");
    }
}

#[test]
fn tryvox_facts_are_told_apart() {
    let facts = |name: &str| {
        let read = tryvox::webhook::read(&body("tryvox", name), JSON, KENYA);
        read.unwrap().facts
    };
    assert_eq!(facts("webhook_answered.json"), facts("webhook_answered_without_prefix.json"));
    assert_eq!(facts("webhook_recording.json"), facts("webhook_recording_completed.json"));
    assert_eq!(facts("webhook_ended_with_recordings.json").len(), 3);
}

fn facts(name: &str) -> Vec<Fact> {
    voice::read(&body("africastalking", name), FORM, KENYA, &ZONE).unwrap().facts
}

#[test]
fn one_event_in_two_spellings_is_one_fact() {
    let answered = facts("voice_answered.form");
    for name in [
        "voice_repeated_other_spelling.form",
        "voice_extra_fields.form",
        "voice_case_and_blanks.form",
        "voice_time_with_plus.form",
    ] {
        assert_eq!(facts(name), answered, "{name}");
    }
    let raw_plus = facts("voice_time_with_raw_plus.form");
    assert_eq!(raw_plus, answered);
}

#[test]
fn every_spelling_of_a_number_is_one_number() {
    for name in ["number_raw_plus", "number_without_plus", "number_local", "number_double_zero"] {
        let phone = facts(&format!("voice_{name}.form")).remove(0).private.phone;
        assert_eq!(phone.as_deref(), Some("+254700000011"), "{name}");
    }
}

#[test]
fn another_recording_is_no_second_end() {
    let first = facts("voice_recording_final.form");
    let again = facts("voice_recording_final_again_other_file.form");
    assert_eq!(first[0], again[0]);
    assert_ne!(first[1].key, again[1].key);
    assert_eq!(facts("voice_recording_not_repeated.form"), first[..1]);
}

#[test]
fn each_destination_is_passed_on_to_once() {
    let keys: BTreeSet<String> = ["answered", "dial_picked_up", "dial_picked_up_elsewhere", "dial_over"]
        .map(|name| facts(&format!("voice_{name}.form")).remove(0).key)
        .into();
    assert_eq!(keys.len(), 4, "{keys:?}");
}

#[test]
fn voicepact_gives_the_facts_of_the_voice_callback() {
    let read =
        voicepact::read_webhook(&body("voicepact", "webhook_own_shape_on_call.form"), FORM, KENYA, &ZONE);
    assert_eq!(read.unwrap().facts, facts("voice_recording_final.form"));
    let keys = |content_type: &str, name: &str| {
        voicepact::read_webhook(&body("voicepact", name), content_type, KENYA, &ZONE).unwrap().facts
    };
    assert_eq!(keys(JSON, "webhook_document.json"), keys(FORM, "webhook_document.form"));
}

/// Nothing that identifies a person stands in a key, in clear outside `private`, or in a message of refusal.
#[test]
fn nothing_personal_stands_in_clear() {
    for provider in PROVIDERS {
        for (name, body) in bodies(provider) {
            let mut read = read(provider, &name, &body);
            if name.starts_with("ussd_") {
                continue;
            }
            for fact in read["facts"].as_array_mut().into_iter().flatten() {
                fact.as_object_mut().unwrap().remove("private");
            }
            let clear = read.to_string();
            for secret in ["2547", "0700000", "XXXYYY", "1555", "maize", "YES-", "http", "MPESA", "amina"] {
                assert!(!clear.contains(secret), "{provider}/{name}: {secret} in {clear}");
            }
        }
    }
}

#[test]
fn every_kind_of_fact_is_shown() {
    let mut kinds = BTreeSet::new();
    for provider in PROVIDERS {
        for (name, body) in bodies(provider) {
            for fact in read(provider, &name, &body)["facts"].as_array().into_iter().flatten() {
                kinds.insert(fact["what"]["kind"].as_str().unwrap().to_owned());
            }
        }
    }
    let leg = contract::fact::Leg::default;
    for what in [
        What::CallStarted(leg()),
        What::CallQueued(leg()),
        What::CallRinging(leg()),
        What::CallAnswered(leg()),
        What::CallTransferred(leg()),
        What::CallInput(leg()),
        What::CallEnded(leg()),
        What::CallOther(leg()),
        What::RecordingAvailable { duration_s: None },
        What::MessageReceived {},
    ] {
        let kind = serde_json::to_value(&what).unwrap()["kind"].as_str().unwrap().to_owned();
        assert!(kinds.contains(&kind), "no fixture shows {kind}");
    }
}
