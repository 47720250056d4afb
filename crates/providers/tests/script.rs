//! Call scripts: what can be built, and the markup it becomes.
#![allow(clippy::unwrap_used)]

use providers::africastalking::xml::render;
use providers::script::{
    Address, Dequeue, Dial, Enqueue, GetDigits, Key, Label, Play, Prompt, Record, Room, Say, Script,
    ScriptError, Speech, Step, Target,
};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

fn target(text: &str) -> Target {
    Target::new(text).unwrap()
}

fn say(text: &str) -> Say {
    Say::plain(text).unwrap()
}

/// Folds the white space between tags away and compares with one line, as the vendor's samples stand.
fn check(steps: Vec<Step>, expected: &str) {
    let xml = render(&Script::new(steps).unwrap());
    let folded: String = xml.lines().map(str::trim_start).collect();
    assert_eq!(folded, format!("{DECLARATION}<Response>{expected}</Response>"));
}

#[test]
fn the_default_is_the_source_documents_example() {
    let document = concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<Response>\n",
        "  <Say>Welcome to the service. This is a demo voice application. Goodbye.</Say>\n",
        "</Response>",
    );
    assert_eq!(render(&Script::default()), document);
}

#[test]
fn nested_steps_are_indented() {
    let ask = GetDigits {
        prompt: Prompt::Say(say("One or two?")),
        num_digits: Some(1),
        timeout_s: None,
        finish_on_key: None,
        callback: None,
    };
    let xml = render(&Script::new(vec![Step::GetDigits(ask), Step::Say(say("Goodbye."))]).unwrap());
    assert_eq!(
        xml,
        format!(
            "{DECLARATION}\n<Response>\n  <GetDigits numDigits=\"1\">\n    <Say>One or two?</Say>\n  </GetDigits>\n  \
             <Say>Goodbye.</Say>\n</Response>"
        )
    );
}

#[test]
fn simple_elements() {
    check(vec![Step::Say(say("Karibu"))], "<Say>Karibu</Say>");
    let beep = Say { voice: Some(Label::new("woman").unwrap()), play_beep: Some(true), ..say("Karibu") };
    check(vec![Step::Say(beep)], "<Say voice=\"woman\" playBeep=\"true\">Karibu</Say>");
    let ssml = Say { speech: Speech::ssml("<speak>One<break time=\"1s\"/>two</speak>").unwrap(), ..say("x") };
    check(vec![Step::Say(ssml)], "<Say><speak>One<break time=\"1s\"/>two</speak></Say>");
    let play = Play { url: address("https://audio.example.com/a.wav?x=1&y=2") };
    check(vec![Step::Play(play)], "<Play url=\"https://audio.example.com/a.wav?x=1&amp;y=2\"/>");
    check(vec![Step::Reject], "<Reject/>");
    check(vec![Step::RecordRest], "<Record/>");
    check(vec![Step::Conference(Room::default())], "<Conference/>");
    let redirect = Step::Redirect(address("https://next.example.com/a?x=1&y=2"));
    check(vec![redirect], "<Redirect>https://next.example.com/a?x=1&amp;y=2</Redirect>");
}

#[test]
fn digits_and_recordings_take_one_prompt() {
    let callback = Some(address("https://hooks.example.com/keys"));
    let digits = GetDigits {
        prompt: Prompt::Say(say("Your number?")),
        num_digits: Some(1),
        timeout_s: Some(30),
        finish_on_key: Some(Key::new('#').unwrap()),
        callback: callback.clone(),
    };
    check(
        vec![Step::GetDigits(digits)],
        "<GetDigits numDigits=\"1\" timeout=\"30\" finishOnKey=\"#\" \
         callbackUrl=\"https://hooks.example.com/keys\"><Say>Your number?</Say></GetDigits>",
    );
    let record = Record {
        prompt: Prompt::Play(Play { url: address("https://audio.example.com/a.wav") }),
        finish_on_key: Some(Key::new('#').unwrap()),
        max_length_s: Some(120),
        timeout_s: Some(3600),
        trim_silence: Some(true),
        play_beep: Some(true),
        callback,
    };
    check(
        vec![Step::Record(record)],
        "<Record finishOnKey=\"#\" maxLength=\"120\" timeout=\"3600\" trimSilence=\"true\" playBeep=\"true\" \
         callbackUrl=\"https://hooks.example.com/keys\"><Play url=\"https://audio.example.com/a.wav\"/></Record>",
    );
}

#[test]
fn dials_and_queues() {
    let dial = Dial {
        targets: vec![target("+254700000011"), target("test@ke.sip.example.com")],
        record: Some(true),
        sequential: Some(false),
        caller_id: Some(target("+254700000001")),
        ring_back_tone: Some(address("https://audio.example.com/ring.mp3")),
        max_duration_s: Some(120),
    };
    check(
        vec![Step::Dial(dial)],
        "<Dial record=\"true\" sequential=\"false\" callerId=\"+254700000001\" \
         ringBackTone=\"https://audio.example.com/ring.mp3\" maxDuration=\"120\" \
         phoneNumbers=\"+254700000011,test@ke.sip.example.com\"/>",
    );
    let name = Some(Label::new("support").unwrap());
    let wait =
        Enqueue { hold_music: Some(address("https://audio.example.com/wait.wav")), name: name.clone() };
    check(
        vec![Step::Enqueue(wait)],
        "<Enqueue holdMusic=\"https://audio.example.com/wait.wav\" name=\"support\"/>",
    );
    let take = Dequeue { name, line: target("+254700000001") };
    check(vec![Step::Dequeue(take)], "<Dequeue name=\"support\" phoneNumber=\"+254700000001\"/>");
}

#[test]
fn text_is_escaped() {
    check(
        vec![Step::Say(say("Tom & Amina: 5 < 6 > 4 </Say><Reject/> \"it's\" ]]>"))],
        "<Say>Tom &amp; Amina: 5 &lt; 6 &gt; 4 &lt;/Say&gt;&lt;Reject/&gt; \"it's\" ]]&gt;</Say>",
    );
}

#[test]
fn unsound_scripts_cannot_be_built() {
    let hello = || Step::Say(say("Hello"));
    let redirect = || Step::Redirect(address("https://next.example.com/"));
    let many = |n| Step::Dial(Dial { targets: vec![target("+254700000011"); n], ..Dial::default() });
    for (steps, expected) in [
        (vec![], Err(ScriptError::Empty)),
        (vec![hello(); 33], Err(ScriptError::TooManySteps)),
        (vec![Step::Reject], Ok(())),
        (vec![hello(), Step::Reject], Err(ScriptError::RejectNotAlone)),
        (vec![Step::Reject, Step::Reject], Err(ScriptError::RejectNotAlone)),
        (vec![hello(), redirect()], Ok(())),
        (vec![redirect(), hello()], Err(ScriptError::Unreachable { step: 2 })),
        (vec![hello(), Step::RecordRest, hello()], Err(ScriptError::Unreachable { step: 3 })),
        (vec![many(0)], Err(ScriptError::Targets)),
        (vec![many(21)], Err(ScriptError::Targets)),
        (vec![many(20), hello()], Ok(())),
    ] {
        assert_eq!(Script::new(steps.clone()).map(drop), expected, "{steps:?}");
    }
}

#[test]
fn unsound_values_cannot_be_built() {
    assert_eq!(Speech::plain(" \n"), Err(ScriptError::Blank { what: "speech" }));
    assert_eq!(Speech::plain("a\u{8}b"), Err(ScriptError::Character { what: "speech" }));
    assert_eq!(Speech::plain("a\u{fffe}b"), Err(ScriptError::Character { what: "speech" }));
    assert_eq!(Speech::plain(&"x".repeat(4097)), Err(ScriptError::TooLong { what: "speech", max: 4096 }));
    for bad in [
        "",
        "example.com/a",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https://a b/",
        "https://a/\nb",
        "http:///",
    ] {
        assert_eq!(Address::new(bad), Err(ScriptError::Address), "{bad:?}");
    }
    for bad in ["+2547,+2548", "a b", "\"", "<"] {
        assert_eq!(Target::new(bad), Err(ScriptError::Character { what: "target" }), "{bad:?}");
    }
    assert_eq!(Key::new('a'), Err(ScriptError::Character { what: "key" }));
    assert_eq!(Label::new("a b"), Err(ScriptError::Character { what: "name" }));
}

#[test]
fn debug_shows_no_number_and_no_callback() {
    let dial = Dial {
        targets: vec![target("+254700000011")],
        ring_back_tone: Some(address("https://hooks.example.com/secret-segment")),
        ..Dial::default()
    };
    let shown = format!("{:?}", Script::new(vec![Step::Dial(dial)]).unwrap());
    assert!(!shown.contains("2547") && !shown.contains("secret"), "{shown}");
}
