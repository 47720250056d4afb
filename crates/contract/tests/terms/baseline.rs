//! What the service this one follows reads in the same calls: its rules, written anew from what they do, as a measure.
//!
//! It looks at letters, not at what was said: English, digits, the first match of each pattern, whoever spoke and whatever
//! was agreed later. What it found first stays; what it does not know it takes for shillings.

use std::collections::BTreeMap;

/// Its words for units, in the order in which it looks for them anywhere in the text, with or without the last letter.
const UNITS: [&str; 7] = ["bags", "sacks", "tons", "kg", "kilos", "units", "pieces"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Everything behind the first of these words.
fn behind<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    let found = words.iter().filter_map(|word| Some((text.find(word)?, word.len())));
    found.min().map(|(at, length)| &text[at + length..])
}

/// A number in digits at the begin, without its commas, and what follows it.
fn number(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(text.len());
    let digits = text[..end].replace(',', "");
    (!digits.is_empty()).then(|| (digits, &text[end..]))
}

/// The first number anywhere of which `wanted` holds for what follows it.
fn first_number(text: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (digits, after) = number(&rest[at..])?;
        if wanted(after) {
            return Some(digits);
        }
        rest = after;
    }
    None
}

fn begins(text: &str, words: &[&str]) -> bool {
    text.starts_with(char::is_whitespace) && words.iter().any(|word| text.trim_start().starts_with(word))
}

/// The first word, of letters and digits.
fn word(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    &text[..text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())]
}

fn product(text: &str) -> Option<String> {
    let counted = behind(text, &["bags ", "sacks ", "bag ", "sack "]);
    let named = counted.map(|rest| word(rest.strip_prefix("of ").unwrap_or(rest)));
    let sold = || behind(text, &["selling "]).map(word);
    let long = |word: &&str| word.len() > 2;
    named.filter(long).or_else(sold).filter(long).or(Some(word(text))).filter(long).map(str::to_owned)
}

fn location(text: &str) -> Option<String> {
    let cues = [
        "deliver to ",
        "deliver at ",
        "delivered to ",
        "delivered at ",
        "warehouse at ",
        "warehouse in ",
        "store at ",
        "store in ",
        "farm at ",
        "farm in ",
    ];
    let rest = behind(text, &cues[..4]).or_else(|| behind(text, &cues[4..]))?;
    let place = rest.split([',', '.']).next()?.trim();
    (place.len() > 3).then(|| place.to_owned())
}

fn deadline(text: &str) -> Option<String> {
    let rest = behind(text, &["by ", "before "])?;
    let (first, second) = (word(rest), word(rest.trim_start_matches(char::is_alphanumeric)));
    let is_day = |word: &str| word.chars().next().is_some_and(|c| c.is_ascii_digit());
    let named = (MONTHS.contains(&first) && is_day(second)) || (is_day(first) && MONTHS.contains(&second));
    named.then(|| format!("{first} {second}"))
}

fn payment(text: &str) -> Option<String> {
    let due = ["delivery", "completion", "inspection"];
    let days = behind(text, &["pay within ", "payment within ", "pay ", "balance ", "remaining "]);
    let days = days.and_then(|rest| first_number(rest, |after| begins(after, &["day", "hour"])));
    let on = || due.into_iter().map(|due| format!("on {due}")).find(|due| text.contains(due));
    days.map(|days| format!("{days} days")).or_else(on)
}

/// All it reads, in the words of our labels as far as they can be told from its own.
pub fn read(transcript: &str) -> BTreeMap<&'static str, String> {
    let text = &transcript.to_lowercase();
    let after = |cues: &[&str]| behind(text, cues).and_then(|rest| first_number(rest, |_| true));
    let count = |units: &[&str]| first_number(text, |rest| begins(rest, units));
    let unit = UNITS.into_iter().find(|unit| text.contains(&unit[..unit.len() - 1]));
    let canonical = |unit: &'static str| match unit {
        "bags" | "sacks" => "bag",
        "tons" => "tonne",
        "kg" | "kilos" => "kg",
        "pieces" => "piece",
        other => other.trim_end_matches('s'),
    };
    let quality = behind(text, &["grade "]).map(word).filter(|grade| grade.len() > 2);
    let currency = match text {
        text if ["kes", "ksh", "shilling"].iter().any(|word| text.contains(word)) => "KES",
        text if ["usd", "dollar"].iter().any(|word| text.contains(word)) => "USD",
        text if text.contains("eur") => "EUR",
        _ => "KES",
    };
    let found = [
        ("product", product(text)),
        ("quantity", count(&["bag", "sack", "unit"]).or_else(|| count(&["ton", "kg", "kilo"]))),
        // In its own words "kgs" is what it says of most texts that name no unit; the canonical word is kinder.
        ("unit", unit.map(|unit| canonical(unit).to_owned())),
        ("unit_price", count(&["per bag", "each"]).or_else(|| after(&["price"]))),
        ("total_amount", after(&["total"]).or_else(|| after(&["that's ", "thats "]))),
        ("currency", Some(currency.to_owned())),
        ("delivery_location", location(text)),
        ("delivery_deadline", deadline(text)),
        ("quality_requirements", quality.map(|grade| format!("grade {grade}"))),
        ("upfront_payment", after(&["upfront", "advance"])),
        ("payment_terms", payment(text)),
    ];
    found.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

#[test]
fn it_reads_letters() {
    let found = read(
        "Seller: 50 bags of maize, price 3,500. Buyer: No, 3,200 each, deliver to my store, pay on delivery.",
    );
    for (field, value) in [
        ("product", "maize"),
        ("quantity", "50"),
        ("unit", "bag"),
        ("unit_price", "3200"),
        ("currency", "KES"),
        ("delivery_location", "my store"),
        ("payment_terms", "on delivery"),
    ] {
        assert_eq!(found.get(field).map(String::as_str), Some(value), "{field}");
    }
    // Nothing was agreed, and no word of it is English.
    assert!(read("Habari? Hapana, ghali sana. Kwaheri.").contains_key("currency"));
}
