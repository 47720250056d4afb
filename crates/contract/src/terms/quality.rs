//! Conditions of the goods, in the words of a closed list.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::terms::Field;
use crate::terms::figure::is_negated;
use crate::terms::number::{Number, plain};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

/// Words that are a condition by themselves.
const WORDS: &[(&str, &[&str])] = &[
    (
        "dry",
        phrases! {
            "dry", "dried", "*kavu", "*kavu*", "yamekauka", "imekauka", "zimekauka", "vimekauka",
            "limekauka", "umekauka", "*kauke", "yaliyokauka", "iliyokauka", "zilizokauka"
        },
    ),
    ("clean", &["clean", "*safi"]),
    ("fresh", &["fresh", "freshi", "mbichi", "mabichi", "wabichi"]),
    (
        "sorted",
        phrases! {
            "sorted", "*chambuliwe", "*chaguliwe", "*pangwe", "*chambuliwa", "*chaguliwa", "*liyochaguliwa", "*liyochambuliwa", "*pangwa",
            "*metengwa"
        },
    ),
    (
        "ripe",
        phrases! {
            "ripe", "mbivu", "mabivu", "*meiva", "*iliyoiva", "*yaliyoiva", "zilizoiva", "yaliyoiva",
            "*ziwe zimeiva"
        },
    ),
    ("organic", &["organic", "organik", "asilia"]),
    ("new", &["new", "brand new", "mpya", "mapya", "vipya", "jipya", "zipya", "wapya", "kipya"]),
    (
        "used",
        phrases! {
            "second hand", "secondhand", "used", "mtumba", "mitumba", "kutumika", "zilizotumika",
            "iliyotumika", "vilivyotumika", "yaliyotumika"
        },
    ),
    ("sealed", &["sealed", "*fungwa", "seal"]),
    (
        "certified",
        phrases! {
            "certified", "certificate", "cheti", "*thibitishwa", "iliyoidhinishwa", "zilizoidhinishwa",
            "*idhinishwa"
        },
    ),
    ("vaccinated", &["vaccinated", "*chanjwa", "*chanjo", "chanjo", "vaccination", "*mechanjwa"]),
    ("washed", &["washed", "*oshwa"]),
    ("chilled", &["chilled", "*lipozwa", "zimepozwa", "yamepozwa", "cooled", "refrigerated"]),
];
/// What the goods must be free of.
const WITHOUT: &[(&str, &[&str])] = &[
    (
        "no pests",
        phrases! {
            "pest*", "weevil*", "insect*", "wadudu", "mdudu", "bugs", "fukusi", "borers", "dumuzi", "worms"
        },
    ),
    ("no stones", &["stones", "mawe", "stone", "changarawe", "kokoto"]),
    ("no rot", &["rot", "rotten", "rots", "*oza", "*ozo", "*liooza", "*lioza", "uozo", "spoiled ones"]),
    ("no mould", &["mould*", "mold*", "kuvu", "ukungu", "fungus", "koga"]),
    ("no cracks", &["crack*", "nyufa", "ufa", "broken ones", "*pasuka", "*pasuke", "nyufanyufa"]),
    ("no antibiotics", &["antibiotic*", "dawa za antibiotic*", "antibaotiki", "antibiotiki"]),
];
/// Words before it that say something is not there.
const NOT: &[&str] = phrases! {
    "no", "not", "without", "free of", "free from", "none", "siwe", "isiwe", "zisiwe", "yasiwe", "visiwe",
    "wasiwe", "pasiwe", "usiwe", "lisiwe", "bila", "hakuna", "haina", "hayana", "hazina", "havina", "hana",
    "sina", "don't", "never", "any", "pasipo", "hamna", "hatutaki", "sitaki", "isiyo", "yasiyo", "zisiyo",
    "kusiwe", "lacking", "nor", "zero", "isiwe na", "cannot have", "hazija", "hapana"
};
/// A word of condition that is something else here.
const NOT_GOODS_BEFORE: &[&str] = &["sawa", "poa", "very", "was", "my", "our"];

/// How many figures beside a measured condition are looked at.
const MEASURES_MAX: usize = 6;

/// The conditions that were named, sorted.
pub(crate) fn claim(reading: &Reading) -> Option<Claim> {
    let mut found: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for at in reading.all() {
        for (value, words) in
            [measured(reading, at), grade(reading, at), free_of(reading, at), word(reading, at)]
                .into_iter()
                .flatten()
        {
            // A figure that was corrected replaces the one before it.
            let name = value.split(' ').take(2).collect::<Vec<_>>().join(" ");
            if value.chars().any(|c| c.is_ascii_digit()) || value.starts_with("grade") {
                found.retain(|k, _| {
                    !(k.starts_with(&name) || (value.starts_with("grade") && k.starts_with("grade")))
                });
            }
            found.entry(value).or_insert(words);
        }
    }
    let words = found.values().cloned().reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
    let value = found.into_keys().collect::<Vec<_>>().join("; ");
    Some(Claim { field: Field::QualityRequirements, value, words, confidence: 80 })
}

/// "moisture below 12 percent", "fat isiwe chini ya 3.5", "aflatoxin max 10 ppb", "at least 350 grams each".
fn measured(reading: &Reading, at: usize) -> Option<(String, Range<usize>)> {
    let talk = &reading.talk;
    let table: &[(&[&str], &str, &str)] = &[
        (&["moisture", "unyevu", "unyevunyevu", "majimaji"], "moisture max", "%"),
        (&["fat", "butterfat", "mafuta"], "fat min", "%"),
        (&["purity", "usafi", "pure"], "purity min", "%"),
        (&["aflatoxin", "aflatoxins", "sumukuvu", "aflatoksini"], "aflatoxin max", " ppb"),
    ];
    if let Some((_, name, unit)) = table.iter().find(|(cues, ..)| talk.any(at, cues) > 0) {
        let clause = talk.clause(at);
        let until = clause.end.min(at + 12);
        let rated = |n: &&Number| {
            let after = talk.text(n.words.end);
            let percent = after == "percent" || talk.ends(n.words.start, &["asilimia"]);
            if *unit == "%" {
                percent
            } else {
                after == "ppb" || talk.phrase(n.words.end, "parts per billion") > 0
            }
        };
        let next = reading.numbers.partition_point(|n| n.words.start <= at);
        let near = |n: &&Number| n.words.start < until && !is_negated(reading, n.words.start);
        let behind = reading.numbers[next..].iter().take(MEASURES_MAX).filter(near).find(rated);
        let close = |n: &&Number| n.words.end <= at && n.words.end + 3 >= at;
        let before = || reading.numbers[..next].iter().rev().take(MEASURES_MAX).filter(close).find(rated);
        let number = behind.or_else(before)?;
        let words = at.min(number.words.start)..(number.words.end + 1).min(talk.words.len()).max(at + 1);
        return Some((format!("{name} {}{unit}", plain(number.value)), words));
    }
    let number = reading.number_at(at)?;
    let unit = match talk.text(number.words.end) {
        "g" | "gram" | "grams" | "grammes" | "gramu" => "g",
        "kg" | "kgs" | "kilo" | "kilos" | "kilograms" => "kg",
        _ => return None,
    };
    let each = talk.any(
        number.words.end + 1,
        &["each", "kila moja", "kila mmoja", "apiece", "or more each", "each one", "and above each"],
    );
    let least = phrases! {
        "at least", "minimum", "min", "not less than", "not below", "above", "over", "more than", "angalau",
        "isipungue", "wasipungue", "zisipungue", "yasipungue", "minimum of", "si chini ya", "no less than",
        "not under"
    };
    let left = talk.clause(at).start.max(at.saturating_sub(7))..at;
    let singly = each > 0 || talk.has(left.clone(), &["each", "kila mmoja", "kila moja"]);
    (singly && talk.has(left, least))
        .then(|| (format!("min {} {unit} each", plain(number.value)), at..number.words.end + 1))
}

/// "grade two", "grade AA", "daraja la kwanza".
fn grade(reading: &Reading, at: usize) -> Option<(String, Range<usize>)> {
    let talk = &reading.talk;
    let open = matches!(talk.text(at), "grade" | "daraja" | "gredi");
    if !open || talk.words.get(at + 1).is_none_or(|w| w.gap >= Gap::Comma) {
        if talk.any(at, &["first grade", "second grade"]) > 0 {
            return Some((if talk.text(at) == "first" { "grade 1" } else { "grade 2" }.into(), at..at + 2));
        }
        return None;
    }
    let named = at + 1 + usize::from(matches!(talk.text(at + 1), "la" | "ya"));
    let text = talk.text(named);
    let value = match text {
        "kwanza" => "1".into(),
        "pili" => "2".into(),
        _ if reading.number_at(named).is_some_and(|n| n.value < 10.into()) => {
            plain(reading.number_at(named)?.value)
        }
        "a" | "b" | "c" | "aa" | "ab" | "pb" => text.into(),
        _ if text.len() <= 2
            && talk.words.get(named).is_some_and(|w| w.capital)
            && text.chars().all(char::is_alphanumeric) =>
        {
            text.into()
        }
        _ => return None,
    };
    (!talk.ends(at, &["not", "siyo", "sio"])).then(|| (format!("grade {value}"), at..named + 1))
}

fn free_of(reading: &Reading, at: usize) -> Option<(String, Range<usize>)> {
    let talk = &reading.talk;
    let (value, count) =
        WITHOUT.iter().find_map(|(v, cues)| Some((*v, talk.any(at, cues))).filter(|(_, n)| *n > 0))?;
    let left = talk.clause(at).start.max(at.saturating_sub(6))..at;
    // Verbs that deny themselves: "hazijaoza", "zisizooza", "yasiyooza".
    const DENYING: [&str; 12] = [
        "hazija", "haija", "hayaja", "havija", "hawaja", "zisizo", "isiyo", "yasiyo", "visivyo", "wasio",
        "usio", "lisilo",
    ];
    let own = DENYING.iter().any(|begin| talk.text(at).starts_with(begin));
    let free = talk.text(at + count) == "free" && talk.words[at + count].gap <= Gap::Hyphen;
    let no = own || free || talk.has(left.clone(), NOT) || talk.has(left, &["*siwe", "*siwe na", "*si na"]);
    no.then(|| (value.into(), at..at + count))
}

fn word(reading: &Reading, at: usize) -> Option<(String, Range<usize>)> {
    let talk = &reading.talk;
    let (value, count) =
        WORDS.iter().find_map(|(v, cues)| Some((*v, talk.any(at, cues))).filter(|(_, n)| *n > 0))?;
    let end = at + count;
    let clause = talk.clause(at);
    let negated = talk.ends(
        at,
        phrases! {
            "not", "siyo", "sio", "si", "no", "isiwe", "zisiwe", "yasiwe", "not yet", "haziko",
            "hayajakauka"
        },
    );
    let praise = value == "clean"
        && (clause.len() <= 2
            || talk.ends(at, NOT_GOODS_BEFORE)
            || talk.any(end, &["sana", "kabisa"]) > 0 && clause.len() <= 3
            || talk.text(at) == "safi"
                && !talk.ends(at, &["ziwe", "iwe", "yawe", "viwe", "uwe", "wawe", "ni"])
                && (at == clause.start || (talk.flat && talk.any(end, &["sana", "basi", "sawa"]) > 0)));
    let verb = value == "used" && talk.any(end, &["to"]) > 0
        || value == "new"
            && talk.any(
                end,
                phrases! {
                    "price", "contract", "number", "year", "season", "buyer", "driver", "line", "order",
                    "customer", "agreement", "lorry", "truck", "school", "market", "office", "store",
                    "shop", "house", "building", "depot", "site"
                },
            ) > 0
        || value == "dry" && talk.any(end, &["season", "spell", "weather", "road"]) > 0
        || value == "clean" && talk.any(end, &["the", "up", "it", "them"]) > 0
        || value == "fresh" && talk.any(end, &["start"]) > 0
        || value == "fresh" && talk.any(end, &["wa", "produce market"]) > 0;
    let swahili_new = value == "new"
        && matches!(talk.text(at), "mpya" | "jipya")
        && talk.ends(at, &["mwaka", "bei", "nambari", "namba", "msimu", "gari"]);
    let denied = value == "used" && talk.ends(at, &["never", "not"]);
    (!negated && !praise && !verb && !swahili_new && !denied).then(|| (value.into(), at..end))
}
