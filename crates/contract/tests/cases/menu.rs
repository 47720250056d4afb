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

const TOP: &str = "Ahadi\n1. My contracts\n2. Confirm\n3. Reject\n5. Kiswahili";
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
            Step::Do(Deed { wish, code: "4821".into(), language: Language::En }),
            "{typed}"
        );
    }
    assert!(matches!(deed("2*2*4821*0"), Step::Show(_)));
}

#[test]
fn new_terms_are_answered_by_text_and_not_while_the_old_ones_are_read() {
    let mut all = two();
    all[0].1.proposal = Some(Box::new(Proposal {
        version: 5,
        party: None,
        at: Timestamp::EPOCH,
        document_sha256: ledger::hash::sha256(b"new terms"),
        document: None,
        language: Language::En,
        expires_at: Timestamp::EPOCH,
        codes: vec![Some("1357".into())],
        answers: vec![None],
    }));
    for typed in ["2*1", "3*1", "2*1*4821", "2*1*1357"] {
        let Step::Show(screen) = with(&all, Language::En, |menu| menu.step(typed)) else {
            panic!("{typed} is no deed")
        };
        let told = "AGRI-2026-000001: new terms wait. Answer them by the SMS we sent you.\n0. Back";
        assert_eq!(screen.text, told, "{typed}");
    }
}

#[test]
fn what_became_of_a_deed_is_shown() {
    let wish = Wish { contract_id: "AGRI-2026-000002".into(), will: Will::Answer(Answer::Yes) };
    let deed = Deed { wish, code: "4821".into(), language: Language::En };
    let mut contract = agreement("beans", Status::Pending);
    let shown = |contract: &Agreement| {
        Menu::done(
            &deed,
            Some(Known { number: 2, contract_id: "AGRI-2026-000002", agreement: contract, party: 0 }),
        )
    };
    let wrong = shown(&contract);
    assert_eq!(
        (wrong.text.as_str(), wrong.ends),
        ("AGRI-2026-000002: Wrong code. Try again.\n0. Back", false)
    );
    contract.parties[0].wrong_codes = 5;
    assert!(shown(&contract).ends && shown(&contract).text.contains("Too many wrong codes"));
    let channel = contract::event::Channel::Ussd;
    contract.parties[0].answer =
        Some(contract::agreement::Given { answer: Answer::Yes, channel, at: Timestamp::EPOCH });
    assert!(shown(&contract).text.contains("you have confirmed"));
    contract.status = Status::Confirmed;
    assert!(shown(&contract).text.contains("confirmed by everybody"));
    assert!(Menu::done(&deed, None).text.contains("we have your answer"));
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
        typed in prop::collection::vec(prop_oneof!["[0-5]", "00", "1?[0-9]", "[0-9]{4}", "\\PC{0,6}"], 0..8),
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
