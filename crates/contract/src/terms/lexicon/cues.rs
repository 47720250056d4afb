//! Phrases around a figure that say what it stands for. `*` stands for any letters: Swahili verbs carry who and when
//! before their stem ("nitakulipa", "tutalipa").

/// Between a price and its unit.
pub(crate) const PER: &[&str] = phrases! {
    "per", "for each", "for every", "each", "every", "kwa kila", "kila", "kwa", "a", "an", "for a",
    "for one", "for the", "for an"
};
/// The price is of one, whatever is counted.
pub(crate) const EACH: &[&str] = phrases! {
    "each", "apiece", "a piece", "kila moja", "kila mmoja", "kwa moja", "kwa kila moja", "for each",
    "per one", "for each one", "for one", "each one", "kwa kila mmoja", "for every one"
};
/// Between a unit and the price said after it: "bag moja ni", "for each trip I am charging".
pub(crate) const PRICE_LINKS: &[&str] = phrases! {
    "ni", "is", "at", "for", "kwa", "bei", "are", "costs", "cost", "of", "we", "i", "am", "charge",
    "charging", "goes", "sells", "will", "be", "to", "it", "itakuwa", "inauzwa", "nauza", "yake", "was",
    "now", "sasa", "nitalipa", "nitatoa", "utalipa", "unalipa", "would", "that's", "inakuwa", "analipwa",
    "nalipa", "nitakulipa", "utanilipa", "tutalipa", "ndiyo", "pay", "you", "natoza", "tunatoza", "my",
    "price"
};
/// The whole price, before it.
pub(crate) const TOTAL_LEFT: &[&str] = phrases! {
    "total*", "jumla*", "comes to", "come to", "makes", "make", "gives", "lump sum", "lumpsum", "that is",
    "altogether", "in all", "whole job", "whole thing", "whole load", "kwa kazi yote", "itakuwa", "inakuwa",
    "inafika", "sum", "yote", "zote", "everything", "adds up", "that's", "equals", "works out", "kazi yote",
    "hiyo ni", "so it is", "kazi nzima", "one price"
};
/// Those of them that decide without a product to confirm it.
pub(crate) const TOTAL_SURE: &[&str] = phrases! {
    "total*", "jumla*", "comes to", "come to", "lump sum", "lumpsum", "altogether", "in all", "makes",
    "gives", "kwa kazi yote", "adds up", "works out", "whole job", "whole load", "kazi nzima", "inafika",
    "equals"
};
/// The whole price, behind it.
pub(crate) const TOTAL_RIGHT: &[&str] = phrases! {
    "in total", "total", "altogether", "in all", "for everything", "kwa jumla", "jumla", "for the whole",
    "for the lot", "for the job", "for all", "kwa kazi yote", "kwa yote", "kwa zote", "lump sum",
    "all together", "kwa kazi nzima", "for the entire", "all in", "zote pamoja", "kwa mzigo wote",
    "for the full", "kwa pamoja", "for the load", "for the work", "kwa mzigo", "for everybody"
};
/// Money ahead.
pub(crate) const AHEAD: &[&str] = phrases! {
    "deposit", "advance", "upfront", "up front", "down payment", "downpayment", "booking", "before loading",
    "before you load", "before i load", "before we load", "before they load", "kabla ya kupakia",
    "kabla *pakia", "kabla ya mzigo", "*tanguliz*", "akianza", "ukianza", "nikianza", "tukianza",
    "wakianza", "ikianza", "when * start*", "when * begin*", "when * * start*", "on the first day",
    "siku ya kwanza", "once * start*", "as * start*", "*kianza kazi", "to kick off", "at the start",
    "on signing", "already paid", "already sent", "nimelipa", "tumelipa", "nimeshalipa", "tumeshalipa",
    "ameshalipa", "amelipa", "wamelipa", "have paid", "has paid", "paid already", "i paid", "we paid",
    "malipo ya awali", "ya awali", "rubuni", "arbuni", "arubuni", "before nianze", "before tuanze", "before uanze", "before you begin", "before i start", "before i begin", "kianzio", "commitment", "in advance", "ahead",
    "to start", "before work", "before you start", "before starting", "before the work", "kabla ya kuanza",
    "kabla ya kazi", "kabla *anz*", "on booking", "to book", "kushika", "nimemtumia", "ume*tumia",
    "ume*lipa", "nime*lipa", "nilikutumia", "nilituma", "nililipa", "ulinitumia", "you sent", "i sent",
    "we sent", "you paid", "he paid", "she paid", "they paid", "already gave", "gave you", "gave him",
    "gave her", "nime*pa", "ame*pa", "ume*pa", "tume*pa", "alitanguliza", "ame*tumia", "on the spot",
    "tume*tumia", "wame*tumia", "received", "nimetuma", "nimekutumia", "have sent", "as soon as you start",
    "mwanzo", "mwanzoni", "before delivery", "kabla ya safari", "for fuel", "ya mafuta", "to begin",
    "wakati wa kuanza", "at the beginning", "when work starts", "when the work starts", "before departure",
    "before the trip", "before leaving"
};
/// Times that mean money ahead only beside a payment.
pub(crate) const NOW: &[&str] = phrases! {
    "now", "today", "tonight", "leo", "sasa", "tomorrow", "kesho", "first", "this morning", "this evening",
    "this afternoon", "this week", "immediately", "wiki hii", "sasa hivi", "right now", "straight away",
    "kwanza", "kesho asubuhi"
};
/// Paying and sending.
pub(crate) const PAYING: &[&str] = phrases! {
    "*tuma*", "*lipa*", "*lipwa*", "*tumia*", "send*", "pay*", "give*", "*nakupa*", "*takupa*", "*tampa*",
    "*pewa*", "*tumwa*", "transfer*", "paid", "sent", "gets", "get", "receive", "needs", "need", "want",
    "nataka", "naomba", "wire", "utanipa", "toa"
};
/// What remains to be paid.
pub(crate) const REST: &[&str] = phrases! {
    "balance", "rest", "remaining", "remainder", "*baki*", "*salia*", "on arrival", "on delivery",
    "upon delivery", "on completion", "on collection", "*kifik*", "*kileta", "*kimaliz*", "*shamaliz*",
    "*kiisha", "after delivery", "after the work", "at the end", "when it arrives", "when they arrive",
    "when you finish", "outstanding", "on receipt", "on offloading", "*kipokea", "mwishoni",
    "when you deliver", "when the work is", "when they reach", "when it reaches", "when i finish",
    "when he finishes", "baada ya kazi", "mwisho wa kazi", "on the last day"
};
/// A price, before it.
pub(crate) const PRICE_LEFT: &[&str] = phrases! {
    "price*", "bei", "charge*", "charging", "rate", "nauli", "fare", "cost*", "fee", "at", "*uza", "*uzia",
    "*kuuzia", "offer*", "*ongeza", "make it", "do it for", "asking", "say", "sell*", "pay", "wages",
    "ujira", "malipo ni", "final", "mwisho", "unlipe", "kwa", "weka", "fanya", "tufanye", "nitatoa",
    "natoa", "nakupa"
};
/// Of another time, of other people, a list price, a fine, or only asked for.
pub(crate) const NOISE: &[&str] = phrases! {
    "last year*", "last season*", "last month", "last time", "last week", "last harvest", "quotation",
    "first quote", "first offer", "initial", "first price", "starting price", "last term", "last order",
    "previously", "borrowed", "alikopa", "nilikopa", "ulikopa", "last contract", "previous*", "mwaka jana",
    "msimu uliopita", "mwezi uliopita", "wiki iliyopita", "mwaka uliopita", "jana", "juzi", "ya zamani",
    "za zamani", "used to", "yesterday", "others", "other people", "other shop*", "other buyer*",
    "other trader*", "other side", "another buyer", "another shop", "another trader", "another company",
    "another driver", "other company", "somebody", "someone", "neighbour*", "jirani*", "majirani",
    "wengine", "mwingine", "wenzako", "wenzangu", "elsewhere", "broker*", "dalali*", "board pays",
    "railway", "competitor*", "market price", "sokoni ni", "in town", "mtu mwingine", "mjini", "kwingine",
    "rival", "my brother", "my cousin", "co op pays", "government price", "listed", "list price",
    "normal price", "usual price", "bei ya kawaida", "kawaida", "catalogue", "recommended", "sticker",
    "tag price", "normally", "usually", "fine of", "fine is", "fine ni", "faini", "penalty", "commission",
    "collateral", "dhamana", "kamisheni", "insurance", "cess", "fee ya broker", "tulianza na", "tulianza",
    "we started at", "started at", "earlier", "at first", "ulisema mwanzo", "before it was", "ilikuwa",
    "zilikuwa", "yalikuwa", "originally", "in place of", "down from", "at most", "ceiling", "budget",
    "maximum", "not more than", "isizidi", "bajeti", "you told my", "aliniambia", "walisema", "was quoted",
    "quoted", "plate is", "plate", "registration", "*lianza na", "*lianzia", "began at", "begun at",
    "opened at", "order number", "member number", "reference", "ref", "invoice number", "number is",
    "namba", "nambari", "paybill", "till number", "account", "file number", "gate", "room", "plot",
    "receipt number", "lot number", "serial", "cheaper", "supermarket", "hulipa", "hununua", "wananunua"
};
/// Only wished for. Of a quantity they are polite words for what is wanted now.
pub(crate) const WISHED: &[&str] = phrases! {
    "had asked", "first asked", "asked for", "you asked", "i asked", "had wanted", "i wanted", "wanted",
    "i thought", "nilidhani", "*meomba", "nilikuwa nimesema", "alikuwa anataka", "ulikuwa unataka",
    "alitaka", "nilitaka", "walitaka", "had said", "asked me for", "aliomba"
};
/// The same, behind the figure.
pub(crate) const NOISE_BEHIND: &[&str] = phrases! {
    "that one was", "was last *", "was for last *", "last year", "last season", "was before", "ilikuwa",
    "ya mwaka jana", "ni bei ya mtu mwingine", "was the old", "ni ya mtu mwingine", "was the other",
    "was their", "mwaka jana", "is what others", "is the list price", "alisema mwingine", "as the broker",
    "were also discussed", "was also discussed", "discussed", "was dropped", "were dropped",
    "was cancelled", "kwa jirani", "ya msimu uliopita", "elsewhere", "in town", "mjini",
    "was the first offer", "penalty", "last month"
};
/// The end of the reach of noise before a figure.
pub(crate) const TURNS: &[&str] = phrases! {
    "but", "lakini", "now", "sasa", "so", "basi", "however", "tumepatana", "tukakubaliana", "tumekubaliana",
    "we agreed", "ila", "agreed", "settled"
};
/// What may open a refusal.
pub(crate) const REFUSALS: &[&str] = phrases! {
    "no", "hapana", "siwezi", "haiwezekani", "haiwezi", "i cannot", "i can't", "cannot", "aah hapana",
    "not possible", "that is too low", "too low", "sorry no", "la", "impossible", "aka", "hiyo siwezi",
    "hiyo haiwezekani", "nope", "sorry i cannot"
};
/// What opens like a refusal and is none.
pub(crate) const NO_REFUSALS: &[&str] = phrases! {
    "no problem", "no worry", "no worries", "hapana shida", "hapana tatizo", "no issue", "no objection",
    "no need", "no matter"
};
/// Times of day behind an hour.
pub(crate) const CLOCK: &[&str] = phrases! {
    "am", "pm", "a m", "p m", "o'clock", "in the morning", "in the evening", "in the afternoon", "asubuhi",
    "jioni", "usiku", "mchana", "alfajiri", "sharp", "at night"
};
/// Who is counted and not sold.
pub(crate) const PEOPLE: &[&str] = phrases! {
    "guards", "guard", "people", "members", "watu", "wanachama", "wasaidizi", "workers", "men", "women",
    "drivers", "boys", "helpers", "farmers", "years", "year", "miles", "kilometres", "km", "inches", "feet",
    "times", "walinzi", "students", "children", "guests", "vijana", "wafanyakazi", "shops", "others",
    "mashahidi", "witnesses", "rooms", "rounds", "loaders", "masons", "wageni", "wanafunzi", "farms",
    "trainees", "mara", "minutes", "dakika"
};
