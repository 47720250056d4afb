//! Whether a deal was made, and which points of it were left open.

use std::ops::Range;

use crate::terms::Field;
use crate::terms::figure::has_money;
use crate::terms::number::{Number, Shape};
use crate::terms::reading::{Claim, Reading};

/// Walking away: no deal unless somebody takes it back.
const AWAY: &[&str] = phrases! {
    "no deal", "let me ask", "let me check", "let me first", "let me think", "let me talk",
    "let me consult", "let me discuss", "let me compare", "let me look around", "need to ask",
    "have to ask", "must ask", "need to think", "need time", "i will think", "i'll think", "think about it",
    "nothing for now", "not for now", "nothing agreed", "not agreed", "hakuna kitu", "hatujakubaliana",
    "hatukukubaliana", "hatukuelewana", "hatujaelewana", "hatujamaliza", "nothing is agreed",
    "nitafute mwingine", "nitafute", "nitatafuta", "natafuta mwingine", "find another", "find someone",
    "find somebody", "look for another", "look elsewhere", "look for someone", "try elsewhere",
    "try another", "go elsewhere", "forget it", "then forget", "leave it then", "achana", "wacha tu",
    "basi acha", "basi wacha", "acha basi", "wacha basi", "tuache", "sitaki", "sihitaji", "sitauza",
    "sitanunua", "siuzi", "i will not sell", "i am not selling", "i'm not selling", "i won't sell",
    "will not take it", "i will pass", "not interested", "wait for the other", "wait for another",
    "wait for a better", "i will wait", "i'll wait", "nitasubiri", "nisubiri", "niulize", "nimuulize",
    "niongee na", "nikae na", "nifikirie", "nitafikiria", "nitafikiri", "nijadiliane", "nishauriane",
    "wacha niulize", "acha niulize", "ngoja niulize", "nitakujulisha", "nitakuambia kama",
    "i will let you know", "i'll let you know", "let you know", "get back to you", "come back to you",
    "tutaongea siku", "tuongee siku", "tuongee kesho", "tuongee baadaye", "tutawasiliana", "tuwasiliane",
    "another time", "some other time", "maybe next", "labda", "siku nyingine", "wakati mwingine",
    "kwaheri basi", "safari njema", "then let me", "sell it to someone", "do not keep it", "talk to my",
    "ask my", "consult my", "check with", "until i talk", "hold it until", "not today", "too much for me", "that is too much", "that's too much", "it is too much", "that is too low", "ghali mno", "ghali sana", "nyingi mno", "too high for me", "too low for me",
    "come back after", "come back when", "we shall see", "then we see", "maybe after", "cannot afford", "can't afford", "too expensive for", "welcome any time", "gari lingine",
    "nyingine basi", "mwingine basi", "nitafute lingine", "look around", "shop around", "compare first",
    "sleep on it", "no no no then", "that is my last price then", "then keep", "then stay", "tusikubaliane",
    "tumeshindwa", "imeshindikana", "haiwezekani basi", "basi haiwezekani", "basi tena", "tuachane",
    "too far apart", "cannot agree", "can't agree", "no agreement", "sell to him", "sell to them",
    "sell to the other", "nitauza kwa", "nitamuuzia", "kwa sasa hapana", "sina haja", "no thank you",
    "no thanks", "hapana asante", "then no", "we leave it", "let us leave it", "let's leave it",
    "keep your", "baki na", "haitawezekana", "hatutaweza", "sitaweza"
};
/// The same, but also said after a deal.
const CALL_BACK: &[&str] = phrases! {
    "i will call you", "i'll call you", "i call you", "nitakupigia", "nikupigie", "call me back",
    "call you back", "will call back", "and call you", "then call you", "will call you", "nipigie", "tuongee", "ukikosa", "call again", "nitapiga"
};
/// A deal in so many words.
const MADE: &[&str] = phrases! {
    "deal", "agreed", "it is done", "we have agreed", "i agree", "i accept", "accepted", "tumekubaliana",
    "tumepatana", "nimekubali", "nakubali", "tumekubali", "tumeelewana", "makubaliano", "amekubali",
    "wamekubali", "imekubaliwa", "done", "it's a deal", "sold", "tumeagree", "nimekubaliana", "imepita",
    "shake on it", "we are agreed", "settled"
};
/// Opening an offer or a question in a message of one side.
const OFFER_ONLY: &[&str] = phrases! {
    "i am offering", "we are offering", "we offer", "i offer", "please tell me if", "tell me if",
    "let me know if", "let me know", "please confirm if", "would you be interested", "are you interested",
    "if you are interested", "if interested", "ukitaka", "kama unataka", "kama utapenda", "nijulishe",
    "tujulishe", "niambie kama", "unijulishe", "nipe jibu", "call me if", "call me back if",
    "waiting for your answer", "please quote", "send me your price", "what would you charge",
    "could you supply", "can you supply", "would you sell", "would you take", "unaweza kuniuzia",
    "utaniuzia", "nasubiri jibu", "i await", "tell me your price", "niambie bei", "we are asking for",
    "we would like to ask", "please answer", "unasemaje", "what do you say", "think about it and",
    "ungependa", "nataka kujua kama", "i would like to know", "i wanted to ask", "do you have", "mnaweza",
    "am asking", "we are asking", "if you want", "if you agree", "if that is okay", "if the price is",
    "tell me before", "ukipenda", "kama uko", "kama bei", "nipigie kama", "mnahitaji", "ikiwa utapenda",
    "can you", "could you", "do you want", "reply", "i am looking for", "tunatafuta", "natafuta", "nauliza",
    "tell me whether", "confirm if", "kama mko", "kama uta*", "i can offer", "naweza kukupa", "nitakupa kwa"
};
/// What says that an offer was taken after all.
const SETTLED: &[&str] = phrases! {
    "agreed", "we settled", "tumekubaliana", "tumepatana", "amekubali", "nimekubali", "confirm*",
    "agreement", "makubaliano", "deal", "has accepted", "accepted", "tumeagree", "nathibitisha",
    "ninathibitisha", "record*"
};

/// Whether the call ends with a deal.
pub(crate) fn is_made(reading: &Reading) -> bool {
    let talk = &reading.talk;
    let all = reading.all();
    let answers =
        talk.flat && talk.has(all.clone(), &["yes", "okay", "sawa", "ndiyo", "haya", "poa", "fine"]);
    if talk.turns.len() <= 1
        && !answers
        && talk.has(all.clone(), OFFER_ONLY)
        && !talk.has(all.clone(), SETTLED)
    {
        return false;
    }
    let accepted = last_accepted(reading);
    let after = accepted.max(last_money(reading));
    let away = talk.find_last(all.clone(), AWAY).filter(|w| !is_part_of_point(reading, w));
    if let Some(away) = away
        && away.start >= after
    {
        return false;
    }
    if talk.turns.len() > 2 && accepted == 0 && ends_in_refusal(reading) {
        return false;
    }
    let back = talk.find_last(all, CALL_BACK);
    back.is_none_or(|back| back.start < after || accepted > 0)
}

/// No word of assent after the last figure, and one of refusal.
fn ends_in_refusal(reading: &Reading) -> bool {
    let talk = &reading.talk;
    let Some(last) = reading.numbers.last() else { return false };
    let tail = last.words.end..talk.words.len();
    let assent = phrases! {
        "okay", "ok", "yes", "fine", "good", "sawa", "haya", "poa", "right", "alright", "correct", "sure",
        "no problem", "hakuna shida", "ndiyo", "great", "perfect", "karibu", "thank you", "thanks",
        "asante", "understood", "see you", "of course", "exactly", "bila shaka", "hakuna neno", "no worry",
        "done", "nashukuru", "hewala", "barabara"
    };
    let refusal = phrases! {
        "too much", "too low", "too high", "maybe", "cannot", "can't", "siwezi", "hapana", "labda",
        "not now", "expensive", "ghali", "nyingi", "another", "mwingine", "lingine", "any time", "no",
        "goodbye", "kwaheri", "bye", "afford", "let it be", "basi"
    };
    !talk.has(tail.clone(), assent) && talk.has(tail, refusal)
}

/// Where a deal was last said to be made; not "no deal", nor a deal asked for.
fn last_accepted(reading: &Reading) -> usize {
    let talk = &reading.talk;
    let denied = phrases! {
        "no", "not", "not yet", "haven't", "have not", "if we", "bado", "nothing", "nothing is", "never"
    };
    let asked = |at: usize| reading.talk.clauses[talk.words[at].clause].question;
    let said = |at: &usize| talk.any(*at, MADE) > 0 && !talk.ends(*at, denied) && !asked(*at);
    reading.all().rev().find(said).map_or(0, |at| at + 1)
}

/// Where money was last named: negotiation went on until there. The figure a walk-away names itself does not count.
fn last_money(reading: &Reading) -> usize {
    let bids = |n: &&Number| {
        let talk = &reading.talk;
        let clause = talk.clause(n.words.start);
        let short = talk.flat || clause.len() <= n.words.len() + 6;
        let bare = n.shape != Shape::Ordinal && n.value >= 10.into() && short;
        bare || has_money(reading, &n.words)
    };
    reading.numbers.iter().rfind(bids).map_or(0, |n| {
        let clause = reading.talk.clause(n.words.start);
        if reading.talk.flat { n.words.end } else { clause.end.min(n.words.end + 1) }
    })
}

/// "Let me talk to my driver about the day": one point is open, the deal stands.
fn is_part_of_point(reading: &Reading, words: &Range<usize>) -> bool {
    let clause = reading.talk.clause(words.start);
    let said = reading.talk.has(clause.clone(), LATER) && !topics(reading, clause, words.start).is_empty();
    said && (last_accepted(reading) > 0)
}

/// Words that leave a point open.
const LATER: &[&str] = phrases! {
    "later", "baadaye", "not decided", "not yet", "bado", "haijaamuliwa", "hatujaamua", "hatujaongea",
    "we will see", "tutaona", "tutaongea", "will tell you", "will let you know", "nitakuambia",
    "nitakwambia", "to be confirmed", "have to confirm", "i will confirm", "we will confirm", "don't know",
    "do not know", "not sure", "sijui", "hatujui", "hatujapanga", "another day", "siku nyingine", "open",
    "we fix", "tutapanga", "tupange", "decide", "agree on that", "discuss", "tutajadili", "hajaamua",
    "sina uhakika", "undecided", "not fixed", "nitathibitisha", "tutathibitisha", "when we meet",
    "tukikutana"
};
/// What a point is about.
const TOPICS: &[(&[&str], &[Field])] = &[
    (
        &["day", "date", "siku", "tarehe", "when", "lini"],
        &[Field::DeliveryDeadline, Field::StartDate, Field::EndDate],
    ),
    (&["price", "bei", "how much", "rate"], &[Field::UnitPrice, Field::Rate, Field::TotalAmount]),
    (&["place", "where", "wapi", "mahali", "location", "pahali"], &[Field::DeliveryLocation]),
    (&["interest", "riba"], &[Field::InterestRate, Field::InterestPeriod]),
    (
        &["payment", "malipo", "how to pay", "utalipa lini", "pay terms", "how you pay"],
        &[Field::PaymentTerms],
    ),
    (&["deposit", "advance"], &[Field::UpfrontPayment]),
    (&["quantity", "how many", "kiasi", "idadi", "number of"], &[Field::Quantity]),
    (&["how long", "muda", "period"], &[Field::RepaymentPeriod, Field::Instalments]),
    (&["instalment*", "kiasi cha kulipa", "each month", "awamu"], &[Field::InstalmentAmount]),
    (&["total", "jumla"], &[Field::TotalAmount]),
    (&["quality", "ubora", "grade", "daraja"], &[Field::QualityRequirements]),
];

/// The terms of the topic named nearest to the words that leave it open.
fn topics(reading: &Reading, range: Range<usize>, at: usize) -> &'static [Field] {
    let talk = &reading.talk;
    let distance =
        |words: &Range<usize>| if words.start <= at { at - words.start } else { (words.start - at) * 2 };
    let named =
        |cues: &[&str]| range.clone().filter(|i| talk.any(*i, cues) > 0).map(|i| distance(&(i..i + 1))).min();
    let nearest =
        TOPICS.iter().filter_map(|(cues, fields)| Some((named(cues)?, *fields))).min_by_key(|(d, _)| *d);
    nearest.map_or(&[], |(_, fields)| fields)
}

/// Takes out what was left open after it was last named.
pub(crate) fn leave_open(reading: &Reading, claims: &mut Vec<Claim>) {
    let talk = &reading.talk;
    for at in reading.all() {
        let said = talk.any(at, LATER);
        if said == 0 {
            continue;
        }
        let clause = talk.clause(at);
        let reach = if talk.flat { 7 } else { 14 };
        let near = clause.start.max(at.saturating_sub(reach))..clause.end.min(at + said + reach);
        let open = topics(reading, near.clone(), at);
        claims.retain(|c| !open.contains(&c.field) || c.words.start > near.end);
    }
}
