//! The day by which goods are handed over, among all the days that are named.

use crate::terms::Field;
use crate::terms::date::Day;
use crate::terms::figure::is_negated;
use crate::terms::payment;
use crate::terms::reading::{Claim, Reading};

/// Handing over.
pub(crate) const HANDING: &[&str] = phrases! {
    "deliver*", "bring*", "collect*", "pick*", "reach*", "arriv*", "ship*", "handover", "hand over", "come",
    "get there", "be there", "*leta*", "*lete*", "*fik*", "*chuku*", "*peleke*", "*maliz*", "finish*",
    "complete*", "*fuata*", "fetch*", "get them", "get it", "have them", "have it", "want them", "want it",
    "need them", "need it", "*peleka*", "*kuja*", "naja", "uje", "nije", "njoo", "transport*", "take*",
    "*beba*", "*pokea*", "receive", "done", "*isha", "*ishe", "*malizik*", "load*", "drop*", "supply",
    "safirish*", "here", "ready", "send the", "*kwishe", "due there", "offload*", "*shush*", "lorry",
    "truck", "driver", "last trip", "last load", "by", "latest", "kabla ya", "before", "not later than",
    "no later than"
};
/// Days of something else.
const ELSEWHERE: &[&str] = phrases! {
    "tested", "harvested", "call you", "call me", "pigia", "nikupigie", "tuongee", "meeting", "mkutano",
    "rained", "yesterday", "i saw", "we spoke", "told me", "nilivuna", "nilipima", "tulikutana", "i sieved",
    "market day", "siku ya soko", "born", "visit you", "inspect*", "came to", "bought", "*kagua*",
    "harvest*", "kuvuna", "vuna*", "spray*", "invoice on", "price is until", "funeral", "wedding", "church",
    "holiday", "until then", "valid"
};

/// The last day of handing over.
pub(crate) fn claim(reading: &Reading) -> Option<Claim> {
    let rated = |d: &&Day| score(reading, d);
    let best = reading
        .days
        .iter()
        .filter_map(|d| Some((rated(&d)?, d)))
        .max_by_key(|(score, d)| (*score, d.words.start))?;
    let (score, day) = best;
    let confidence = if score > 1 { 90 } else { 70 };
    Some(Claim {
        field: Field::DeliveryDeadline,
        value: day.date.to_string(),
        words: day.words.clone(),
        confidence,
    })
}

/// How much a day looks like one of handing over; none for a day of paying or of something else.
fn score(reading: &Reading, day: &Day) -> Option<u8> {
    let talk = &reading.talk;
    if is_negated(reading, day.words.start)
        || day.date < reading.today
        || payment::is_payment_day(reading, day)
    {
        return None;
    }
    let clause = talk.clause(day.words.start);
    let reach = if talk.flat { 9 } else { 16 };
    let near = clause.start.max(day.words.start.saturating_sub(reach))..clause.end.min(day.words.end + 5);
    if talk.has(near.clone(), ELSEWHERE)
        && !talk.has(near.clone(), &["deliver*", "bring*", "*leta*", "*fik*"])
    {
        return None;
    }
    let turn = talk.words[day.words.start].turn;
    let asked = turn > 0
        && talk.has(
            talk.turns[turn - 1].words.clone(),
            &["when", "lini", "which day", "siku gani", "by when", "where", "wapi"],
        );
    Some(1 + u8::from(talk.has(near, HANDING) || asked))
}
