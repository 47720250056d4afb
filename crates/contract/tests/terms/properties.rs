//! What holds for every text.

use contract::terms::{Field, Term};
use proptest::prelude::*;

use super::labelled::own;
use super::{read, terms};

const TYPES: [&str; 5] =
    ["agricultural_supply", "goods_purchase", "logistics", "service_agreement", "loan_agreement"];

/// Words that mean something to the rules, to be thrown together.
const WORDS: &str = "buyer: okay deal no not siyo sawa yes hapana 200 4,200 90 0.5 1.50 99999999999999999999 seven twenty hundred \
    thousand million k and a half point dozen double zero kumi na mbili mia elfu laki milioni nusu nukta moja bags gunia kilo kg \
    tonnes per each kwa kila bei price total jumla deposit half percent % asilimia moisture grade friday next week kesho tarehe \
    mwezi wa tatu 31 the 31st of february end month every in within days after delivery invoice to from at in kutoka hadi kitale \
    Nairobi market soko la maize mahindi za Hass white goats loan mkopo riba interest flat instalments months year kila mwezi \
    bob shillings /= KES UGX $ , . ? ! : ; \n - ' ’ pay lipa balance ikifika when if later bado let me check 2026-13-45 31/2 7/8 \
    0700000012 +254700000012 KXX 318P saa asubuhi ploughing acres start until daraja ya first second free fresh dry clean";

fn words() -> impl Iterator<Item = &'static str> + Clone {
    WORDS.split(' ').filter(|w| !w.is_empty())
}

fn babble() -> impl Strategy<Value = String> {
    let words: Vec<&'static str> = words().collect();
    prop::collection::vec(prop::sample::select(words), 0..80).prop_map(|words| words.join(" "))
}

/// Every span lies on characters, and holds words; each field comes once; nothing is empty.
fn sound(transcript: &str, found: &[Term]) {
    assert!(found.is_sorted_by(|a, b| a.field < b.field));
    for term in found {
        let evidence =
            transcript.get(term.span.clone()).expect("a span lies on the characters of the transcript");
        assert!(
            evidence.chars().any(|c| c.is_alphanumeric() || "$€£/%".contains(c)),
            "{term:?}: {evidence:?}"
        );
        assert_eq!(evidence.trim(), evidence);
        assert!(!term.value.is_empty() && term.value.trim() == term.value);
        assert!((1..=100).contains(&term.confidence));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_can_be_read(text in "\\PC{0,300}", kind in 0..TYPES.len(), day in 0..3650i64) {
        let date = chrono::NaiveDate::default() + chrono::Duration::days(day + 18_000);
        sound(&text, &terms(&text, TYPES[kind], &date.to_string()));
    }

    #[test]
    fn babble_can_be_read(text in babble(), kind in 0..TYPES.len(), day in 0..3650i64) {
        let date = chrono::NaiveDate::default() + chrono::Duration::days(day + 18_000);
        sound(&text, &terms(&text, TYPES[kind], &date.to_string()));
    }

    #[test]
    fn numbers_are_plain_and_dates_are_dates(text in babble(), kind in 0..TYPES.len()) {
        for term in terms(&text, TYPES[kind], "2026-03-10") {
            use Field::*;
            match term.field {
                Quantity | Hours | UnitPrice | Rate | TotalAmount | UpfrontPayment | Principal | InstalmentAmount | InterestRate => {
                    prop_assert!(term.value.parse::<contract::money::Amount>().is_ok(), "{}", term.value);
                    prop_assert!(!term.value.contains('.') || !term.value.ends_with('0'), "{}", term.value);
                }
                DeliveryDeadline | StartDate | EndDate => {
                    prop_assert!(term.value.parse::<chrono::NaiveDate>().is_ok(), "{}", term.value);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn small_talk_changes_nothing(call in 0..1000usize, greeting in 0..3usize, parting in 0..3usize) {
        let calls: Vec<_> = own().into_iter().filter(|c| c.style == "dialogue").collect();
        let call = &calls[call % calls.len()];
        let first = call.transcript.split(':').next().unwrap_or_default();
        let greetings = ["", "Hello, how is the family?", "Habari ya asubuhi, hamjambo nyumbani?"];
        let partings = ["", "Greet the children.", "Salamu kwa wote nyumbani."];
        let mut talk = call.transcript.clone();
        if greeting > 0 {
            talk = format!("{first}: {}\nCaller: They are well.\n{talk}", greetings[greeting]);
        }
        if parting > 0 {
            talk = format!("{talk}\n{first}: {}", partings[parting]);
        }
        let kind = &call.contract_type;
        let expected = read(&call.transcript, kind, &call.call_date);
        prop_assert_eq!(read(&talk, kind, &call.call_date), expected, "{}", call.id);
    }
}

#[test]
fn spans_hold_the_digits_that_were_said() {
    for call in own() {
        let found = terms(&call.transcript, &call.contract_type, &call.call_date);
        sound(&call.transcript, &found);
        for term in found
            .iter()
            .filter(|t| matches!(t.field, Field::Quantity | Field::TotalAmount | Field::Principal))
        {
            let evidence = &call.transcript[term.span.clone()];
            let digits: String = evidence.chars().filter(char::is_ascii_digit).collect();
            let said = evidence.chars().all(|c| c.is_ascii_digit() || c == ',');
            assert!(!said || digits == term.value, "{}: {evidence}, {}", call.id, term.value);
        }
    }
}

#[test]
fn a_call_may_break_off_after_any_two_words() {
    for (n, (first, second)) in words().flat_map(|one| words().map(move |other| (one, other))).enumerate() {
        let talk = format!("Seller: Seven bags of maize, {first} {second}");
        sound(&talk, &terms(&talk, TYPES[n % TYPES.len()], "2026-03-10"));
    }
}

#[test]
fn a_call_may_break_off_at_any_word() {
    for call in own() {
        let ends = call.transcript.match_indices(' ').map(|(end, _)| &call.transcript[..end]);
        for talk in ends {
            sound(talk, &terms(talk, &call.contract_type, &call.call_date));
        }
    }
}

#[test]
fn the_longest_transcript_can_be_read() {
    let line = "Buyer: No, not 400 bags at 500 bob per bag to Kitale by Friday, moisture 13 percent.\n";
    let talk = line.repeat(contract::command::TRANSCRIPT_BYTES_MAX / line.len());
    sound(&talk, &terms(&talk, "logistics", "2026-03-10"));
}
