//! One script in the dialects of MiniVoice and TryVox: byte for byte as their documents have it, or refused beforehand.
#![allow(clippy::unwrap_used)]

use providers::minivoice::actions::{self, Form};
use providers::script::{
    Address, Dequeue, Dial, Dialect, Enqueue, GetDigits, Inexpressible, Key, Label, Play, Prompt, Record,
    Room, Say, Script, Speech, Step, Target,
};

use Dialect::{AfricasTalking, MiniVoice, TryVoxJson, TryVoxXml};

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

fn say(text: &str) -> Step {
    Step::Say(Say::plain(text).unwrap())
}

fn room(name: &str) -> Room {
    Room { name: Some(Label::new(name).unwrap()), ..Room::default() }
}

fn dial(targets: &[&str]) -> Dial {
    let targets = targets.iter().map(|text| Target::new(text).unwrap()).collect();
    Dial { targets, ..Dial::default() }
}

fn ask(prompt: Prompt) -> GetDigits {
    GetDigits { prompt, num_digits: Some(1), timeout_s: Some(5), finish_on_key: None, callback: None }
}

fn record() -> Record {
    Record {
        prompt: Prompt::Say(Say::plain("Please leave a message after the beep.").unwrap()),
        finish_on_key: Some(Key::new('#').unwrap()),
        max_length_s: Some(120),
        timeout_s: None,
        trim_silence: None,
        play_beep: None,
        callback: Some(address("https://example.com/handle-recording")),
    }
}

#[track_caller]
fn check(steps: Vec<Step>, dialect: Dialect, expected: &str) {
    let script = Script::new(steps).unwrap();
    script.check(dialect).unwrap();
    assert_eq!(script.render(dialect).unwrap().body, expected);
}

#[track_caller]
fn refuse(steps: Vec<Step>, dialect: Dialect, step: usize, reason: &str) {
    let refused = Script::new(steps).unwrap().check(dialect).unwrap_err();
    assert_eq!(refused.step, step, "{refused}");
    assert!(refused.reason.contains(reason), "{refused}");
}

#[test]
fn the_conference_of_the_minivoice_document() {
    let daily = Room { muted: Some(false), end_on_exit: Some(false), ..room("daily_support_room") };
    check(
        vec![Step::Conference(daily.clone())],
        MiniVoice,
        r#"{"actions":[{"type":"conference","room":"daily_support_room","mute":false,"end_on_exit":false}]}"#,
    );
    let keyed = actions::render(&Script::new(vec![Step::Conference(daily)]).unwrap(), Form::Keyed);
    let expected =
        r#"{"actions":[{"conference":{"room":"daily_support_room","mute":false,"end_on_exit":false}}]}"#;
    assert_eq!(keyed.unwrap(), expected);
}

#[test]
fn both_forms_of_the_tryvox_document() {
    check(
        vec![Step::Conference(room("support-room-1"))],
        TryVoxXml,
        "<Response>\n<Conference>support-room-1</Conference>\n</Response>",
    );
    let controlled = Room {
        muted: Some(false),
        start_on_enter: Some(true),
        end_on_exit: Some(false),
        ..room("support-room-1")
    };
    check(
        vec![Step::Conference(controlled)],
        TryVoxXml,
        "<Response>\n<Conference\nmuted=\"false\"\nstartConferenceOnEnter=\"true\"\n\
         endConferenceOnExit=\"false\">\nsupport-room-1\n</Conference>\n</Response>",
    );
}

#[test]
fn the_examples_of_the_voxml_reference() {
    check(
        vec![say("Joining you to the team meeting."), Step::Conference(room("team-meeting-2026-04-09"))],
        TryVoxJson,
        r#"{"voxml_version":"1.0","instructions":[{"verb":"Say","text":"Joining you to the team meeting."},{"verb":"Conference","name":"team-meeting-2026-04-09"}]}"#,
    );
    let moderated = Room {
        start_on_enter: Some(false),
        wait: Some(address("https://example.com/conference-wait")),
        ..room("moderated-meeting")
    };
    check(
        vec![Step::Conference(moderated)],
        TryVoxJson,
        r#"{"voxml_version":"1.0","instructions":[{"verb":"Conference","name":"moderated-meeting","start_on_enter":false,"wait_url":"https://example.com/conference-wait"}]}"#,
    );
    check(
        vec![Step::Record(record())],
        TryVoxJson,
        r##"{"voxml_version":"1.0","instructions":[{"verb":"Say","text":"Please leave a message after the beep."},{"verb":"Record","action_url":"https://example.com/handle-recording","max_length":120,"finish_on_key":"#"}]}"##,
    );
    check(
        vec![say("Hello world"), Step::Hangup],
        TryVoxJson,
        r#"{"voxml_version":"1.0","instructions":[{"verb":"Say","text":"Hello world"},{"verb":"Hangup"}]}"#,
    );
}

#[test]
fn the_examples_of_the_action_pages() {
    let menu = GetDigits {
        finish_on_key: Some(Key::new('#').unwrap()),
        ..ask(Prompt::Say(Say::plain("Press 1 for Sales or 2 for Support.").unwrap()))
    };
    let script = Script::new(vec![Step::GetDigits(menu)]).unwrap();
    assert_eq!(
        actions::render(&script, Form::Keyed).unwrap(),
        r##"{"actions":[{"gather":{"prompt":"Press 1 for Sales or 2 for Support.","num_digits":1,"timeout_seconds":5,"finish_on_key":"#"}}]}"##,
    );
    let recorded = Dial { record: Some(true), ..dial(&["+254700000012"]) };
    check(
        vec![say("This call may be recorded for quality."), Step::Dial(recorded)],
        MiniVoice,
        r#"{"actions":[{"type":"say","text":"This call may be recorded for quality."},{"type":"start_recording"},{"type":"transfer","destination":"+254700000012"}]}"#,
    );
    let shown = Dial { caller_id: Some(Target::new("+254700000001").unwrap()), ..dial(&["+254700000012"]) };
    check(
        vec![Step::Dial(shown)],
        MiniVoice,
        r#"{"actions":[{"type":"transfer","to":"+254700000012","from":"+254700000001"}]}"#,
    );
    check(
        vec![Step::Redirect(address("https://next.example.com/"))],
        MiniVoice,
        r#"{"actions":[{"type":"redirect","url":"https://next.example.com/","method":"POST"}]}"#,
    );
}

#[test]
fn tryvox_lists_targets_by_kind() {
    let all = Dial {
        record: Some(true),
        max_duration_s: Some(60),
        ..dial(&["+254700000011", "agent@sip.example.com", "amina"])
    };
    check(
        vec![Step::Dial(all)],
        TryVoxJson,
        r#"{"voxml_version":"1.0","instructions":[{"verb":"Dial","time_limit":60,"record":true,"numbers":[{"number":"+254700000011"}],"sip":[{"uri":"agent@sip.example.com"}],"client":[{"name":"amina"}]}]}"#,
    );
    let callback = Some(address("https://hooks.example.com/keys"));
    let prompt = Prompt::Play(Play { url: address("https://audio.example.com/a.wav") });
    check(
        vec![Step::GetDigits(GetDigits { callback, ..ask(prompt) }), Step::Pause(None), Step::Hangup],
        TryVoxJson,
        r#"{"voxml_version":"1.0","instructions":[{"verb":"Gather","input":"dtmf","action_url":"https://hooks.example.com/keys","timeout":5,"num_digits":1,"play":{"url":"https://audio.example.com/a.wav"}},{"verb":"Pause"},{"verb":"Hangup"}]}"#,
    );
}

/// Every kind of step, and which dialects can say it at its simplest.
#[test]
fn who_can_say_what() {
    let prompt = || Prompt::Say(Say::plain("x").unwrap());
    let callback = || Some(address("https://hooks.example.com/"));
    let line = Target::new("+254700000001").unwrap();
    for (step, can) in [
        (say("x"), &[AfricasTalking, MiniVoice, TryVoxJson][..]),
        (Step::Play(Play { url: address("https://a.example.com/") }), &[AfricasTalking, TryVoxJson]),
        (Step::GetDigits(ask(prompt())), &[AfricasTalking, MiniVoice]),
        (Step::GetDigits(GetDigits { callback: callback(), ..ask(prompt()) }), &[AfricasTalking, TryVoxJson]),
        (Step::Dial(dial(&["+254700000011"])), &[AfricasTalking, MiniVoice, TryVoxJson]),
        (Step::Record(record()), &[AfricasTalking, TryVoxJson]),
        (Step::RecordRest, &[AfricasTalking]),
        (Step::Redirect(address("https://a.example.com/")), &[AfricasTalking, MiniVoice, TryVoxJson]),
        (Step::Reject, &[AfricasTalking, TryVoxJson]),
        (Step::Conference(Room::default()), &[AfricasTalking]),
        (Step::Conference(room("room-1")), &[MiniVoice, TryVoxXml, TryVoxJson]),
        (Step::Conference(room("room.1")), &[MiniVoice]),
        (Step::Enqueue(Enqueue::default()), &[AfricasTalking]),
        (Step::Dequeue(Dequeue { name: None, line }), &[AfricasTalking]),
        (Step::Pause(None), &[TryVoxJson]),
        (Step::Pause(Some(2)), &[]),
        (Step::Hangup, &[TryVoxJson]),
    ] {
        let script = Script::new(vec![step.clone()]).unwrap();
        for dialect in [AfricasTalking, MiniVoice, TryVoxXml, TryVoxJson] {
            let said = script.check(dialect).is_ok();
            assert_eq!(said, can.contains(&dialect), "{step:?} in {dialect:?}");
        }
    }
}

#[test]
fn settings_a_provider_does_not_have_are_refused() {
    let ssml = Say { speech: Speech::ssml("<speak>x</speak>").unwrap(), ..Say::plain("x").unwrap() };
    let voiced = Say { voice: Some(Label::new("woman").unwrap()), ..Say::plain("x").unwrap() };
    let beep = Say { play_beep: Some(true), ..Say::plain("x").unwrap() };
    for (say, dialect, reason) in [
        (ssml.clone(), MiniVoice, "plain text"),
        (ssml, TryVoxJson, "SSML"),
        (voiced, MiniVoice, "one voice"),
        (beep.clone(), MiniVoice, "no beep"),
        (beep, TryVoxJson, "no beep"),
    ] {
        refuse(vec![self::say("x"), Step::Say(say)], dialect, 2, reason);
    }
    let slow = GetDigits { timeout_s: Some(31), ..ask(Prompt::Say(Say::plain("x").unwrap())) };
    refuse(vec![Step::GetDigits(slow)], MiniVoice, 1, "1 to 30 seconds");
    let played = ask(Prompt::Play(Play { url: address("https://a.example.com/") }));
    refuse(vec![Step::GetDigits(played)], MiniVoice, 1, "speech only");
    refuse(vec![Step::Dial(dial(&["+254700000011", "+254700000012"]))], MiniVoice, 1, "one target");
    refuse(vec![Step::Dial(dial(&["amina"]))], MiniVoice, 1, "SIP");
    let sequential = Dial { sequential: Some(true), ..dial(&["+254700000011", "+254700000012"]) };
    refuse(vec![Step::Dial(sequential)], TryVoxJson, 1, "at once");
    refuse(vec![Step::Conference(room("r")), say("x")], MiniVoice, 2, "behind a conference");
    refuse(
        vec![Step::Conference(Room { record: Some(true), ..room("r") })],
        TryVoxXml,
        1,
        "answer it with JSON",
    );
    refuse(vec![Step::Conference(room("r"))], AfricasTalking, 1, "one room per number");
    let refused = Inexpressible { step: 2, reason: "no" };
    assert_eq!(refused.to_string(), "step 2: no");
}

#[test]
fn what_is_rendered_is_not_shown() {
    let script = Script::new(vec![Step::Dial(dial(&["+254700000011"]))]).unwrap();
    let shown = format!("{:?}", script.render(MiniVoice).unwrap());
    assert!(!shown.contains("2547"), "{shown}");
}

/// What people and clients write stays text: names and rooms that would be markup are no names, and words come out as the
/// words that went in.
#[test]
fn no_name_and_no_word_becomes_markup() {
    let hostile = [
        "a</Conference><Hangup/>",
        "a\" record=\"true",
        "a\",\"verb\":\"Hangup\",\"x\":\"",
        "a&amp;b",
        "<![CDATA[a]]>",
        "a\nb",
        "a b",
        "",
    ];
    for text in hostile {
        assert!(Label::new(text).is_err(), "a room, a queue or a voice called {text:?}");
        assert!(
            Target::new(&format!("+254700000011{text}")).is_err() || text.is_empty(),
            "dialled: {text:?}"
        );
    }
    for text in hostile.into_iter().filter(|text| !text.is_empty()) {
        let script = Script::new(vec![say(text)]).unwrap();
        let xml = script.render(AfricasTalking).unwrap().body;
        let inside = xml.split_once("<Say>").and_then(|(_, rest)| rest.split_once("</Say>")).unwrap().0;
        assert_eq!(quick_xml::escape::unescape(inside).unwrap(), text);
        assert_eq!(xml.matches('<').count(), 5, "declaration, response, say, and their ends: {xml}");
        for (dialect, list, place) in [(MiniVoice, "actions", "text"), (TryVoxJson, "instructions", "text")] {
            let body = script.render(dialect).unwrap().body;
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(read[list].as_array().unwrap().len(), 1, "{body}");
            assert_eq!(read[list][0][place], text, "{body}");
        }
    }
    // As XML TryVox is told of nothing but a room, whose name has neither blanks nor signs.
    refuse(vec![say(hostile[0])], TryVoxXml, 1, "answer it with JSON");
}
