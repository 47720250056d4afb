//! The place of handing over, or where the work is done; in transport the destination.

mod cues;

use std::ops::Range;

use cues::{CUES, HANDING, NO_PLACE, SKIPPED};

use crate::terms::lexicon::{self, places};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;
use crate::terms::{Field, Subject, date};

struct Place {
    words: Range<usize>,
    name: String,
    score: i32,
    /// A town of the list.
    known: bool,
}

/// The place of the deal.
pub(crate) fn claim(reading: &Reading) -> Option<Claim> {
    let mut all = places_named(reading);
    let nested: Vec<bool> =
        (0..all.len()).map(|i| i > 0 && is_nested(reading, &all[i - 1], &all[i])).collect();
    // "Baringo, Marigat": the county is named only to say where the town is.
    for i in 1..all.len() {
        let (first, second) = (&all[i - 1], &all[i]);
        let inside = reading.talk.ends(second.words.start, &["at", "pale"])
            && second.words.start == first.words.end + 1;
        let facility = first.name.split(' ').next_back().is_some_and(|w| places::facility(w).is_some());
        if inside && !facility && first.score > 0 && second.score > 0 {
            all[i].score = all[i].score.max(first.score) + 1;
            all[i - 1].score = 0;
            continue;
        }
        let wide = places::is_region(&first.name) && second.known && !places::is_region(&second.name);
        if wide && second.words.start <= first.words.end + 1 && first.score > second.score {
            all[i].score = first.score + 1;
            all[i - 1].score = 0;
        }
    }
    for (place, nested) in all.iter_mut().zip(nested) {
        place.score -= 5 * i32::from(nested);
    }
    let denied: Vec<(String, usize)> =
        all.iter().filter(|p| p.score < -6).map(|p| (p.name.clone(), p.words.start)).collect();
    all.retain(|p| !denied.iter().any(|(name, at)| *name == p.name && p.words.start <= *at));
    // A place that was said again counts once, with the fuller name: "Wote depot" over "Wote".
    let sure = all.iter().filter(|p| p.score >= 3).max_by_key(|p| (p.score.min(8), p.words.start));
    // Without a cue, a town that is known and is not where somebody comes from.
    let best = sure.or_else(|| all.iter().rfind(|p| (1..3).contains(&p.score) && p.known))?;
    let fuller = all.iter().filter(|p| p.score > -3 && p.name.starts_with(&format!("{} ", best.name)));
    let best = fuller.max_by_key(|p| p.score).unwrap_or(best);
    let confidence = if best.score >= 5 { 90 } else { 70 };
    Some(Claim {
        field: Field::DeliveryLocation,
        value: best.name.clone(),
        words: best.words.clone(),
        confidence,
    })
}

/// "Kongowea market, Mombasa", "the depot in Isiolo town": the second only says where the first is.
fn is_nested(reading: &Reading, first: &Place, second: &Place) -> bool {
    let talk = &reading.talk;
    let between = second.words.start.saturating_sub(first.words.end);
    let bare = first.name.split(' ').next_back().is_some_and(|w| places::facility(w).is_some());
    let linked =
        between == 0 || (between == 1 && matches!(talk.text(first.words.end), "in" | "huko" | "katika"));
    if places::is_region(&first.name) && second.known {
        return false;
    }
    let near = talk.words[first.words.start].clause == talk.words[second.words.start].clause;
    near && linked
        && first.score > 0
        && (bare || between == 1 || talk.words[second.words.start].gap == Gap::Comma)
}

fn places_named(reading: &Reading) -> Vec<Place> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < reading.talk.words.len() {
        if let Some((words, name)) = named(reading, at) {
            let score = score(reading, &words);
            at = words.end;
            let known = places::known(&name.split(' ').collect::<Vec<_>>()) > 0;
            found.push(Place { words, name, score, known });
        } else {
            at += 1;
        }
    }
    found
}

/// A name of a place that begins at a word, with the facility word beside it.
fn named(reading: &Reading, at: usize) -> Option<(Range<usize>, String)> {
    let talk = &reading.talk;
    // "soko la Kibuye", "hoteli ya bahari", "shule ya msingi ya Mumias"
    if places::is_swahili_facility(talk.text(at))
        && matches!(talk.text(at + 1), "la" | "ya" | "cha" | "wa" | "za")
    {
        let kind = usize::from(
            matches!(talk.text(at + 2), "msingi" | "sekondari" | "upili" | "wilaya" | "samaki" | "mifugo")
                && matches!(talk.text(at + 3), "ya" | "la" | "wa"),
        ) * 2;
        let start = at + 2 + kind;
        let end = name_end(reading, start, true)?;
        let facility = places::facility(talk.text(at))?;
        return Some((at..end, format!("{} {facility}", joined(reading, start..end))));
    }
    let end = name_end(reading, at, false)?;
    let mut last = end;
    let near = |i: usize| talk.words.get(i).is_some_and(|w| w.gap <= Gap::Hyphen) && !reading.is_number(i);
    let between = phrases! {
        "livestock", "grain", "fish", "main", "bus", "railway", "primary", "secondary", "girls", "boys",
        "county", "cereals", "produce", "cattle", "goat", "town", "high", "technical", "police", "health",
        "trading", "petrol", "open", "air", "fresh", "matatu", "level"
    };
    let skip = (0..2).take_while(|n| near(end + n) && between.contains(&talk.text(end + n))).count();
    if near(end + skip) && places::facility(talk.text(end + skip)).is_some() {
        last = end + skip + 1;
    }
    let mut text: Vec<String> = (at..last).map(|i| talk.text(i).trim_end_matches("'s").to_owned()).collect();
    if let Some(word) = text.last_mut().filter(|_| last > end)
        && let Some(english) = places::facility(word)
    {
        *word = english.into();
    }
    if text.len() > 1 && text.last().is_some_and(|w| w == "town") {
        text.pop();
    }
    Some((at..last, text.join(" ")))
}

fn joined(reading: &Reading, words: Range<usize>) -> String {
    words.map(|i| reading.talk.text(i)).collect::<Vec<_>>().join(" ")
}

/// Where a name that begins at `at` ends: a known place, words with capitals, or any word where one must follow.
fn name_end(reading: &Reading, at: usize, must: bool) -> Option<usize> {
    let talk = &reading.talk;
    let word = talk.words.get(at)?;
    let plain = |i: usize| !reading.is_number(i) && !reading.is_day(i) && talk.words[i].digits.is_none();
    if !plain(at) || date::weekday(&word.text).is_some() {
        return None;
    }
    let ahead: Vec<&str> = (at..(at + 4).min(talk.words.len())).map(|i| talk.text(i)).collect();
    let known = places::known(&ahead);
    let facility = places::facility(talk.text(at + known)).is_some();
    let sure = known > 0
        && (facility
            || !places::is_ambiguous(&word.text)
            || word.capital
            || known > 1
            || has_cue(reading, at));
    let capital = |i: usize| {
        talk.words.get(i).is_some_and(|w| {
            w.capital
                && plain(i)
                && !NO_PLACE.contains(&w.text.as_str())
                && date::weekday(&w.text).is_none()
                && lexicon::currency(&w.text).is_none()
        })
    };
    let opening = talk.clause(at).start == at && known == 0 && !answers_where(reading, at);
    let begins = talk.clause(at).start == at && opens_sentence(reading, at);
    if capital(at) && !opening && !begins && !talk.flat {
        let more = (at + 1..talk.words.len())
            .take_while(|i| capital(*i) && talk.words[*i].gap <= Gap::Hyphen)
            .count()
            .min(3);
        return Some((at + 1 + more).max(at + known));
    }
    if sure {
        return Some(at + known);
    }
    let unknown = must || (talk.flat && flat_cue(reading, at) && could_be_name(reading, at));
    let owned = phrases! {
        "mnunuzi", "muuzaji", "jumla", "kwanza", "pili", "kila", "leo", "kesho", "mazao", "chakula", "nguo",
        "kwetu", "kwako", "kwangu", "msingi", "sekondari", "chuma", "mawe"
    };
    (unknown && !owned.contains(&word.text.as_str()) && word.text.len() > 2 && word.gap <= Gap::Pause)
        .then_some(at + 1)
}

/// Words with a capital only because a sentence begins with them.
fn opens_sentence(reading: &Reading, at: usize) -> bool {
    let small = phrases! {
        "in", "at", "to", "by", "the", "my", "our", "your", "it", "we", "you", "he", "she", "they", "here",
        "there", "just", "same", "right", "on", "from", "hapa", "pale", "huko", "kwa", "kwangu", "kwetu",
        "soko", "behind", "near", "next", "where", "wapi", "good", "fine", "agreed", "delivery", "deliver",
        "this", "that", "and", "please"
    };
    let word = reading.talk.text(at);
    small.contains(&word)
        || CUES.iter().any(|(cues, _)| reading.talk.any(at, cues) > 0)
        || reading.talk.any(at, HANDING) > 0
        || reading.talk.any(at, &["ni*", "u*e", "tu*", "uta*", "nita*"]) > 0 && places::known(&[word]) == 0
}

/// The turn before asks where.
fn answers_where(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let turn = talk.words[at].turn;
    let first = talk.turns.get(turn).is_some_and(|t| t.words.start == at);
    first
        && turn > 0
        && talk.has(
            talk.turns[turn - 1].words.clone(),
            &["where", "wapi", "which place", "mahali gani", "location"],
        )
}

fn has_cue(reading: &Reading, at: usize) -> bool {
    reading.talk.words[at].gap < Gap::Comma && CUES[..3].iter().any(|(cues, _)| reading.talk.ends(at, cues))
}

/// In speech without capitals: a phrase after which only a place can come.
fn flat_cue(reading: &Reading, at: usize) -> bool {
    let cues = phrases! {
        "bring it to", "bring them to", "bring to", "deliver to", "deliver it to", "deliver them to",
        "deliver at", "deliver in", "delivered to", "delivered at", "take it to", "take them to", "reach",
        "unaleta", "naleta", "utaleta", "nitaleta", "leta", "uniletee", "niletee", "pale", "huko", "yafike",
        "ifike", "zifike", "wafike", "ufike", "collect at", "collect it at", "collect them at",
        "collect in", "pick at", "pick them at", "pick it at", "mpaka", "hadi", "kwenda", "pick up at",
        "it is in", "we are in", "is in", "drop at", "drop them at", "plot in", "shamba liko", "kule",
        "farm in", "farm at", "shop in", "shop at", "school in", "site in", "site at", "house in", "peleka",
        "naja kuchukua", "come to", "hapa kwangu", "hapa kwetu", "kwangu", "kwetu", "venue is", "venue ni",
        "we are at", "i am in", "tuko", "delivery ni", "delivery iwe", "delivery to"
    };
    reading.talk.ends(at, cues)
}

fn could_be_name(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let common = "the a an my your our me you us them him her it lini wapi kesho leo kwa na ya za la ni saa asubuhi jioni mchana by on in at before this that next when where eeh sasa hapa kwangu kwetu kwako mzigo zote yote mwenyewe wiki mwezi tarehe soko shule ghala stoo hoteli ofisi duka market store depot town farm shop home shamba nyumbani gari bei kila mbili pesa kabla day end late early there here sawa okay yes how what which delivery mlangoni boma yangu yako yetu site plot";
    let word = talk.text(at);
    !common.split(' ').any(|w| w == word)
        && lexicon::unit(word).is_none()
        && !lexicon::goods::is_goods(word)
        && !lexicon::goods::translated().any(|(s, _)| s == word)
}

/// How sure a name is the place: by what stands before it and by what the sentence is about.
fn score(reading: &Reading, words: &Range<usize>) -> i32 {
    let talk = &reading.talk;
    let clause = talk.clause(words.start);
    let mut at = words.start;
    let reach = clause.start.max(at.saturating_sub(5));
    let skipped = |i: usize| SKIPPED.contains(&talk.text(i)) || places::facility(talk.text(i)).is_some();
    let mut skips = 0;
    while at > reach && skipped(at - 1) {
        at -= 1;
        skips += 1;
    }
    let opens = at == clause.start;
    let cue = if opens {
        None
    } else {
        CUES.iter()
            .filter(|(cues, _)| talk.ends(at, cues))
            .map(|(_, w)| *w)
            .reduce(|a, b| if b < 0 { b.min(a) } else { a.max(b) })
    };
    let collected = || {
        talk.has(
            clause.start.max(words.start.saturating_sub(8))..words.start,
            &["collect*", "pick*", "*chukua*", "fetch*", "*fuata*"],
        )
    };
    let cue = cue.map(|w| if w < -6 && reading.subject != Subject::Transport && collected() { 4 } else { w });
    let comma = talk.words[words.start].gap == Gap::Comma && skips == 0;
    let mut score = cue.filter(|_| !comma).unwrap_or(0);
    let back = clause.start.max(words.start.saturating_sub(if talk.flat { 9 } else { 14 }))..words.start;
    score += if talk.has(back.clone(), HANDING) { 2 } else { 0 };
    score += if answers_where(reading, words.start) || asked_where(reading, words.start) { 4 } else { 0 };
    let ahead: Vec<&str> = words.clone().map(|i| talk.text(i)).collect();
    let facility =
        ahead.last().is_some_and(|w| places::facility(w).is_some()) || places::is_swahili_facility(ahead[0]);
    let name = if places::is_swahili_facility(ahead[0]) { &ahead[ahead.len() - 1..] } else { &ahead[..] };
    score += i32::from(places::known(name) > 0) + i32::from(facility && ahead.len() > 1);
    score += i32::from(places::is_swahili_facility(ahead[0]));
    score += 2 * i32::from(reading.subject == Subject::Service && matches!(cue, Some(3 | 4)));
    let denied = talk.ends(
        words.start,
        phrases! {
            "not", "siyo", "sio", "si", "not to", "not at", "siyo pale", "sio pale", "not in", "not the"
        },
    );
    let person =
        talk.any(words.end, &["from", "wa", "speaking", "the"]) > 0 && cue.unwrap_or(0) <= 0 && !facility;
    score - 6 * i32::from(is_refused(reading, words)) - 12 * i32::from(denied) - 2 * i32::from(person)
}

/// "You deliver to Eldoret?" "I do not deliver."
fn is_refused(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let word = &talk.words[words.start];
    let asked = talk.clauses[word.clause].question;
    let answer = talk.turns.get(word.turn + 1).map(|t| t.words.start);
    asked
        && answer.is_some_and(|at| {
            talk.any(
                at,
                phrases! {
                    "no", "hapana", "i do not", "i don't", "we do not", "we don't", "siwezi", "i cannot",
                    "not there", "too far", "that is too far", "mbali", "hatu*", "si*"
                },
            ) > 0
                && talk.any(at, &["no problem", "sisi", "sikia"]) == 0
        })
}

/// The question where, shortly before in another turn or in the same flow of speech.
fn asked_where(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let turn = talk.words[at].turn;
    if talk.flat {
        return talk.has(at.saturating_sub(6)..at, &["where", "wapi"]);
    }
    turn > 0
        && at < talk.turns[turn].words.start + 8
        && talk.has(talk.turns[turn - 1].words.clone(), &["where", "wapi"])
}
