//! The words of trade: units, currencies, and what links a figure to one of them.

pub(crate) mod cues;
pub(crate) mod goods;
pub(crate) mod places;
pub(crate) mod services;

use std::collections::HashMap;
use std::sync::LazyLock;

/// Units and their names in both languages, singular and plural.
const UNITS: &[(&str, &str)] = &[
    ("bag", "bag bags sack sacks gunia magunia mfuko mifuko begi mabegi"),
    ("kg", "kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes"),
    ("tonne", "tonne tonnes ton tons tani"),
    ("quintal", "quintal quintals kuintali"),
    ("litre", "litre litres liter liters lita"),
    ("crate", "crate crates kreti makreti"),
    ("carton", "carton cartons box boxes katoni boksi maboksi"),
    ("tray", "tray trays trei"),
    ("jerrycan", "jerrycan jerrycans jerrican jerricans jerican dumu madumu mtungi mitungi"),
    ("bunch", "bunch bunches mkungu mikungu"),
    ("bale", "bale bales robota marobota"),
    ("piece", "piece pieces pc pcs unit units item items kipande vipande"),
    ("head", "head heads animal animals"),
    ("pair", "pair pairs jozi"),
    ("acre", "acre acres ekari eka"),
    ("hectare", "hectare hectares hekta"),
    ("metre", "metre metres meter meters mita"),
    ("plate", "plate plates sahani"),
    ("container", "container containers kontena makontena"),
    ("hour", "hour hours hr hrs saa masaa"),
    ("day", "day days siku"),
    ("week", "week weeks wiki"),
    ("month", "month months mwezi miezi"),
    ("trip", "trip trips safari"),
    ("visit", "visit visits ziara"),
    ("drum", "drum drums pipa mapipa"),
    ("bucket", "bucket buckets ndoo"),
    ("tin", "tin tins debe madebe"),
];

/// The unit a word names.
pub(crate) fn unit(word: &str) -> Option<&'static str> {
    static NAMES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| by_name(UNITS));
    NAMES.get(word).copied()
}

/// The Swahili name of a unit, singular.
pub(crate) fn unit_in_swahili(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "bag" => "gunia",
        "kg" => "kilo",
        "tonne" => "tani",
        "litre" => "lita",
        "crate" => "kreti",
        "carton" => "katoni",
        "tray" => "trei",
        "jerrycan" => "mtungi",
        "bunch" => "mkungu",
        "piece" => "kipande",
        "head" => "kichwa",
        "pair" => "jozi",
        "acre" => "ekari",
        "hectare" => "hekta",
        "metre" => "mita",
        "plate" => "sahani",
        "container" => "kontena",
        "hour" => "saa",
        "day" => "siku",
        "week" => "wiki",
        "month" => "mwezi",
        "trip" => "safari",
        "visit" => "ziara",
        "drum" => "pipa",
        "bucket" => "ndoo",
        "tin" => "debe",
        _ => return None,
    })
}

/// Each name with what it names.
fn by_name(table: &'static [(&'static str, &'static str)]) -> HashMap<&'static str, &'static str> {
    table.iter().flat_map(|(meaning, names)| names.split(' ').map(move |name| (name, *meaning))).collect()
}

/// Units of weight, volume and length, which also say how large a pack is.
pub(crate) fn is_measure(unit: &str) -> bool {
    matches!(unit, "kg" | "tonne" | "litre" | "metre" | "quintal")
}

/// Units of time.
pub(crate) fn is_time(unit: &str) -> bool {
    matches!(unit, "hour" | "day" | "week" | "month")
}

/// Whether the unit's Swahili or plural name stands before its count: "magunia mia mbili", "kilo mia tano".
pub(crate) fn is_swahili_unit(word: &str) -> bool {
    matches!(
        word,
        "kilo" | "saa" | "siku" | "wiki" | "mwezi" | "ndoo" | "mita" | "lita" | "tani" | "jozi" | "ekari"
    ) || phrases! {
        "gunia", "mfuko", "kreti", "katoni", "trei", "mtungi", "dumu", "mkungu", "debe", "sahani", "pipa"
    }
    .iter()
    .any(|w| unit(word) == unit(w) && !word.ends_with('s') && unit(word).is_some_and(|u| u != word))
}

/// Words that say money is meant, with the currency where the word alone decides it.
const CURRENCIES: &[(&str, &str)] = &[
    ("KES", "kes ksh kshs bob /= shillings shilling shilingi sh shs"),
    ("UGX", "ugx ushs ush"),
    ("TZS", "tzs tsh tshs"),
    ("USD", "usd dollar dollars dola"),
    ("ETB", "etb birr"),
    ("RWF", "rwf francs franc faranga frw"),
    ("EUR", "eur euro euros yuro"),
    ("GBP", "gbp pounds"),
];

/// The currency a word names; shillings are Kenyan unless the talk says whose.
pub(crate) fn currency(word: &str) -> Option<&'static str> {
    static NAMES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| by_name(CURRENCIES));
    NAMES.get(word).copied()
}

/// Words that make shillings those of another country.
pub(crate) fn shillings_of(word: &str) -> Option<&'static str> {
    match word {
        "ugandan" | "uganda" | "ugx" => Some("UGX"),
        "tanzanian" | "tanzania" | "tzs" => Some("TZS"),
        "kenyan" | "kenya" => Some("KES"),
        _ => None,
    }
}

/// Words that may stand between a figure and its unit: "4,200 Kenya shillings per bag".
pub(crate) fn is_money_word(word: &str) -> bool {
    currency(word).is_some()
        || shillings_of(word).is_some()
        || matches!(
            word,
            "us" | "american"
                | "rwandan"
                | "ethiopian"
                | "za"
                | "ya"
                | "only"
                | "tu"
                | "cash"
                | "taslimu"
                | "net"
        )
}
