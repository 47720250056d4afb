//! When the last payment falls due.

use std::ops::Range;

use crate::terms::Field;
use crate::terms::date::{Day, english_unit, swahili_unit, weekday};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

/// Words of paying: an event beside one of them is when to pay.
const PAYING: &[&str] = phrases! {
    "pay*", "paid", "*lipa*", "*lipwa*", "*lipe", "*lipia*", "malipo", "balance", "rest", "remaining",
    "remainder", "*baki*", "*salia*", "pesa", "money", "cash", "settle*", "clear*", "other half", "nusu",
    "half", "mshahara", "wages", "due", "*malizia*", "nyingine", "send", "*tuma*", "transfer*", "invoice",
    "ankara", "nitamaliza", "hela", "fedha", "kiasi", "wire", "what is left", "everything", "zote",
    "m pesa", "mpesa", "taslimu", "deposit", "percent", "upfront", "advance", "*nakupa", "*takupa",
    "*tunakupa", "*tanipa", "*unipe", "*unanipa", "*nampa", "*tampa", "get", "gets", "*pata", "zingine",
    "*tumi*", "fifty fifty", "give you", "full amount", "the cheque", "cheque"
};
/// Fixed phrases, and the term each one makes.
const EVENTS: &[(&str, &[&str])] = &[
    (
        "on delivery",
        phrases! {
            "*ki*fik*", "*sha*fik*", "*ki*leta", "*ki*letwa", "*ki*letea", "*ki*letewa", "*sha*leta",
            "*ki*pokea", "*ki*poke", "*sha*pokea", "*ki*shusha", "*ki*shushwa", "*ki*kabidhi*",
            "cash on delivery"
        },
    ),
    ("on collection", &["*ki*chukua", "*ki*chukuliwa", "*ki*fuata", "*ki*zoa", "*sha*chukua"]),
    ("on loading", &["*ki*pakia", "*ki*pakiwa", "*sha*pakia", "*sha*pakiwa"]),
    (
        "on inspection",
        phrases! {
            "*ki*kagua", "*sha*kagua", "*ki*kaguliwa", "*sha*kaguliwa", "*ki*angalia", "*sha*angalia",
            "*ki*hakikisha", "*sha*hakikisha", "*ki*pima", "*sha*pima"
        },
    ),
    (
        "on completion",
        phrases! {
            "*ki*maliz*", "*sha*maliz*", "*kiisha", "*shaisha", "*kwisha", "*ki*kamilik*", "kazi ikiisha",
            "mwisho wa kazi", "mwisho wa shughuli"
        },
    ),
    (
        "per trip",
        phrases! {
            "per trip", "each trip", "every trip", "kila trip", "kila safari", "trip by trip",
            "kwa kila trip", "kwa kila safari", "safari kwa safari"
        },
    ),
    (
        "per visit",
        phrases! {
            "per visit", "each visit", "every visit", "kila visit", "kila ziara", "kila ukija",
            "kila akija", "kwa kila visit"
        },
    ),
    (
        "daily",
        phrases! {
            "every day", "each day", "daily", "kila siku", "every evening", "each evening", "kila jioni",
            "day by day", "siku kwa siku", "end of the day", "mwisho wa siku"
        },
    ),
    (
        "weekly",
        phrases! {
            "weekly", "every week", "each week", "kila wiki", "kila mwisho wa wiki", "every weekend",
            "end of each week", "end of every week", "mwisho wa kila wiki", "kwa wiki", "once a week",
            "each weekend"
        },
    ),
    (
        "monthly",
        phrases! {
            "monthly", "every month", "each month", "kila mwezi", "kila mwisho wa mwezi",
            "mwisho wa kila mwezi", "end of each month", "end of every month", "end of the month",
            "every month end", "every end month", "mwisho wa mwezi", "month end", "once a month",
            "kila end month"
        },
    ),
    (
        "in advance",
        phrases! {
            "in full before", "full payment first", "full payment before", "everything in advance",
            "everything upfront", "everything before", "everything first", "all in advance", "all upfront",
            "all of it in advance", "all of it before", "all of it upfront", "in full upfront",
            "in full in advance", "full amount before", "full amount in advance", "full amount upfront",
            "full amount first", "whole amount before", "whole amount in advance", "whole fee before",
            "whole fee in advance", "whole sum before", "whole price before", "whole amount upfront",
            "zote kabla", "yote kabla", "zote kwanza", "yote kwanza", "zote mapema", "yote mapema",
            "zote mbele", "yote mbele", "pay first", "payment first", "lipa kwanza", "unalipa kwanza",
            "nalipa kwanza", "malipo kwanza", "pesa kwanza", "money first", "pay everything",
            "pay all before", "pay in advance", "paid in advance", "payment in advance",
            "payment is in advance", "prepaid", "prepay*", "pay before loading", "pay you before loading",
            "payment before loading", "100 percent upfront", "hundred percent upfront", "asilimia mia",
            "zote kabla ya", "kabla upakie", "kabla sijapakia", "kabla hujapakia", "before we ship",
            "before i ship", "before anything is loaded", "in full today", "in full now",
            "pay before you load", "pay before i load", "pay before we load", "pay you before you load",
            "all before loading", "all the money before", "kabla hajapakia", "zote kabla ya kupakia",
            "nime*lipa zote", "nime*lipa yote", "nime*lipa pesa yote", "nime*lipa pesa zote",
            "tume*lipa zote", "tume*lipa yote", "tume*lipa pesa zote", "tume*lipa pesa yote",
            "ame*lipa zote", "ame*lipa yote", "ame*lipa pesa yote", "ame*lipa pesa zote", "wame*lipa zote",
            "wame*lipa yote", "paid everything", "paid in full", "paid it all", "paid all of it",
            "fully paid", "paid the whole", "paid the full", "pay everything now", "pay it all now",
            "pay in full now", "whole amount now", "all of it now", "zote sasa", "yote sasa", "zote leo",
            "yote leo"
        },
    ),
];
/// What opens an event: "when the bales are …", "baada ya …".
const OPENERS: &[&str] = phrases! {
    "when", "once", "after", "as soon as", "as", "upon", "on", "at", "the moment", "immediately",
    "baada ya", "wakati wa", "punde", "mara tu", "until", "against", "kwa", "only when", "the minute",
    "soon as"
};
/// Verbs and nouns of an event, behind its opener.
const STEMS: &[(&str, &[&str])] = &[
    (
        "on delivery",
        phrases! {
            "deliver*", "arriv*", "reach*", "offload*", "unload*", "receiv*", "receipt", "bring*",
            "brought", "land*", "here", "kupokea", "kufika", "kuleta", "kushusha", "kufikisha", "delivery",
            "come", "comes", "kupokelewa", "get to me", "gets to me", "handed over", "hand over",
            "kukabidhi*", "dropped", "drop"
        },
    ),
    (
        "on collection",
        &["collect*", "pick*", "fetch*", "kuchukua", "kuchukuliwa", "carry", "come for", "comes for"],
    ),
    (
        "on loading",
        phrases! {
            "load*", "kupakia", "kupakiwa", "on the lorry", "on the truck", "on board", "on my lorry",
            "on my truck"
        },
    ),
    (
        "on inspection",
        phrases! {
            "inspect*", "check*", "verif*", "examin*", "tested", "kukagua", "kukaguliwa", "ukaguzi",
            "kuangalia", "kuhakikisha", "weighed", "weigh*", "looked at"
        },
    ),
    (
        "on completion",
        phrases! {
            "finish*", "complet*", "done", "fixed", "over", "kazi", "kumaliza", "kuisha", "work", "job",
            "kukamilika", "through", "ends", "shughuli", "sherehe", "event", "wedding", "function",
            "kumalizika"
        },
    ),
];
/// How many words may stand between an opener and its verb.
const EVENT_WORDS_MAX: usize = 5;
/// Words with which a day is when to pay.
const PAYING_STRONG: &[&str] = phrases! {
    "pay*", "*lipa*", "*lipwa*", "*lipe", "malipo", "balance", "rest", "remaining", "remainder", "*baki*",
    "*malizia*", "cleared", "clear", "settled", "settle", "due", "what is left", "deposit", "advance",
    "send", "*tuma*", "*tumia", "transfer*", "*tanguliz*", "money", "pesa", "half", "nusu", "percent",
    "upfront", "instalment*", "wire", "booking"
};
const DEPOSIT: &[&str] = phrases! {
    "deposit", "advance", "upfront", "up front", "down payment", "booking", "*tanguliz*", "first half",
    "before loading", "kabla ya kupakia"
};
const WHOLE_REST: &[&str] = phrases! {
    "balance", "rest", "remaining", "remainder", "*baki*", "what is left", "due", "cleared", "other half",
    "whole amount"
};
const HANDING: &[&str] = phrases! {
    "deliver*", "bring*", "collect*", "*leta*", "*lete*", "*peleke*", "fetch*", "ready", "*fik*", "*chuku*",
    "reach*", "arrive*", "*peleka*", "load", "*pokea*", "pick", "supply", "start*", "begin*", "*anz*",
    "finish*", "*maliz*"
};

/// The term of payment, if one was agreed.
pub(crate) fn claim(reading: &Reading) -> Option<Claim> {
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    for at in reading.all() {
        if let Some((term, end)) = counted(reading, at) {
            found.push((term, at..end));
        } else if let Some((term, end)) = event(reading, at) {
            found.push((term.into(), at..end));
        }
    }
    for day in reading.days.iter().filter(|d| is_payment_day(reading, d) && is_of_rest(reading, d)) {
        found.push((format!("by {}", day.date), day.words.clone()));
    }
    found.sort_by_key(|(_, words)| words.start);
    // "30 days after delivery" is more than "after delivery" inside it.
    let inside = |a: &Range<usize>, b: &Range<usize>| a.start >= b.start && a.end <= b.end && a != b;
    let all = found.clone();
    found.retain(|(_, words)| !all.iter().any(|(_, other)| inside(words, other)));
    // "kila visit ikiisha": the rhythm decides.
    let rhythmic = |term: &str| matches!(term, "per trip" | "per visit" | "daily" | "weekly" | "monthly");
    let rhythms: Vec<usize> = found.iter().filter(|(t, _)| rhythmic(t)).map(|(_, w)| w.end).collect();
    found.retain(|(_, w)| !rhythms.iter().any(|end| (*end..=*end + 2).contains(&w.start)));
    let (value, words) = found.pop()?;
    Some(Claim { field: Field::PaymentTerms, value, words, confidence: 85 })
}

/// Whether everything is paid ahead, so that there is no part ahead.
pub(crate) fn is_all_ahead(reading: &Reading) -> bool {
    claim(reading).is_some_and(|c| c.value == "in advance")
}

/// An event of payment that begins at a word.
fn event(reading: &Reading, at: usize) -> Option<(&'static str, usize)> {
    let talk = &reading.talk;
    if is_weekly(reading, at) && is_about_paying(reading, at..at + 2, "weekly") {
        return Some(("weekly", at + 2));
    }
    if let Some(found) = opened(reading, at) {
        return Some(found);
    }
    let longest =
        EVENTS.iter().filter_map(|(term, cues)| Some((talk.any(at, cues), *term)).filter(|(n, _)| *n > 0));
    let (count, term) = longest.max_by_key(|(n, _)| *n)?;
    let end = at + count;
    if talk.ends(at, &["not", "siyo", "sio", "si"]) || !is_about_paying(reading, at..end, term) {
        return None;
    }
    Some((term, end))
}

/// "when the bales are delivered", "as we load", "baada ya kukagua".
fn opened(reading: &Reading, at: usize) -> Option<(&'static str, usize)> {
    let talk = &reading.talk;
    let opener = talk.any(at, OPENERS);
    let first = at + opener;
    let fixed =
        matches!(talk.text(at), "on" | "at" | "upon" | "kwa" | "against" | "siku" | "wakati" | "baada");
    let reach = if fixed { 2 } else { EVENT_WORDS_MAX };
    let limit = talk.clause(at).end.min(first + reach);
    let counted = matches!(talk.text(at), "after" | "baada" | "from" | "of")
        && talk.ends(at, &["days", "weeks", "day", "week", "siku", "wiki"]);
    if opener == 0 || counted || talk.ends(at, &["not", "siyo", "sio", "si"]) {
        return None;
    }
    let ends = |i: usize| {
        reading.is_number(i)
            || reading.is_day(i)
            || talk.words[i].gap >= Gap::Comma
            || matches!(talk.text(i), "and" | "na" | "okay" | "sawa" | "yes" | "but")
    };
    let mut last = first;
    while last < limit && !ends(last) {
        for (term, stems) in STEMS {
            let count = talk.any(last, stems);
            let every = (first..last).any(|i| matches!(talk.text(i), "each" | "every" | "kila"));
            if count > 0 && !every && is_about_paying(reading, at..last + count, term) {
                return Some((term, last + count));
            }
        }
        last += 1;
    }
    None
}

/// Whether an event is said of paying: in the same sentence, or in answer to a question about it.
fn is_about_paying(reading: &Reading, words: Range<usize>, term: &str) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(words.start);
    let reach = if talk.flat { 9 } else { 24 };
    let near = clause.start.max(words.start.saturating_sub(reach))..clause.end.min(words.end + reach.min(7));
    let rhythm = matches!(term, "per trip" | "per visit" | "daily" | "weekly" | "monthly");
    if rhythm {
        // "four trips at 900 per trip" is a price, "every day" may be the work.
        let figure = (1..4).any(|n| words.start >= n && reading.number_before(words.start + 1 - n).is_some());
        let priced = figure && !talk.has(words.end..clause.end.min(words.end + 4), &["pay*", "*lip*"]);
        let close = clause.start.max(words.start.saturating_sub(7))..clause.end.min(words.end + 6);
        let figured_after = !talk.ends(words.start, &["after"]) && reading.number_at(words.end).is_some();
        return !priced && !figured_after && (talk.has(close, PAYING) || asked(reading, words.start));
    }
    term == "in advance"
        || talk.has(near, PAYING)
        || asked(reading, words.start)
        || figure_before(reading, &words)
}

/// "12,000 on arrival": money right before the event.
fn figure_before(reading: &Reading, words: &Range<usize>) -> bool {
    let first = reading.talk.clause(words.start).start.max(words.start.saturating_sub(3)) + 1;
    (first..=words.start).any(|i| {
        reading
            .number_before(i)
            .is_some_and(|n| n.value.is_integer() && n.value >= rust_decimal::Decimal::ONE_HUNDRED)
    })
}

/// Whether the turn answers a question about payment.
fn asked(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let turn = talk.words[at].turn;
    let cues = phrases! {
        "payment", "pay*", "*lipa*", "malipo", "pesa", "money", "mshahara", "wages", "paid", "*lipwa*",
        "how do we settle"
    };
    let mut before = talk.turns[..turn.min(talk.turns.len())].iter().rev().take(1).map(|t| t.words.clone());
    let earlier = talk.clause(at).start.saturating_sub(10)..talk.clause(at).start;
    before.any(|w| talk.has(w, &cues))
        || talk.has(
            earlier,
            phrases! {
                "payment", "utalipa", "utanilipa", "malipo", "balance", "money", "pesa"
            },
        )
}

/// "14 days after invoice", "within ten days of delivery", "siku saba baada ya kupokea".
fn counted(reading: &Reading, at: usize) -> Option<(String, usize)> {
    let talk = &reading.talk;
    let swahili = swahili_unit(talk.text(at));
    let start = at + usize::from(swahili.is_some());
    let (count, mut end) = match reading.number_at(start) {
        Some(number) if number.value.is_integer() => (number.value, number.words.end),
        _ if swahili.is_none() && talk.text(at) == "a" => (rust_decimal::Decimal::ONE, at + 1),
        _ => return None,
    };
    let unit = match swahili {
        Some(unit) => unit,
        None => {
            end += 1;
            english_unit(talk.text(end - 1))
                .or((talk.text(end - 1) == "fortnight").then_some("fortnight"))
                .or_else(|| swahili_unit(talk.text(end - 1)))?
        }
    };
    let days = match unit {
        "day" => 1,
        "week" => 7,
        "month" => 30,
        "fortnight" => 14,
        _ => return None,
    };
    let link = talk.any(
        end,
        phrases! {
            "after", "of", "from", "baada ya", "kutoka", "tangu", "following", "past", "za", "since",
            "kuanzia"
        },
    );
    let named = end + link;
    let stems: &[(&str, &[&str])] = &[
        (
            "invoice",
            phrases! {
                "*invoice*", "*ankara*", "the invoice", "the date of invoice", "receiving the invoice",
                "kupokea ankara", "kupata ankara", "your invoice", "an invoice", "invoicing",
                "kupata invoice", "kupokea invoice", "bill*", "the bill"
            },
        ),
        (
            "completion",
            phrases! {
                "*complet*", "the work*", "the job", "finish*", "you finish", "*maliz*", "kazi*",
                "*kamilik*", "the last day", "i finish", "we finish", "the event", "the training",
                "the harvest*", "work", "kuisha"
            },
        ),
        (
            "delivery",
            phrases! {
                "*deliver*", "arriv*", "receipt", "receiv*", "i receive", "we receive", "offload*",
                "it arrives", "they arrive", "*pokea*", "*fik*", "*leta*", "you deliver", "you bring",
                "they reach", "it reaches", "i get", "we get", "goods", "the goods", "kushusha", "the eggs",
                "the delivery", "*kabidhi*", "mzigo", "the last delivery", "he delivers"
            },
        ),
    ];
    let paying = link > 0 || matches!(talk.text(end), "ukishaleta" | "nikishapokea");
    let longest = stems.iter().map(|(event, cues)| (talk.any(named, cues), *event)).max_by_key(|(n, _)| *n);
    let (covered, event) = longest.filter(|(n, _)| paying && *n > 0)?;
    let value = count.checked_mul(days.into())?;
    let end = (named + covered + 4).min(talk.clause(at).end);
    Some((format!("{} days after {event}", value.normalize()), end))
}

/// Whether a day is one of paying and not of handing over.
pub(crate) fn is_payment_day(reading: &Reading, day: &Day) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(day.words.start);
    let reach = if talk.flat { 7 } else { 14 };
    let cut = |i: usize| {
        reading.is_day(i)
            || matches!(
                talk.text(i),
                "and" | "na" | "but" | "lakini" | "then" | "okay" | "sawa" | "yes" | "so" | "halafu"
            )
    };
    let first = clause.start.max(day.words.start.saturating_sub(reach));
    let start = (first..day.words.start).rev().find(|i| cut(*i)).map_or(first, |i| i + 1);
    let limit = clause.end.min(day.words.end + 6);
    let end = (day.words.end..limit).find(|i| cut(*i) || talk.words[*i].gap >= Gap::Comma).unwrap_or(limit);
    let paid = talk.find_last(start..day.words.start, PAYING_STRONG);
    let handed = talk.find_last(start..day.words.start, HANDING);
    match (paid, handed) {
        (Some(paid), Some(handed)) => paid.start > handed.start,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => {
            talk.has(day.words.end..end, PAYING_STRONG) && !talk.has(day.words.end..end, HANDING)
                || behind_money(reading, day)
        }
    }
}

/// "10,000 today": the day of the money before it.
fn behind_money(reading: &Reading, day: &Day) -> bool {
    let at = day.words.start;
    (0..3).any(|n| {
        at.checked_sub(n)
            .and_then(|i| reading.number_before(i))
            .is_some_and(|n| n.value >= rust_decimal::Decimal::ONE_HUNDRED && n.value.is_integer())
    }) && !reading.talk.ends(at, &["by", "on", "before", "kabla ya"])
}

/// Whether a day of paying is that of the whole or the rest, not of the deposit.
fn is_of_rest(reading: &Reading, day: &Day) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(day.words.start);
    let reach = if talk.flat { 10 } else { 14 };
    let near = clause.start.max(day.words.start.saturating_sub(reach))..clause.end.min(day.words.end + 3);
    let numbered = near
        .clone()
        .any(|i| reading.number_at(i).is_some_and(|n| n.value >= rust_decimal::Decimal::ONE_HUNDRED));
    let every = day.words.start > 0 && matches!(talk.text(day.words.start - 1), "every" | "kila" | "each");
    let rest = talk.has(near.clone(), WHOLE_REST);
    !every
        && !(talk.has(near.clone(), DEPOSIT) && !rest)
        && (rest || !numbered)
        && !talk.has(near, &["half", "nusu", "percent"]) | rest
}

/// "every Saturday": a rhythm of a week.
fn is_weekly(reading: &Reading, at: usize) -> bool {
    matches!(reading.talk.text(at), "every" | "kila" | "each") && weekday(reading.talk.text(at + 1)).is_some()
}
