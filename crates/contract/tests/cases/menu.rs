//! The USSD menu: what is typed, what is shown, and that every screen fits.

use contract::agreement::{Agreement, PartyState, Proposal, Status};
use contract::command::{Answer, Language};
use contract::fact::{Will, Wish};
use contract::menu::{Deed, Known, Menu, SCREEN_CHARS_MAX, Screen, Step};
use ledger::time::Timestamp;
use proptest::prelude::*;

fn agreement(product: &str, status: Status) -> Agreement {
    let document = serde_json::json!({ "terms": {
        "product": product, "quantity": "500", "unit": "kg", "currency": "KES", "total_amount": "25000.00",
    }});
    let party = PartyState {
        role: "buyer".into(),
        phone: Some("+254700000011".into()),
        name: None,
        code: Some("4821".into()),
        answer: None,
        wrong_codes: 0,
    };
    Agreement { document: Some(document.to_string()), parties: vec![party], status, ..Agreement::default() }
}

/// The step of a person with these contracts.
fn with<T>(all: &[(String, Agreement)], language: Language, act: impl FnOnce(&Menu<'_>) -> T) -> T {
    let numbered = (1..).zip(all);
    let known =
        numbered.map(|(number, (id, agreement))| Known { number, contract_id: id, agreement, party: 0 });
    let mut known: Vec<Known<'_>> = known.collect();
    known.reverse();
    act(&Menu { contracts: &known, language, now: Timestamp::EPOCH, shows_terms: true })
}

fn two() -> Vec<(String, Agreement)> {
    vec![
        ("AGRI-2026-000001".into(), agreement("maize", Status::Confirmed)),
        ("AGRI-2026-000002".into(), agreement("beans", Status::Pending)),
    ]
}

#[track_caller]
fn check(typed: &str, expected: &str) {
    let step = with(&two(), Language::En, |menu| menu.step(typed));
    match step {
        Step::Show(Screen { text, ends: false }) => assert_eq!(text, expected, "{typed}"),
        other => panic!("{typed}: {other:?}"),
    }
}

const TOP: &str = "Ahadi\n1. My contracts\n2. Confirm\n3. Reject\n4. Report a problem\n5. Kiswahili";
const ASKED: &str = "AGRI-2026-000002\nbeans 500 kg = KES 25000.00\nTo CONFIRM, enter the 4 digits we sent you by SMS.\n0. Back";

#[test]
fn screens() {
    check("", TOP);
    check("9", &format!("Not on the list.\n{TOP}"));
    check("9*", &format!("Not on the list.\n{TOP}"));
    check("9*1*0", TOP);
    check(
        "1",
        "My contracts\n2. beans 500 kg = KES 25000.00: pending\n1. maize 500 kg = KES 25000.00: confirmed\n0. Back",
    );
    check("1*1", "AGRI-2026-000001\nmaize 500 kg = KES 25000.00\nconfirmed\n0. Back");
    check("1*1*0*0", TOP);
    // The number is the contract's place among all, also where only some are listed.
    check("2", "Confirm which?\n2. beans 500 kg = KES 25000.00\n0. Back");
    check("2*2", ASKED);
    check("2*1", "AGRI-2026-000001: this contract can no longer be answered.\n0. Back");
    check("2*2*12", &format!("Not on the list.\n{ASKED}"));
    check("2*2*0", TOP);
    check("2*7", "Not on the list.\nConfirm which?\n2. beans 500 kg = KES 25000.00\n0. Back");
    check("3*2", &ASKED.replace("CONFIRM", "REJECT"));
    check(
        "5*2*2",
        "AGRI-2026-000002\nbeans 500 kg = KES 25000.00\nKUTHIBITISHA, weka tarakimu 4 tulizokutumia kwa SMS.\n0. Rudi",
    );
    check("5*5", TOP);
    // A code typed earlier in the session was wrong: else the session would have ended with it.
    check("2*2*1111*", &format!("Not on the list.\n{ASKED}"));
}

#[test]
fn a_code_is_a_deed_only_where_it_comes_last() {
    let deed = |typed: &str| with(&two(), Language::En, |menu| menu.step(typed));
    for (typed, answer) in
        [("2*2*4821", Answer::Yes), ("3*2*4821", Answer::No), ("2*2*1111*4821", Answer::Yes)]
    {
        let wish = Wish { contract_id: "AGRI-2026-000002".into(), will: Will::Answer(answer) };
        assert_eq!(
            deed(typed),
            Step::Do(Deed { wish, code: "4821".into(), reason: None, language: Language::En }),
            "{typed}"
        );
    }
    assert!(matches!(deed("2*2*4821*0"), Step::Show(_)));
}

fn proposal(code: &str) -> Proposal {
    let document = serde_json::json!({ "terms": { "product": "maize", "quantity": "400", "unit": "kg" }});
    Proposal {
        version: 5,
        party: None,
        at: Timestamp::EPOCH,
        document_sha256: ledger::hash::sha256(b"new terms"),
        document: Some(document.to_string()),
        language: Language::En,
        expires_at: Timestamp::EPOCH,
        codes: vec![Some(code.into())],
        answers: vec![None],
    }
}

#[test]
fn new_terms_are_shown_where_they_are_answered() {
    let mut all = two();
    all[0].1.proposal = Some(Box::new(proposal("1357")));
    let shown = |typed: &str| match with(&all, Language::En, |menu| menu.step(typed)) {
        Step::Show(screen) => screen.text,
        Step::Do(deed) => panic!("{typed}: {deed:?}"),
    };
    let new = "AGRI-2026-000001\nmaize 400 kg\nNEW terms, see our newest SMS. To CONFIRM them, enter its 4 digits.\n0. Back";
    assert_eq!(shown("2*1"), new);
    assert_eq!(shown("3*1"), new.replace("CONFIRM", "REJECT"));
    // What is in force is what is looked at.
    let detail = shown("1*1");
    assert!(
        detail.contains("maize 500 kg") && detail.contains("New terms wait: answer with 2 or 3."),
        "{detail}"
    );
    let wish = Wish { contract_id: "AGRI-2026-000001".into(), will: Will::Answer(Answer::Yes) };
    let deed = Deed { wish, code: "1357".into(), reason: None, language: Language::En };
    assert_eq!(with(&all, Language::En, |menu| menu.step("2*1*1357")), Step::Do(deed));
}

#[track_caller]
fn told(deed: &Deed, contract: &Agreement, expected: &str, ends: bool) {
    let id = deed.wish.contract_id.as_str();
    let screen = Menu::done(deed, Some(Known { number: 2, contract_id: id, agreement: contract, party: 0 }));
    assert!(screen.text.contains(expected), "{}", screen.text);
    assert_eq!(screen.ends, ends, "{}", screen.text);
}

fn deed(will: Will, code: &str) -> Deed {
    let wish = Wish { contract_id: "AGRI-2026-000002".into(), will };
    let reason = (will == Will::Dispute).then(|| "Not paid".into());
    Deed { wish, code: code.into(), reason, language: Language::En }
}

const YES: Will = Will::Answer(Answer::Yes);
const NO: Will = Will::Answer(Answer::No);

fn given(answer: Answer) -> contract::agreement::Given {
    contract::agreement::Given { answer, channel: contract::event::Channel::Ussd, at: Timestamp::EPOCH }
}

#[test]
fn what_became_of_an_answer_is_shown() {
    let mut contract = agreement("beans", Status::Pending);
    told(&deed(YES, "1111"), &contract, "AGRI-2026-000002: Wrong code. Try again.\n0. Back", false);
    contract.parties[0].wrong_codes = 5;
    told(&deed(YES, "1111"), &contract, "Too many wrong codes", true);
    contract.parties[0].answer = Some(given(Answer::Yes));
    told(&deed(YES, "4821"), &contract, "you have confirmed", true);
    told(&deed(NO, "4821"), &contract, "that answer stands", true);
    contract.status = Status::Confirmed;
    told(&deed(YES, "4821"), &contract, "confirmed by everybody", true);
    contract.status = Status::Rejected;
    told(&deed(YES, "4821"), &contract, "you have confirmed. The others", true);
    assert!(Menu::done(&deed(YES, "4821"), None).text.contains("we have your answer"));
}

#[test]
fn what_became_of_an_answer_to_new_terms_is_shown() {
    let mut contract = agreement("beans", Status::Confirmed);
    contract.parties[0].answer = Some(given(Answer::Yes));
    contract.proposal = Some(Box::new(proposal("1357")));
    told(&deed(YES, "2222"), &contract, "Wrong code", false);
    let waiting = contract.proposal.as_mut().unwrap();
    waiting.answers[0] = Some(given(Answer::Yes));
    told(&deed(YES, "1357"), &contract, "you have confirmed. The others", true);
    // The draft was never answered, and its code came too late.
    contract.parties[0].answer = None;
    told(&deed(YES, "4821"), &contract, "that code is of other terms", false);
}

#[test]
fn a_problem_is_reported_where_the_lifecycle_has_a_dispute() {
    let list = "A problem with which?\n1. maize 500 kg = KES 25000.00\n0. Back";
    check("4", list);
    let kinds = "AGRI-2026-000001\nWhat is wrong?\n1. Not delivered\n2. Poor quality\n3. Less than agreed\n4. Not paid\n5. Something else\n0. Back";
    check("4*1", kinds);
    check("4*1*7", &format!("Not on the list.\n{kinds}"));
    let ask = |what: &str| {
        format!("AGRI-2026-000001\n{what}\nTo REPORT it, enter the 4 digits we sent you by SMS.\n0. Back")
    };
    check("4*1*2", &ask("Poor quality"));
    check("4*1*2*12", &format!("Not on the list.\n{}", ask("Poor quality")));
    check("4*1*5", "AGRI-2026-000001\nType in your own words what is wrong.\n0. Back");
    check("4*1*5*0", kinds);
    check("4*1*5*half of it was wet", &ask("half of it was wet"));
    // A star in own words parts nothing.
    check("4*1*5*wet * and late", &ask("wet * and late"));
    check("4*1*5* ", "Not on the list.\nAGRI-2026-000001\nType in your own words what is wrong.\n0. Back");
    // What is not confirmed cannot be broken, and the menu says so.
    check("4*2", "AGRI-2026-000002 (pending): no problem can be reported in this state.\n0. Back");
    check("4*2*1", "AGRI-2026-000002 (pending): no problem can be reported in this state.\n0. Back");
    let Step::Show(screen) = with(&two()[1..], Language::Sw, |menu| menu.step("4")) else {
        panic!("no deed")
    };
    assert_eq!(screen.text, "Hakuna mkataba ulio katika hali ya kuripotiwa tatizo.\n0. Rudi");
    for (typed, reason) in [
        ("4*1*2*4821", "Poor quality"),
        ("4*1*5*half of it was wet*4821", "half of it was wet"),
        ("4*1*5*wet * and late*1111*4821", "wet * and late"),
        ("4*1*5*1234*4821", "1234"),
        ("5*4*1*4*4821", "Haijalipwa"),
    ] {
        let Step::Do(deed) = with(&two(), Language::En, |menu| menu.step(typed)) else { panic!("{typed}") };
        assert_eq!((deed.reason.as_deref(), deed.wish.will), (Some(reason), Will::Dispute), "{typed}");
        assert_eq!((deed.code.as_str(), deed.wish.contract_id.as_str()), ("4821", "AGRI-2026-000001"));
        assert!(!format!("{deed:?}").contains(reason), "{deed:?}");
    }
}

#[test]
fn what_became_of_a_problem_is_shown() {
    let mut contract = agreement("beans", Status::Active);
    told(&deed(Will::Dispute, "1111"), &contract, "Wrong code", false);
    contract.disputes.push(contract::agreement::DisputeState {
        party: 0,
        at: Timestamp::EPOCH,
        reason: None,
        ended: None,
    });
    contract.status = Status::Disputed;
    told(&deed(Will::Dispute, "4821"), &contract, "your problem is reported", true);
    let reported = [("AGRI-2026-000001".to_owned(), contract.clone())];
    let Step::Show(screen) = with(&reported, Language::En, |menu| menu.step("4*1")) else {
        panic!("no deed")
    };
    let before = "AGRI-2026-000001 (disputed): you reported a problem, which is not settled yet.\n0. Back";
    assert_eq!(screen.text, before);
    // The same step once more leads where it led.
    let again = with(&reported, Language::En, |menu| menu.step("4*1*4*4821"));
    assert!(matches!(again, Step::Do(Deed { wish: Wish { will: Will::Dispute, .. }, .. })), "{again:?}");
    contract.disputes[0].ended = Some(Status::Completed);
    contract.status = Status::Completed;
    told(&deed(Will::Dispute, "4821"), &contract, "(completed): no problem can be reported", true);
}

/// GSM 03.38 basic set, without its escapes.
fn is_basic(c: char) -> bool {
    c == '\n'
        || c.is_ascii_alphanumeric()
        || " @£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà".contains(c)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_screen_fits_and_can_be_shown(
        products in prop::collection::vec("\\PC{0,80}", 0..12),
        typed in prop::collection::vec(prop_oneof!["[0-5]", "[0-5]", "00", "1?[0-9]", "[0-9]{4}", "\\PC{0,6}"], 0..8),
        swahili: bool,
        shows_terms: bool,
    ) {
        let all: Vec<(String, Agreement)> = products
            .iter()
            .enumerate()
            .map(|(n, product)| {
                let status = if n % 3 == 0 { Status::Confirmed } else { Status::Pending };
                (format!("AGRI-2026-{:09}", n + 1), agreement(product, status))
            })
            .collect();
        let language = if swahili { Language::Sw } else { Language::En };
        let step = with(&all, language, |menu| {
            Menu { shows_terms, ..*menu }.step(&typed.join("*"))
        });
        let screen = match step {
            Step::Show(screen) => screen,
            Step::Do(deed) => {
                let known = all.iter().find(|(id, _)| *id == deed.wish.contract_id);
                Menu::done(&deed, known.map(|(id, agreement)| Known { number: 0, contract_id: id, agreement, party: 0 }))
            }
        };
        prop_assert!(screen.text.chars().count() <= SCREEN_CHARS_MAX, "{}", screen.text);
        prop_assert!(screen.text.chars().all(is_basic), "{}", screen.text);
        prop_assert!(!screen.text.ends_with("..."), "a way on was cut off: {}", screen.text);
    }

    #[test]
    fn every_contract_can_be_reached(count in 1_usize..40, swahili: bool) {
        let long = "grade A shelled yellow maize from the cooperative store";
        let all: Vec<(String, Agreement)> = (1..=count)
            .map(|n| (format!("AGRI-2026-{n:06}"), agreement(long, Status::Pending)))
            .collect();
        let language = if swahili { Language::Sw } else { Language::En };
        let mut seen = std::collections::BTreeSet::new();
        let mut typed = "2".to_owned();
        for _ in 0..count {
            let Step::Show(screen) = with(&all, language, |menu| menu.step(&typed)) else { panic!("no code") };
            let numbers = screen.text.lines().filter_map(|line| line.split_once(". ")?.0.parse::<usize>().ok());
            seen.extend(numbers.filter(|n| *n > 0));
            typed.push_str("*00");
        }
        prop_assert_eq!(seen.len(), count);
    }
}
