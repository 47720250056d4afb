//! Phrases of paying, and of the events at which money falls due.

/// Words of paying: an event beside one of them is when to pay.
pub(super) const PAYING: &[&str] = phrases! {
    "pay*", "paid", "*lipa*", "*lipwa*", "*lipe", "*lipia*", "malipo", "balance", "rest", "remaining",
    "remainder", "*baki*", "*salia*", "pesa", "money", "cash", "settle*", "clear*", "other half", "nusu",
    "half", "mshahara", "wages", "due", "*malizia*", "nyingine", "send", "*tuma*", "transfer*", "invoice",
    "ankara", "nitamaliza", "hela", "fedha", "kiasi", "wire", "what is left", "everything", "zote",
    "m pesa", "mpesa", "taslimu", "deposit", "percent", "upfront", "advance", "*nakupa", "*takupa",
    "*tunakupa", "*tanipa", "*unipe", "*unanipa", "*nampa", "*tampa", "get", "gets", "*pata", "zingine",
    "*tumi*", "fifty fifty", "give you", "full amount", "the cheque", "cheque"
};
/// Fixed phrases, and the term each one makes.
pub(super) const EVENTS: &[(&str, &[&str])] = &[
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
pub(super) const OPENERS: &[&str] = phrases! {
    "when", "once", "after", "as soon as", "as", "upon", "on", "at", "the moment", "immediately",
    "baada ya", "wakati wa", "punde", "mara tu", "until", "against", "kwa", "only when", "the minute",
    "soon as"
};
/// Verbs and nouns of an event, behind its opener.
pub(super) const STEMS: &[(&str, &[&str])] = &[
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
pub(super) const EVENT_WORDS_MAX: usize = 5;
/// Words with which a day is when to pay.
pub(super) const PAYING_STRONG: &[&str] = phrases! {
    "pay*", "*lipa*", "*lipwa*", "*lipe", "malipo", "balance", "rest", "remaining", "remainder", "*baki*",
    "*malizia*", "cleared", "clear", "settled", "settle", "due", "what is left", "deposit", "advance",
    "send", "*tuma*", "*tumia", "transfer*", "*tanguliz*", "money", "pesa", "half", "nusu", "percent",
    "upfront", "instalment*", "wire", "booking"
};
pub(super) const DEPOSIT: &[&str] = phrases! {
    "deposit", "advance", "upfront", "up front", "down payment", "booking", "*tanguliz*", "first half",
    "before loading", "kabla ya kupakia"
};
pub(super) const WHOLE_REST: &[&str] = phrases! {
    "balance", "rest", "remaining", "remainder", "*baki*", "what is left", "due", "cleared", "other half",
    "whole amount"
};
pub(super) const HANDING: &[&str] = phrases! {
    "send them", "send it", "send the goods", "send the truck", "send the lorry",
    "deliver*", "bring*", "collect*", "*leta*", "*lete*", "*peleke*", "fetch*", "ready", "*fik*", "*chuku*",
    "reach*", "arrive*", "*peleka*", "load", "*pokea*", "pick", "supply", "start*", "begin*", "*anz*",
    "finish*", "*maliz*"
};
/// From what days of payment are counted.
pub(super) const COUNTED_FROM: &[(&str, &[&str])] = &[
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
