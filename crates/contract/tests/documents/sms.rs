//! What parties are sent fits two parts and shows on every phone.

use contract::agreement::Status;
use contract::command::{ContractType, CreateContract, Language, Party, TERM_BYTES_MAX, Terms};
use contract::document::build;
use contract::event::Template;
use contract::input::Seed;
use contract::text::{Notice, ask_again, confirm_request, new_code, notice, parts_max, request_of};
use ledger::disclosure::Salt;
use ledger::hash::sha256;
use proptest::prelude::*;

/// Two parts of a joined message: 2 × 153 (3GPP TS 23.040 §9.2.3.24.1, a header of six bytes in each part).
const TWO_PARTS_SEPTETS: usize = 306;

/// The default alphabet of 3GPP TS 23.038 §6.2.1, in the order of its table, without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension table (§6.2.1.1): each takes an escape and a septet.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Septets of a text; none where a character is outside the alphabet and the message would be sent in UCS-2.
fn septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|c| match (BASIC.contains(c), EXTENSION.contains(c)) {
            (true, _) => Some(1),
            (false, true) => Some(2),
            (false, false) => None,
        })
        .sum()
}

fn words() -> impl Strategy<Value = Option<String>> {
    let odd = "[A-Za-z ÀÉéçôñÜ€\\[\\]{}~^|`'’“”–—…_ßΔ鱼🐟\u{300}\u{1}\r\n]{0,200}";
    proptest::option::of(prop_oneof![Just("maize".to_owned()), odd.prop_map(|s| s), ".{0,200}"])
}

fn amount() -> impl Strategy<Value = Option<contract::money::Amount>> {
    proptest::option::of("[0-9]{1,28}".prop_map(|digits| digits.parse().unwrap()))
}

fn command() -> impl Strategy<Value = CreateContract> {
    let texts = (words(), words(), words(), words());
    (texts, amount(), amount(), ".{0,300}", any::<bool>()).prop_map(
        |((product, quantity, unit, delivery_deadline), unit_price, total_amount, transcript, swahili)| {
            let terms = Terms {
                product,
                quantity,
                unit,
                unit_price,
                total_amount,
                delivery_deadline,
                ..Terms::default()
            };
            let phone = |n: u8| format!("+25470000000{n}").parse().unwrap();
            let party = |n| Party { phone: phone(n), role: "party".into(), name: None };
            CreateContract {
                transcript,
                parties: vec![party(1), party(2)],
                contract_type: ContractType::default(),
                language: if swahili { Language::Sw } else { Language::En },
                terms,
                other_terms: Vec::new(),
                conference_id: None,
                terms_evidence: None,
                first_of_conference: false,
                expires_at: None,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_confirmation_request_fits_two_parts_and_keeps_code_and_hash(command in command()) {
        // Numbers beyond a million in a year make the text longer; leave them room.
        let id = "AGRI-2026-000000000001";
        let hash = sha256(b"contract.json");
        let text = confirm_request(id, &command, "4821", &hash);
        let length = septets(&text);
        prop_assert!(length.is_some_and(|n| n <= TWO_PARTS_SEPTETS), "{length:?}: {text}");
        let ending = format!(" 4821. SHA256 {hash}");
        prop_assert!(text.starts_with(id) && text.ends_with(&ending), "{text}");
    }
}

/// Number beyond a million in a year, so that the longest contract id is not forgotten.
const LONGEST_ID: &str = "AGRI-2026-000000000001";

/// Septets that fit so many parts: 160 in one, 153 in each of several.
fn room(parts: usize) -> usize {
    if parts == 1 { 160 } else { 153 * parts }
}

/// Every text we send, for a contract with these words in it.
fn text(template: Template, command: &CreateContract, role: &str, to: Status) -> String {
    let hash = sha256(b"contract.json");
    let seed = Seed(sha256(b"seed"));
    let document = |command| {
        build(LONGEST_ID, command, &[], &seed, || Salt::derive(&[7; 32], 1)).map(|document| document.json)
    };
    match template {
        Template::ConfirmRequest => confirm_request(LONGEST_ID, command, "4821", &hash),
        // What the profile does not take never becomes a document.
        Template::AmendRequest => document(command)
            .map_or_else(|_| String::new(), |json| request_of(LONGEST_ID, &json, "4821", &hash, template)),
        Template::AskAgain => ask_again(LONGEST_ID),
        Template::NewCode => new_code(LONGEST_ID, "4821", command.language),
        _ => {
            let about = Notice { contract_id: LONGEST_ID, role: Some(role), document: &hash, to: Some(to) };
            notice(template, &about, command.language)
        }
    }
}

fn assert_fits(template: Template, text: &str) {
    let (length, parts) = (septets(text), parts_max(template));
    assert!(length.is_some_and(|n| n <= room(parts)), "{template:?} in {length:?}, {parts} parts: {text}");
}

proptest! {
    #[test]
    fn every_text_fits_its_parts_and_shows_on_every_phone(
        command in command(),
        role in words(),
        to in prop_oneof![Just(Status::Active), Just(Status::Completed), Just(Status::Cancelled)],
    ) {
        for template in Template::ALL {
            assert_fits(template, &text(template, &command, role.as_deref().unwrap_or("seller"), to));
        }
    }
}

/// Names and terms as long as they may be, in both languages.
#[test]
fn the_longest_texts_fit() {
    let longest = Some("m".repeat(TERM_BYTES_MAX));
    for language in [Language::En, Language::Sw] {
        let amount = "9".repeat(26).parse().ok();
        let terms = Terms {
            product: longest.clone(),
            quantity: longest.clone(),
            unit: longest.clone(),
            unit_price: amount,
            total_amount: amount,
            delivery_deadline: longest.clone(),
            ..Terms::default()
        };
        let party = |n: u8| Party {
            phone: format!("+25470000000{n}").parse().unwrap(),
            role: "r".repeat(TERM_BYTES_MAX),
            name: longest.clone(),
        };
        let command = CreateContract {
            transcript: "t".repeat(10_000),
            parties: vec![party(1), party(2)],
            contract_type: ContractType::default(),
            language,
            terms,
            other_terms: Vec::new(),
            conference_id: None,
            terms_evidence: None,
            first_of_conference: false,
            expires_at: None,
        };
        for template in Template::ALL {
            for role in [command.parties[0].role.as_str(), ""] {
                let text = text(template, &command, role, Status::Completed);
                assert!(text.len() > 40, "{template:?} says nothing");
                assert_fits(template, &text);
            }
        }
    }
}

/// The reader takes what the message tells people to write.
#[test]
fn the_answers_we_ask_for_are_understood() {
    use contract::reply::{Reply, read};
    for word in ["YES", "NO", "NDIO", "HAPANA"] {
        let text = format!("{word} CODE AGRI-2026-000001");
        assert!(ask_again("AGRI-2026-000001").contains(&text));
        let written = text.replace("CODE", "4821");
        let Reply::Answer { code, contract_id, .. } = read(&written) else { panic!("{written}") };
        assert_eq!((code.as_deref(), contract_id.as_deref()), (Some("4821"), Some("AGRI-2026-000001")));
    }
}
