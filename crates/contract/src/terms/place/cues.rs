//! Words before the name of a place, and capitals that name none.

/// Handing over and carrying.
pub(super) const HANDING: &[&str] = phrases! {
    "deliver*", "bring*", "*leta*", "*lete*", "*peleka*", "*peleke*", "*fuata*", "fetch*", "drop",
    "have them", "want them", "*fik*", "handover", "hand over", "collect*", "pick*", "*chuku*", "reach*",
    "arriv*", "drop*", "come", "offload*", "take*", "*beba*", "*kuja*", "naja", "uje", "njoo", "receive",
    "*pokea*", "transport*", "move*", "*hamisha*", "get it to", "get them to", "send*", "*shush*", "supply",
    "mzigo", "*safirish*"
};
/// Right before the name, with the weight each lends.
pub(super) const CUES: &[(&[&str], i32)] = &[
    (&["to", "hadi", "mpaka", "kwenda", "kuelekea", "up to", "as far as", "going to"], 4),
    (
        phrases! {
            "at", "in", "pale", "huko", "near", "kule", "hapa", "outside", "karibu na", "katika", "mjini",
            "inside", "around", "into", "is at"
        },
        3,
    ),
    (
        phrases! {
            "*leta", "*letea", "*lete", "*fuata", "*pelekee", "*leteni", "*peleka", "*pelekea", "*fike",
            "*fikisha", "*fikishe", "*tafika", "deliver", "delivery", "delivered", "kuchukua", "*chukua",
            "reach", "uje", "njoo", "naja", "nije", "*wasili", "destination", "*shusha", "yetu", "yako",
            "yangu", "*fikia", "kwetu", "*leteeni", "delivery ni", "fika", "*kuta", "shambani", "drop",
            "uilete", "kwangu"
        },
        4,
    ),
    (&["for", "ya", "za", "la", "kwa", "via", "through", "by"], 0),
    (
        phrases! {
            "from", "kutoka", "toka", "ex", "past", "leaving", "za kutoka", "loading at", "load at",
            "pick up at", "picked at", "loading in", "load in", "*pakia"
        },
        -9,
    ),
    (
        phrases! {
            "mr", "mrs", "ms", "bwana", "bi", "mama", "mzee", "baba", "mister", "madam", "dr", "doctor",
            "daktari", "is that", "this is", "mimi", "with", "of", "hello", "haloo", "hallo", "sasa",
            "thank you", "asante", "chief", "boss", "dear", "ndugu", "mwalimu", "fundi", "kaka", "dada",
            "said", "niaje", "hi", "jambo", "habari", "between", "na", "and", "road", "uncle", "pastor",
            "captain"
        },
        -3,
    ),
];
/// Between the cue and the name: "at our yard in", "to my mill at".
pub(super) const SKIPPED: &[&str] = phrases! {
    "the", "my", "our", "your", "his", "her", "their", "its", "same", "main", "new", "old", "soko", "kituo",
    "mji", "town", "a"
};
/// Capitals that name no place.
pub(super) const NO_PLACE: &[&str] = phrases! {
    "i", "kes", "ksh", "kenya", "kenyan", "tanzania", "tanzanian", "uganda", "ugandan", "rwandan", "us",
    "ok", "okay", "m", "pesa", "mpesa", "english", "swahili", "somali", "dap", "npk", "aa", "probox",
    "fuso", "canter", "isuzu", "ndiyo", "sawa", "hapana", "yes", "no", "saa", "sacco", "chama", "easter",
    "christmas", "krismasi", "pasaka", "eid", "idd", "ramadhan", "gate", "mzee", "mama", "bwana", "bi",
    "latest", "cash", "mola", "mungu", "god", "inshallah", "airtel", "safaricom", "whatsapp", "hours",
    "friesian", "hass", "galla", "boran", "rhodes", "dorper", "boss", "lakini", "na", "basi", "haya"
};
