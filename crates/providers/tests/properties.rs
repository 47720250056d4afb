//! What holds for every body and every script.
#![allow(clippy::unwrap_used)]

use contract::phone::Country;
use proptest::prelude::*;
use providers::africastalking::rest::{read_call, read_sms, read_transfer};
use providers::africastalking::time::Zone;
use providers::africastalking::xml::render;
use providers::africastalking::{sms, ussd, voice};
use providers::form;
use providers::script::{
    Address, Dequeue, Dial, Enqueue, GetDigits, Key, Label, Play, Prompt, Record, Room, Say, Script, Speech,
    Step, Target,
};
use providers::{ReadError, minivoice, tryvox, voicepact};
use quick_xml::Reader;
use quick_xml::events::Event;

const FORM: &str = "application/x-www-form-urlencoded";
const KENYA: Country = Country::KENYA;
const ZONE: Zone = Zone::NAIROBI;

/// Names and values that readers look at, mixed with ones they do not.
fn field() -> impl Strategy<Value = (String, String)> {
    let name = prop::sample::select(vec![
        "sessionId",
        "isActive",
        "eventType",
        "callSessionState",
        "status",
        "callerNumber",
        "destinationNumber",
        "direction",
        "callStartTime",
        "durationInSeconds",
        "duration",
        "phoneNumber",
        "amount",
        "currencyCode",
        "hangupCause",
        "recordingUrl",
        "dtmfDigits",
        "dialDestinationNumber",
        "dialDurationInSeconds",
        "callTransferState",
        "callTransferParam",
        "id",
        "from",
        "to",
        "text",
        "date",
        "SESSIONID",
        "x",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "1",
            "0",
            "None",
            "",
            "ATVId_1",
            "ATVoice_1",
            "SessionEnded",
            "Answered",
            "Completed",
            "Inbound",
            "+254700000011",
            " 254700000011",
            "0700000011",
            "2026-03-06 13:30:00",
            "2026-03-06+13:30:00",
            "5.00",
            "KES",
            "USER_BUSY",
            "https://recordings.example.com/a.mp3",
            " Active",
            "+254700000012:20",
            "45",
            "12s",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    (name.prop_map(str::to_owned), value)
}

fn encoded(fields: &[(String, String)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

/// Everything the readers say of a body; refusals count alike, since which one is met first may differ.
fn said(body: &[u8]) -> [Option<String>; 4] {
    [
        voice::read(body, FORM, KENYA, &ZONE).ok().map(|r| serde_json::to_string(&r.facts).unwrap()),
        sms::read_incoming(body, FORM, KENYA, &ZONE).ok().map(|f| serde_json::to_string(&f).unwrap()),
        sms::read_delivery(body, FORM, KENYA).ok().map(|f| serde_json::to_string(&f).unwrap()),
        voicepact::read_webhook(body, FORM, KENYA, &ZONE)
            .ok()
            .map(|r| serde_json::to_string(&r.facts).unwrap()),
    ]
}

fn read_all(body: &[u8], content_type: &str) {
    let _ = voice::read(body, content_type, KENYA, &ZONE);
    let _ = sms::read_incoming(body, content_type, KENYA, &ZONE);
    let _ = sms::read_delivery(body, content_type, KENYA);
    let _ = ussd::read(body, content_type, KENYA, &ZONE);
    let _ = sms::read_opt_out(body, content_type, KENYA);
    let _ = voicepact::read_webhook(body, content_type, KENYA, &ZONE);
    for read in [
        minivoice::webhook::read,
        minivoice::webhook::read_question,
        tryvox::webhook::read,
        tryvox::webhook::read_question,
    ] {
        let _ = read(body, content_type, KENYA);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(body in prop::collection::vec(any::<u8>(), 0..300), content_type in any::<String>()) {
        for content_type in [FORM, "application/json", "", content_type.as_str()] {
            read_all(&body, content_type);
        }
        for status in [200, 201, 400, 401, 500] {
            let _ = (read_call(status, &body), read_sms(status, &body), read_transfer(status, &body));
            let _ = (minivoice::rest::read_call(status, &body), minivoice::rest::read_recording(status, &body));
            let _ = (tryvox::rest::read_calls(status, &body), tryvox::rest::read_conference(status, &body));
        }
    }

    #[test]
    fn no_form_makes_a_reader_panic(fields in prop::collection::vec(field(), 0..12)) {
        read_all(&encoded(&fields), FORM);
    }

    #[test]
    fn the_order_of_fields_means_nothing(
        (fields, shuffled) in prop::collection::vec(field(), 0..12)
            .prop_flat_map(|fields| (Just(fields.clone()), Just(fields).prop_shuffle())),
    ) {
        prop_assert_eq!(said(&encoded(&fields)), said(&encoded(&shuffled)));
    }

    /// With a session id facts really come out of the mixture above.
    #[test]
    fn a_session_id_is_enough_for_a_fact(
        (fields, shuffled) in prop::collection::vec(field(), 0..6).prop_flat_map(|mut fields| {
            fields.retain(|(name, _)| !name.eq_ignore_ascii_case("sessionId"));
            fields.push(("sessionId".to_owned(), "ATVId_1".to_owned()));
            (Just(fields.clone()), Just(fields).prop_shuffle())
        }),
    ) {
        let read = voice::read(&encoded(&fields), FORM, KENYA, &ZONE);
        let again = voice::read(&encoded(&shuffled), FORM, KENYA, &ZONE);
        match (read, again) {
            (Ok(read), Ok(again)) => {
                prop_assert!(!read.facts.is_empty());
                prop_assert_eq!(read, again);
            }
            (Err(ReadError::Ambiguous { .. } | ReadError::Encoding { .. } | ReadError::ValueTooLong { .. }), Err(_)) => {}
            (read, again) => prop_assert!(false, "{read:?} {again:?}"),
        }
    }

    #[test]
    fn a_form_comes_back_as_it_was_sent(fields in prop::collection::vec(("[a-z]{1,8}", "[^\0]{0,40}"), 1..20)) {
        let read = form::read(&encoded(&fields), FORM).unwrap();
        let back: Vec<(String, String)> = read.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        prop_assert_eq!(back, fields);
    }

    #[test]
    fn json_and_form_say_the_same(fields in prop::collection::btree_map("[a-z]{1,8}", "[^\0]{1,40}", 0..8), status in "[a-z-]{1,9}") {
        let mut fields = fields;
        fields.insert("sessionId".to_owned(), "ATVoice_1".to_owned());
        fields.insert("status".to_owned(), status);
        fields.insert("duration".to_owned(), "420".to_owned());
        let pairs: Vec<(String, String)> = fields.clone().into_iter().collect();
        let form = voicepact::read_webhook(&encoded(&pairs), FORM, KENYA, &ZONE);
        let json = serde_json::to_vec(&fields).unwrap();
        prop_assert_eq!(form, voicepact::read_webhook(&json, "application/json", KENYA, &ZONE));
    }

    #[test]
    fn a_rendered_script_parses_back(script in script()) {
        let xml = render(&script);
        let mut reader = Reader::from_str(&xml);
        let (mut depth, mut texts, mut tags) = (0usize, vec![String::new()], 0usize);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    prop_assert!(start.attributes().all(|a| a.is_ok()));
                    depth += 1;
                    tags += usize::from(depth == 2);
                    texts.push(String::new());
                }
                Event::Empty(empty) => {
                    prop_assert!(empty.attributes().all(|a| a.is_ok()));
                    tags += usize::from(depth == 1);
                }
                Event::End(_) => depth -= 1,
                Event::Text(text) => texts.last_mut().unwrap().push_str(&text),
                Event::GeneralRef(name) => {
                    let text = quick_xml::escape::resolve_predefined_entity(&name);
                    texts.last_mut().unwrap().push_str(text.unwrap());
                }
                Event::Decl(_) => {}
                Event::Eof => break,
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert_eq!(depth, 0);
        // Exactly the steps, whatever markup their texts pretend to be.
        prop_assert_eq!(tags, script.steps().len());
        for step in script.steps() {
            if let Step::Say(Say { speech: Speech::Plain(words), .. }) = step {
                prop_assert!(texts.iter().any(|text| text.starts_with(words.as_str())), "{xml}");
            }
        }
    }

    #[test]
    fn ssml_that_is_taken_stays_inside_its_step(inside in r#"[<>/&;"' a-z=!\[\]-]{0,30}"#) {
        if let Ok(speech) = Speech::ssml(&format!("<speak>{inside}</speak>")) {
            let say = Say { speech, voice: None, play_beep: None };
            let xml = render(&Script::new(vec![Step::Say(say)]).unwrap());
            let mut reader = Reader::from_str(&xml);
            let (mut depth, mut steps) = (0usize, 0usize);
            loop {
                match reader.read_event().unwrap() {
                    Event::Start(_) => { steps += usize::from(depth == 1); depth += 1; }
                    Event::Empty(_) => steps += usize::from(depth == 1),
                    Event::End(_) => depth -= 1,
                    Event::Eof => break,
                    _ => {}
                }
            }
            prop_assert_eq!((depth, steps), (0, 1));
        }
    }
}

fn address() -> impl Strategy<Value = Address> {
    r#"https://[a-z]{1,8}\.example\.com/[a-zA-Z0-9?&='"<>]{0,20}"#
        .prop_filter_map("an address", |text| Address::new(&text).ok())
}

fn target() -> impl Strategy<Value = Target> {
    r"\+2547000000[0-9]{2}|[a-z]{1,8}@sip\.example\.com".prop_map(|text| Target::new(&text).unwrap())
}

fn label() -> impl Strategy<Value = Label> {
    "[A-Za-z0-9._-]{1,12}".prop_map(|text| Label::new(&text).unwrap())
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select("0123456789*#".chars().collect::<Vec<_>>()).prop_map(|key| Key::new(key).unwrap())
}

fn say() -> impl Strategy<Value = Say> {
    let text = prop_oneof![any::<String>(), r#"[<>&;"'/a-z \]\n]{1,40}"#];
    (text, prop::option::of(label()), any::<Option<bool>>())
        .prop_filter_map("speakable", |(text, voice, play_beep)| {
            Some(Say { speech: Speech::plain(&text).ok()?, voice, play_beep })
        })
}

fn prompt() -> impl Strategy<Value = Prompt> {
    prop_oneof![say().prop_map(Prompt::Say), address().prop_map(|url| Prompt::Play(Play { url }))]
}

fn step() -> impl Strategy<Value = Step> {
    let digits = (
        prompt(),
        any::<Option<u8>>(),
        any::<Option<u16>>(),
        prop::option::of(key()),
        prop::option::of(address()),
    )
        .prop_map(|(prompt, num_digits, timeout_s, finish_on_key, callback)| {
            Step::GetDigits(GetDigits { prompt, num_digits, timeout_s, finish_on_key, callback })
        });
    let record = (
        prompt(),
        prop::option::of(key()),
        any::<Option<u32>>(),
        any::<Option<bool>>(),
        prop::option::of(address()),
    )
        .prop_map(|(prompt, finish_on_key, max_length_s, trim_silence, callback)| {
            Step::Record(Record {
                prompt,
                finish_on_key,
                max_length_s,
                timeout_s: None,
                trim_silence,
                play_beep: trim_silence,
                callback,
            })
        });
    let dial = (prop::collection::vec(target(), 1..4), any::<Option<bool>>(), prop::option::of(address()))
        .prop_map(|(targets, record, ring_back_tone)| {
            Step::Dial(Dial {
                caller_id: targets.first().cloned(),
                targets,
                record,
                ring_back_tone,
                ..Dial::default()
            })
        });
    prop_oneof![
        say().prop_map(Step::Say),
        address().prop_map(|url| Step::Play(Play { url })),
        digits,
        record,
        dial,
        Just(Step::Conference(Room::default())),
        (prop::option::of(address()), prop::option::of(label()))
            .prop_map(|(hold_music, name)| Step::Enqueue(Enqueue { hold_music, name })),
        (prop::option::of(label()), target()).prop_map(|(name, line)| Step::Dequeue(Dequeue { name, line })),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    (prop::collection::vec(step(), 0..6), prop::option::of(address())).prop_filter_map(
        "sound",
        |(mut steps, next)| {
            steps.extend(next.map(Step::Redirect));
            Script::new(steps).ok()
        },
    )
}
