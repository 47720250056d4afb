//! Configured scripts: what is read, what is refused and where the fault is, what each call gets.
#![allow(clippy::unwrap_used)]

use providers::script::Book;
use providers::script::book::{Occasion, Part};
use providers::script::dialect::Dialect::{self, AfricasTalking, MiniVoice, TryVoxJson, TryVoxXml};

const BASE: &str = "base_url = \"https://ledger.example.com/\"\n";

fn script(provider: &str, actions: &str) -> String {
    format!("{BASE}[[script]]\nname = \"one\"\nprovider = \"{provider}\"\n{actions}")
}

fn action(text: &str) -> String {
    format!("[[script.action]]\n{text}\n")
}

#[track_caller]
fn refuse(toml: &str, expected: &str) {
    let error = Book::read(toml).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}\n{toml}");
}

/// Every action, and who can say it.
#[test]
fn who_can_say_what() {
    let at = "africastalking";
    let mini = "minivoice";
    let (xml, json) = ("tryvox_xml", "tryvox_json");
    for (text, can) in [
        ("type = \"say\"\ntext = \"x\"", &[at, mini, json][..]),
        ("type = \"say\"\nssml = \"<speak>x</speak>\"", &[at]),
        ("type = \"say\"\ntext = \"x\"\nvoice = \"woman\"\nbeep = true", &[at]),
        ("type = \"play\"\nurl = \"https://a.example.com/a.wav\"", &[at, json]),
        ("type = \"dial\"\nto = [\"+254700000011\"]", &[at, mini, json]),
        ("type = \"dial\"\nto = [\"+254700000011\", \"+254700000012\"]", &[at, json]),
        ("type = \"dial\"\nto = [\"+254700000011\"]\nunanswered = [{ type = \"say\", text = \"x\" }]", &[at]),
        ("type = \"record\"\ntext = \"x\"\nfinish_on_key = \"#\"\nmax_seconds = 60", &[at, json]),
        ("type = \"record_rest\"", &[at]),
        ("type = \"redirect\"\nurl = \"https://a.example.com/\"", &[at, mini, json]),
        ("type = \"reject\"", &[at, json]),
        ("type = \"conference\"", &[at]),
        ("type = \"conference\"\nroom = \"room-1\"", &[mini, xml, json]),
        ("type = \"conference\"\nroom = \"room-1\"\nrecord = true", &[mini, json]),
        ("type = \"enqueue\"\nname = \"support\"", &[at]),
        ("type = \"dequeue\"\nline = \"+254700000001\"", &[at]),
        ("type = \"pause\"", &[json]),
        ("type = \"pause\"\nseconds = 2", &[]),
        ("type = \"hangup\"", &[json]),
        ("type = \"consent\"", &[at, mini, json]),
        ("type = \"menu\"\ntext = \"x\"\nchoices = { 1 = \"one\" }", &[at, mini, json]),
        ("type = \"confirm\"", &[at, mini, json]),
    ] {
        for provider in [at, mini, xml, json] {
            let read = Book::read(&script(provider, &action(text)));
            assert_eq!(read.is_ok(), can.contains(&provider), "{text} for {provider}: {read:?}");
            if let Err(error) = read {
                assert!(error.to_string().starts_with("script \"one\", action 1: "), "{error}");
            }
        }
    }
}

#[test]
fn the_fault_is_named_with_script_and_action() {
    let say = action("type = \"say\"\ntext = \"x\"");
    let conference = action("type = \"conference\"\nroom = \"r\"");
    let at = |actions: &str| script("africastalking", actions);
    refuse(
        &script("minivoice", &format!("{say}{conference}{say}")),
        "action 3: MiniVoice runs no action behind",
    );
    refuse(
        &at(&format!("{say}{}{say}", action("type = \"redirect\"\nurl = \"https://a.example.com/\""))),
        "action 3: can never be reached",
    );
    refuse(&at(&format!("{}{say}", action("type = \"reject\""))), "reject must be the only action");
    refuse(
        &at(&format!("{}{}", action("type = \"consent\""), action("type = \"reject\""))),
        "reject must be the only action",
    );
    refuse(&at(&action("type = \"say\"")), "action 1: needs either text or ssml");
    refuse(&at(&action("type = \"say\"\ntext = \"\"")), "action 1: the speech is empty");
    refuse(&at(&action("type = \"say\"\ntext = \"x\"\nvolume = 3")), "unknown field `volume`");
    refuse(&at(&action("type = \"sing\"")), "unknown variant `sing`");
    refuse(&at(&action("text = \"x\"")), "missing field `type`");
    refuse(&at(&action("type = \"dial\"\nto = []")), "1 to 20 targets");
    refuse(&at(&action("type = \"dial\"\nto = [\"a\\\"><Reject/>\"]")), "a character that is not allowed");
    refuse(
        &at(&action("type = \"play\"\nurl = \"javascript:alert(1)\"")),
        "not an absolute http or https address",
    );
    refuse(&at(&action("type = \"consent\"\ntries = 0")), "tries: from 1 to 5");
    refuse(
        &at(&action("type = \"menu\"\ntext = \"x\"\nchoices = { a = \"one\" }")),
        "\"a\" is not one of the keys",
    );
    refuse(&at(&action("type = \"menu\"\ntext = \"x\"\nchoices = { 1 = \"two\" }")), "leads to \"two\"");
    refuse(
        &at(&action("type = \"dial\"\nto = [\"+254700000011\"]\nunanswered = [{ type = \"confirm\" }]")),
        "unanswered: asks for something",
    );
    refuse(&at(""), "has no action");
    refuse(&script("skype", &say), "unknown variant `skype`");
    refuse(
        &at(&action("type = \"consent\"")).replace(BASE, ""),
        "action 1: waits for an answer, and so the file needs base_url",
    );
    refuse("base_url = \"ledger\"", "base_url: not an absolute");
    refuse("volume = 3", "unknown field `volume`");
    refuse("[[script", "TOML parse error");
}

#[test]
fn no_two_scripts_are_for_the_same_call() {
    let two = |first: &str, second: &str| {
        let one = |name: &str, occasion: &str| {
            let say = action("type = \"say\"\ntext = \"x\"");
            format!("[[script]]\nname = \"{name}\"\nprovider = \"africastalking\"\n{occasion}\n{say}")
        };
        format!("{}{}", one("a", first), one("b", second))
    };
    let number = "numbers = [\"+254700000001\"]";
    refuse(&two(number, number), "script \"b\": another script is for number +254700000001");
    refuse(&two("", ""), "another script is for everything else");
    refuse(&two("conference = true", "conference = true"), "another script is for conferences");
    refuse(&two("rooms = [\"a\"]", "rooms = [\"a\"]"), "another script is for room a");
    refuse(&two("numbers = [\"0700\"]", ""), "numbers: \"0700\"");
    refuse(&two("rooms = [\"</Conference>\"]", ""), "rooms: \"</Conference>\"");
    refuse(&two("", "").replace("name = \"b\"", "name = \"a\""), "another script has that name");
    assert!(Book::read(&two(number, "")).is_ok());
}

#[test]
fn a_call_gets_the_script_of_its_occasion() {
    let say = action("type = \"conference\"\nroom = \"r\"");
    let one = |name: &str, provider: &str, occasion: &str| {
        format!("[[script]]\nname = \"{name}\"\nprovider = \"{provider}\"\n{occasion}\n{say}")
    };
    let toml = [
        one("line", "tryvox_json", "numbers = [\"+254700000001\"]"),
        one("room", "tryvox_json", "rooms = [\"Room-1\"]"),
        one("conference", "tryvox_json", "conference = true"),
        one("rest", "tryvox_json", ""),
        one("mini", "minivoice", "numbers = [\"+254700000001\"]"),
    ]
    .concat();
    let book = Book::read(&toml).unwrap();
    assert_eq!((book.len(), book.is_empty()), (5, false));
    let chosen = |dialect: Dialect, line, room, conference| {
        book.choose(dialect, Occasion { line, room, conference }).map(|script| script.name.as_str())
    };
    let line = Some("+254700000001");
    assert_eq!(chosen(TryVoxJson, line, None, false), Some("line"));
    assert_eq!(chosen(TryVoxJson, Some("+254700000009"), None, false), Some("rest"));
    assert_eq!(chosen(TryVoxJson, None, None, false), Some("rest"));
    assert_eq!(chosen(TryVoxJson, line, Some("Room-1"), false), Some("room"));
    assert_eq!(chosen(TryVoxJson, line, Some("room-1"), false), None, "names of rooms are case-sensitive");
    assert_eq!(chosen(TryVoxJson, line, Some("Room-1"), true), Some("conference"));
    assert_eq!(chosen(MiniVoice, line, None, false), Some("mini"));
    assert_eq!(chosen(MiniVoice, None, None, false), None);
    assert_eq!(chosen(MiniVoice, line, None, true), None);
    assert_eq!(chosen(TryVoxXml, line, None, false), None, "each dialect has its own");
    assert_eq!(chosen(AfricasTalking, line, None, false), None);
}

#[test]
fn names_cannot_bring_markup_into_a_call() {
    let text = "Tom & Amina </Say><Reject/><Say> \\\" ]]>";
    for (provider, dialect) in
        [("africastalking", AfricasTalking), ("minivoice", MiniVoice), ("tryvox_json", TryVoxJson)]
    {
        let book =
            Book::read(&script(provider, &action(&format!("type = \"say\"\ntext = \"{text}\"")))).unwrap();
        let script = book.choose(dialect, Occasion::default()).unwrap();
        let Some(Part::Steps(steps)) = script.part(0) else { panic!("steps") };
        let body = script.render(steps.clone()).unwrap().body;
        if dialect == AfricasTalking {
            assert!(!body.contains("<Reject"), "{body}");
            assert_eq!(body.matches("<Say>").count(), 1);
        } else {
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert!(read.to_string().contains("Tom & Amina </Say>"), "{body}");
        }
    }
    for room in ["a</Conference><Reject/>", "a\\\"", "a b", "é", ""] {
        refuse(
            &script("tryvox_xml", &action(&format!("type = \"conference\"\nroom = \"{room}\""))),
            "action 1: the name",
        );
    }
}

#[test]
fn nothing_configured_is_an_empty_book() {
    let book = Book::read("").unwrap();
    assert!(book.is_empty() && book.choose(AfricasTalking, Occasion::default()).is_none());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Book::read(&text);
    }

    #[test]
    fn any_action_is_read_or_refused(
        kind in proptest::sample::select(vec!["say", "dial", "consent", "menu", "record", "conference"]),
        field in proptest::sample::select(vec!["text", "to", "room", "url", "choices", "tries"]),
        value in proptest::sample::select(vec!["1", "\"x\"", "[]", "{}", "true", "[\"+254700000011\"]"]),
    ) {
        for provider in ["africastalking", "minivoice", "tryvox_xml", "tryvox_json"] {
            let _ = Book::read(&script(provider, &action(&format!("type = \"{kind}\"\n{field} = {value}"))));
        }
    }
}
