//! Canonical values of terms in the words of a language, and a whole agreement in one sentence.
//!
//! The values themselves stay as they are in `terms` of the document; this is what people read.

use crate::command::{ContractType, Language};
use crate::terms::{goods_in_swahili, unit_in_swahili};

/// A term's value in words; a value of no closed list stays as it is.
pub fn value(field: &str, value: &str, language: Language) -> String {
    let worded = match field {
        "interest_period" => interest_period(value, language).map(str::to_owned),
        "repayment_period" => period(value, language),
        "payment_terms" if language == Language::Sw => payment(value),
        "product" if language == Language::Sw => goods_in_swahili(value).map(str::to_owned),
        "unit" if language == Language::Sw => unit_in_swahili(value).map(str::to_owned),
        "service" if language == Language::Sw => service(value).map(str::to_owned),
        _ => None,
    };
    worded.unwrap_or_else(|| value.to_owned())
}

fn interest_period(value: &str, language: Language) -> Option<&'static str> {
    Some(match (value, language) {
        ("month", Language::En) => "each month",
        ("year", Language::En) => "each year",
        ("flat", Language::En) => "once on the whole loan",
        ("month", Language::Sw) => "kila mwezi",
        ("year", Language::Sw) => "kila mwaka",
        ("flat", Language::Sw) => "mara moja kwa mkopo mzima",
        _ => return None,
    })
}

/// `P6M` as `6 months`, `miezi 6`.
fn period(value: &str, language: Language) -> Option<String> {
    let (count, letter) = value.strip_prefix('P')?.split_at_checked(value.len().checked_sub(2)?)?;
    let number: u32 = count.parse().ok()?;
    let (english, swahili_one, swahili) = match letter {
        "M" => ("month", "mwezi", "miezi"),
        "W" => ("week", "wiki", "wiki"),
        "D" => ("day", "siku", "siku"),
        _ => return None,
    };
    Some(match language {
        Language::En => format!("{number} {english}{}", if number == 1 { "" } else { "s" }),
        Language::Sw => format!("{} {number}", if number == 1 { swahili_one } else { swahili }),
    })
}

fn payment(value: &str) -> Option<String> {
    let fixed = match value {
        "in advance" => "mapema kabla ya kupakia",
        "on delivery" => "wakati wa kupokea",
        "on collection" => "wakati wa kuchukua",
        "on loading" => "wakati wa kupakia",
        "on inspection" => "baada ya kukagua",
        "on completion" => "kazi ikiisha",
        "per trip" => "kila safari",
        "per visit" => "kila ziara",
        "daily" => "kila siku",
        "weekly" => "kila wiki",
        "monthly" => "kila mwezi",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some(day) = value.strip_prefix("by ").filter(|day| day.starts_with(|c: char| c.is_ascii_digit())) {
        return Some(format!("kabla ya {day}"));
    }
    let (days, event) = value.split_once(" days after ")?;
    let event = match event {
        "delivery" => "kupokea",
        "invoice" => "ankara",
        "completion" => "kazi kuisha",
        _ => return None,
    };
    Some(format!("siku {days} baada ya {event}"))
}

fn service(value: &str) -> Option<&'static str> {
    Some(match value {
        "ploughing" => "kulima",
        "harrowing" => "kusawazisha shamba",
        "planting" => "kupanda",
        "weeding" => "kupalilia",
        "spraying" => "kunyunyizia dawa",
        "harvesting" => "kuvuna",
        "fencing" => "kujenga uzio",
        "digging" => "kuchimba",
        "borehole drilling" => "kuchimba kisima",
        "guarding" => "ulinzi",
        "cleaning" => "usafi",
        "painting" => "kupaka rangi",
        "construction" => "ujenzi",
        "masonry" => "uashi",
        "plumbing" => "kazi ya mabomba",
        "welding" => "kuchomelea",
        "tailoring" => "kushona",
        "catering" => "upishi",
        "bookkeeping" => "kuweka hesabu",
        "training" => "mafunzo",
        "translation" => "kutafsiri",
        "veterinary care" => "matibabu ya mifugo",
        _ => return None,
    })
}

/// An agreement in one sentence, from its terms by name.
pub fn summary<'t>(
    contract_type: ContractType,
    language: Language,
    term: impl Fn(&str) -> Option<&'t str>,
) -> String {
    let worded = |name: &str| term(name).map(|text| value(name, text, language));
    let parts = match contract_type {
        ContractType::LoanAgreement => loan(language, &worded),
        ContractType::AgriculturalSupply | ContractType::ServiceAgreement => trade(language, &worded),
    };
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("{}.", parts.join(", ")) }
}

type Worded<'f> = dyn Fn(&str) -> Option<String> + 'f;

/// Chooses the words of a language.
fn of(language: Language, english: &'static str, swahili: &'static str) -> &'static str {
    match language {
        Language::En => english,
        Language::Sw => swahili,
    }
}

fn money(worded: &Worded<'_>, name: &str) -> Option<String> {
    let amount = worded(name)?;
    Some(format!("{} {}", worded("currency").unwrap_or_else(|| "KES".to_owned()), amount))
}

fn trade(language: Language, worded: &Worded<'_>) -> Vec<Option<String>> {
    let say = |english, swahili| of(language, english, swahili);
    let with = |word: &str, text: Option<String>| text.map(|text| format!("{word} {text}"));
    let unit = worded("unit");
    let counted = worded("quantity").or_else(|| worded("hours")).map(|count| match (&unit, language) {
        (Some(unit), Language::En) => format!("{count} {unit}"),
        (Some(unit), Language::Sw) => format!("{unit} {count}"),
        (None, _) => count,
    });
    let what = worded("product").or_else(|| worded("service"));
    let goods = match (counted, what) {
        (Some(counted), Some(what)) => Some(format!("{what} {counted}")),
        (counted, what) => what.or(counted),
    };
    let price = money(worded, "unit_price").or_else(|| money(worded, "rate")).map(|price| match &unit {
        Some(unit) => format!("{} {price} {} {unit}", say("at", "kwa"), say("per", "kila")),
        None => format!("{} {price}", say("at", "kwa")),
    });
    vec![
        goods,
        price,
        with(say("total", "jumla"), money(worded, "total_amount")),
        with(say("paid ahead", "malipo ya awali"), money(worded, "upfront_payment")),
        with(say("payment", "malipo"), worded("payment_terms")),
        with(say("at", "mahali"), worded("delivery_location")),
        with(say("by", "kabla ya"), worded("delivery_deadline")),
        with(say("from", "kuanzia"), worded("start_date")),
        with(say("done by", "kumaliza"), worded("end_date")),
        with(say("quality", "ubora"), worded("quality_requirements")),
    ]
}

fn loan(language: Language, worded: &Worded<'_>) -> Vec<Option<String>> {
    let say = |english, swahili| of(language, english, swahili);
    let with = |word: &str, text: Option<String>| text.map(|text| format!("{word} {text}"));
    let interest = worded("interest_rate").map(|rate| match worded("interest_period") {
        Some(period) => format!("{} {rate}% {period}", say("interest", "riba")),
        None => format!("{} {rate}%", say("interest", "riba")),
    });
    let payments = worded("instalments").map(|count| match money(worded, "instalment_amount") {
        Some(each) => format!("{} {count} {} {each}", say("payments:", "malipo:"), say("of", "ya")),
        None => format!("{} {count}", say("payments:", "malipo:")),
    });
    vec![
        with(say("loan of", "mkopo wa"), money(worded, "principal")),
        interest,
        with(say("paid back within", "kulipwa ndani ya"), worded("repayment_period")),
        payments,
        with(say("total to pay back", "jumla ya kulipa"), money(worded, "total_amount")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(contract_type: ContractType, language: Language, terms: &[(&str, &str)], expected: &str) {
        let term = |name: &str| terms.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
        assert_eq!(summary(contract_type, language, term), expected);
    }

    #[test]
    fn agreements_in_a_sentence() {
        let maize = [
            ("product", "maize"),
            ("quantity", "500"),
            ("unit", "kg"),
            ("unit_price", "50"),
            ("total_amount", "25000"),
            ("currency", "KES"),
            ("payment_terms", "on delivery"),
            ("delivery_deadline", "2026-03-15"),
        ];
        check(
            ContractType::AgriculturalSupply,
            Language::En,
            &maize,
            "maize 500 kg, at KES 50 per kg, total KES 25000, payment on delivery, by 2026-03-15.",
        );
        check(
            ContractType::AgriculturalSupply,
            Language::Sw,
            &maize,
            "mahindi kilo 500, kwa KES 50 kila kilo, jumla KES 25000, malipo wakati wa kupokea, kabla ya 2026-03-15.",
        );
        check(
            ContractType::ServiceAgreement,
            Language::Sw,
            &[
                ("service", "ploughing"),
                ("quantity", "4"),
                ("unit", "acre"),
                ("rate", "3000"),
                ("currency", "KES"),
            ],
            "kulima ekari 4, kwa KES 3000 kila ekari.",
        );
        let loan = [
            ("principal", "50000"),
            ("interest_rate", "10"),
            ("interest_period", "flat"),
            ("repayment_period", "P6M"),
            ("instalments", "6"),
            ("currency", "KES"),
        ];
        check(
            ContractType::LoanAgreement,
            Language::En,
            &loan,
            "loan of KES 50000, interest 10% once on the whole loan, paid back within 6 months, payments: 6.",
        );
        check(
            ContractType::LoanAgreement,
            Language::Sw,
            &loan,
            "mkopo wa KES 50000, riba 10% mara moja kwa mkopo mzima, kulipwa ndani ya miezi 6, malipo: 6.",
        );
        check(ContractType::LoanAgreement, Language::En, &[], "");
    }

    #[test]
    fn values_of_no_list_stay() {
        for (field, text) in
            [("payment_terms", "by M-Pesa"), ("repayment_period", "soon"), ("product", "drones")]
        {
            assert_eq!(value(field, text, Language::Sw), text);
        }
        assert_eq!(
            value("payment_terms", "14 days after delivery", Language::Sw),
            "siku 14 baada ya kupokea"
        );
        assert_eq!(value("repayment_period", "P1W", Language::En), "1 week");
        assert_eq!(value("repayment_period", "P", Language::En), "P");
    }
}
