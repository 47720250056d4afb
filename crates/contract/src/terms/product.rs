//! What is sold or carried: the goods named most often and beside a count, with the words for their kind.

mod unlisted;

use std::ops::Range;

pub(crate) use unlisted::container_unit;
use unlisted::{container, counted_thing};

use crate::terms::Field;
use crate::terms::figure::is_noise;
use crate::terms::lexicon::{self, goods};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

/// A place where goods are named.
struct Naming {
    words: Range<usize>,
    /// The English name with its kind.
    name: String,
    /// The name's last word, singular.
    head: String,
    weight: u32,
}

/// Words of condition, never part of the name.
const CONDITIONS: &[&str] = phrases! {
    "fresh", "dry", "dried", "clean", "new", "used", "sorted", "ripe", "organic", "certified", "vaccinated",
    "washed", "chilled", "sealed", "good", "nice", "big", "best", "quality", "more", "other", "same",
    "some", "these", "those", "second", "hand", "my", "your", "our", "their", "his", "her", "hers", "the",
    "a", "of", "only", "all", "full", "proper", "fat", "mature", "healthy", "strong", "secondhand", "extra",
    "first", "last", "special", "usual", "remaining", "final", "and", "or", "for", "such"
};
/// Goods that are not what is traded when they stand behind these.
const ASIDE: &[&str] = phrases! {
    "no", "not", "without", "chakula cha", "free of", "free from", "na", "hakuna", "feed for", "number ya",
    "gari la", "gari ya", "lorry ya", "price of diesel", "dawa ya", "siyo", "sio", "yasiwe na", "zisiwe na",
    "bila", "hayana", "hazina"
};

/// The goods of the deal.
pub(crate) fn claim(reading: &Reading) -> Option<Claim> {
    let naming = best(reading)?;
    let name = naming.name.clone();
    Some(Claim {
        field: Field::Product,
        value: name,
        words: naming.words,
        confidence: if naming.weight > 3 { 90 } else { 60 },
    })
}

/// Whether live animals are traded.
pub(crate) fn is_animal(reading: &Reading) -> bool {
    best(reading).is_some_and(|n| {
        goods::is_animal(&n.head) || n.name.split(' ').next_back().is_some_and(goods::is_animal)
    })
}

fn best(reading: &Reading) -> Option<Naming> {
    let mut all = namings(reading);
    if all.is_empty() {
        return counted_thing(reading).or_else(|| container(reading));
    }
    let score =
        |head: &str, all: &[Naming]| all.iter().filter(|n| n.head == head).map(|n| n.weight).sum::<u32>();
    let mut ranked: Vec<(u32, usize, String)> = Vec::new();
    for naming in &all {
        if !ranked.iter().any(|(_, _, head)| *head == naming.head) {
            ranked.push((score(&naming.head, &all), naming.words.start, naming.head.clone()));
        }
    }
    let (total, _, head) =
        ranked.into_iter().max_by_key(|(score, start, _)| (*score, std::cmp::Reverse(*start)))?;
    let head = specific(&head, &all).unwrap_or(head);
    all.retain(|n| n.head == head);
    let mut chosen =
        all.into_iter().max_by_key(|n| (n.name.split(' ').count(), std::cmp::Reverse(n.words.start)))?;
    chosen.weight = total;
    Some(chosen)
}

/// "fish" and later "tilapia": the kind is meant.
fn specific(head: &str, all: &[Naming]) -> Option<String> {
    let kinds: &[&str] = match head {
        "fish" => &["tilapia", "omena", "dagaa", "perch"],
        "livestock" => &["goat", "cattle", "sheep", "camel", "bull", "heifer", "steer"],
        _ => return None,
    };
    all.iter().find(|n| kinds.contains(&n.head.as_str())).map(|n| n.head.clone())
}

fn namings(reading: &Reading) -> Vec<Naming> {
    let talk = &reading.talk;
    let mut found = Vec::new();
    let mut at = 0;
    while at < talk.words.len() {
        let translated = goods::translated()
            .map(|(s, e)| (talk.phrase(at, s), e))
            .filter(|(n, _)| *n > 0)
            .max_by_key(|(n, _)| *n);
        let english = !reading.is_number(at) && goods::is_goods(talk.text(at));
        let made = !english && translated.is_none() && made_of(reading, at);
        let naming = match translated {
            Some((count, name)) => Some(swahili(reading, at, count, name)),
            None if english || made => english_name(reading, at),
            None => None,
        };
        match naming {
            Some(mut naming) => {
                at = naming.words.end.max(at + 1);
                naming.weight = weight(reading, &naming.words);
                if naming.weight > 0 {
                    found.push(naming);
                }
            }
            None => at += 1,
        }
    }
    found
}

/// "steel lockers": things no list knows, by what they are made of or for.
fn made_of(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let word = &talk.words[at];
    let before = at > 0 && word.gap <= Gap::Hyphen && goods::is_material(talk.text(at - 1));
    before
        && word.text.ends_with('s')
        && word.text.len() > 4
        && lexicon::unit(&word.text).is_none()
        && lexicon::places::facility(&word.text).is_none()
}

/// More where a count or a unit stands beside it; nothing where it is said to be absent.
fn weight(reading: &Reading, words: &Range<usize>) -> u32 {
    let talk = &reading.talk;
    let first = words.start;
    let hanging = talk.words[first].gap < Gap::Comma;
    if hanging
        && (talk.ends(first, ASIDE) || (first >= 2 && talk.text(first - 1) == "any"))
        && !reading.is_number(first.saturating_sub(1))
    {
        return u32::from(
            talk.ends(first, &["na"]) && !talk.ends(first, &["siwe na", "yasiwe na", "zisiwe na"]),
        );
    }
    if matches!(
        talk.text(first),
        "fruit" | "fruits" | "matunda" | "vegetables" | "mboga" | "livestock" | "mifugo"
    ) {
        return 1;
    }
    let back = first.saturating_sub(2)..first;
    let counted = back.clone().any(|i| reading.is_number(i))
        || reading.is_number(words.end)
        || back.into_iter().any(|i| lexicon::unit(talk.text(i)).is_some());
    2 + 3 * u32::from(counted && !is_noise(reading, words))
}

/// A Swahili name, with the kind behind it: "vitunguu vyekundu", "avocado za Hass".
fn swahili(reading: &Reading, at: usize, count: usize, name: &str) -> Naming {
    let talk = &reading.talk;
    let mut end = at + count;
    let mut name = name.to_owned();
    let near = |i: usize| talk.words.get(i).is_some_and(|w| w.gap < Gap::Comma);
    let link = usize::from(
        matches!(talk.text(end), "ya" | "za" | "wa" | "la" | "cha" | "aina" | "vya") && near(end),
    );
    let link = link + usize::from(talk.text(end + link) == "aina");
    let link =
        link + usize::from(link > 0 && talk.text(end + link) == "ya" && talk.text(end + link - 1) == "aina");
    let named = end + link;
    if near(named) {
        let text = talk.text(named);
        let counted = reading.number_at(end).map_or(named, |n| {
            n.words.end + usize::from(matches!(talk.text(n.words.end), "za" | "ya" | "la"))
        });
        let stuff = if counted > end { goods::stuff(talk.text(counted)) } else { None };
        if let Some(stuff) = stuff.filter(|_| goods::is_vessel(&name) && near(counted)) {
            name = format!("{stuff} {name}");
            // The count between them stays a count of its own.
            end = if reading.number_at(end).is_some() { end } else { counted + 1 };
        } else if let Some(kind) = goods::kind(text) {
            name = format!("{kind} {name}");
            end = named + 1;
        } else if !matches!(text, "mbuzi" | "kuku") && link > 0 && name == "seed" {
            let of = goods::translated().find(|(s, _)| *s == text).map(|(_, e)| e.to_owned());
            if let Some(of) = of.or_else(|| goods::is_goods(text).then(|| text.to_owned())) {
                name = format!("{of} {name}");
                end = named + 1;
            }
        } else if goods::is_variety(text) || (link > 0 && talk.words[named].capital && known_kind(text)) {
            name = format!("{text} {name}");
            end = named + 1;
        }
    }
    let mut start = at;
    if talk.words[at].gap <= Gap::Hyphen
        && start > 0
        && goods::is_variety(talk.text(start - 1))
        && !reading.is_number(start - 1)
    {
        start -= 1;
        name = format!("{} {name}", talk.text(start));
    }
    let head = singular(name.split(' ').next_back().unwrap_or_default());
    Naming { words: start..end, name, head, weight: 0 }
}

/// A capital after "ya" may be a place or a country; those are no kinds.
fn known_kind(word: &str) -> bool {
    lexicon::places::known(&[word]) == 0 && !matches!(word, "tanzania" | "kenya" | "uganda" | "kila")
}

/// An English name with the words before it that belong to it.
fn english_name(reading: &Reading, at: usize) -> Option<Naming> {
    let talk = &reading.talk;
    let mut start = at;
    let mut end = at + 1;
    // "maize seed", "coffee seedlings", "water tanks": the last one is the head.
    while talk.words.get(end).is_some_and(|w| w.gap <= Gap::Hyphen)
        && goods::is_goods(talk.text(end))
        && goods::qualifies(talk.text(end - 1))
        && !reading.is_number(end)
    {
        end += 1;
    }
    while start > 0
        && start + 4 > at
        && talk.words[start].gap <= Gap::Hyphen
        && !reading.is_number(start - 1)
        && belongs(reading, start - 1)
    {
        start -= 1;
    }
    let text = |i: usize| {
        goods::translated().find(|(s, _)| *s == talk.text(i)).map_or(talk.text(i), |(_, e)| e).to_owned()
    };
    let mut name = (start..end).map(text).collect::<Vec<_>>().join(" ");
    let head = singular(talk.text(end - 1));
    if let Some((kind, after)) = kind_behind(reading, end, name.contains(' ')) {
        name = format!("{kind} {name}");
        end = after;
    }
    let bare = name == head || name == talk.text(at);
    if bare && goods::needs_qualifier(talk.text(at)) {
        return None;
    }
    Some(Naming { words: start..end, name, head, weight: 0 })
}

/// "avocado za Hass", "avocado hass": the kind behind the name.
fn kind_behind(reading: &Reading, at: usize, named: bool) -> Option<(&str, usize)> {
    let talk = &reading.talk;
    let linked = usize::from(matches!(talk.text(at), "za" | "ya" | "aina"));
    let word = talk.words.get(at + linked).filter(|w| w.gap <= Gap::Hyphen)?;
    let variety = goods::is_variety(&word.text) && !goods::is_goods(&word.text);
    let kind = if linked > 0 {
        let capital = word.capital && known_kind(&word.text);
        (capital || variety) && !reading.is_day(at + 1) && lexicon::unit(&word.text).is_none()
    } else {
        variety && !named
    };
    kind.then(|| (word.text.as_str(), at + linked + 1))
}

/// Whether a word before the name of goods says which kind.
fn belongs(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let word = &talk.words[at];
    let second_hand = word.text == "hand" && at > 0 && talk.text(at - 1) == "second";
    if (CONDITIONS.contains(&word.text.as_str()) && (second_hand || !goods::qualifies(&word.text)))
        || lexicon::unit(&word.text).is_some()
        || reading.is_day(at)
    {
        return false;
    }
    let sentence = talk.clause(at).start == at;
    let capital = word.capital
        && !sentence
        && word.digits.is_none()
        && !talk.flat
        && lexicon::currency(&word.text).is_none()
        && word.text.len() > 1;
    let counted = at > 0
        && reading.is_number(at - 1)
        && word.gap <= Gap::Hyphen
        && word.text.len() > 3
        && lexicon::currency(&word.text).is_none()
        && !matches!(word.text.as_str(), "from" | "with" | "your" | "these" | "times" | "percent" | "good");
    goods::qualifies(&word.text) || capital || counted
}

fn singular(word: &str) -> String {
    word.strip_suffix("ies").map(|w| format!("{w}y")).unwrap_or_else(|| {
        let cut = word.strip_suffix("oes").map(|w| format!("{w}o"));
        cut.unwrap_or_else(|| {
            if word.len() > 3 && !word.ends_with("ss") {
                word.trim_end_matches('s').to_owned()
            } else {
                word.to_owned()
            }
        })
    })
}
