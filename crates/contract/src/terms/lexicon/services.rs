//! Kinds of work, by the words that name them in both languages.

/// A service and the words for it; the first service whose words are said most often is taken.
pub(crate) const SERVICES: &[(&str, &[&str])] = &[
    (
        "borehole drilling",
        &["borehole*", "drill*", "*chimba kisima", "*chimba visima", "kisima", "kuchimbia kisima"],
    ),
    (
        "veterinary care",
        phrases! {
            "veterinar*", "vet", "herd care", "herd health", "*chanj*", "daktari wa mifugo",
            "animal health", "deworm*", "treat* the animals", "treat* the cows", "daktari wa ng'ombe",
            "matibabu ya mifugo"
        },
    ),
    ("ploughing", &["plough*", "plow*", "*lima", "unalima", "kulima", "trekta", "kulimiwa", "*limiw*"]),
    ("harrowing", &["harrow*"]),
    (
        "planting",
        phrases! {
            "planting", "plant", "plants", "*panda mahindi", "*panda miti", "kupanda", "unapanda",
            "upandaji", "transplant*"
        },
    ),
    ("weeding", &["weed*", "*palili*", "palizi", "upaliliaji"]),
    ("spraying", &["spray*", "*nyunyizi*", "*pulizia*", "*puliza dawa", "fumigat*"]),
    (
        "harvesting",
        phrases! {
            "harvest*", "*vuna", "mavuno", "kuvunia", "uvunaji", "picking", "combine", "pluck*",
            "*chuma chai"
        },
    ),
    ("fencing", &["fence", "fencing", "fences", "uzio", "ua wa", "chain link"]),
    (
        "digging",
        phrases! {
            "digging", "dig", "trench*", "mtaro", "mitaro", "*chimba mtaro", "kuchimba", "*chimba*",
            "excavat*", "pit latrine"
        },
    ),
    (
        "guarding",
        &["guard*", "security", "watchman", "ulinzi", "mlinzi", "walinzi", "*linda", "askari", "soja"],
    ),
    ("cleaning", &["clean*", "usafi", "*safisha*", "*osha", "wash windows", "sweep*"]),
    ("painting", &["paint*", "*paka rangi", "rangi", "upakaji"]),
    (
        "masonry",
        phrases! {
            "mason*", "stonework", "brickwork", "plaster*", "uashi", "mwashi", "mawe kujenga",
            "lay* bricks", "bricklay*"
        },
    ),
    ("construction", &["construct*", "build*", "*jenga*", "ujenzi", "erect"]),
    ("plumbing", &["plumb*", "mabomba", "bomba", "pipes", "fundi bomba"]),
    ("welding", &["weld*", "*chomelea*", "*chomea*", "uchomeleaji", "grill*"]),
    ("tailoring", &["tailor*", "*shona*", "*shone*", "ushonaji", "sewing", "sew", "stitch*"]),
    (
        "catering",
        phrases! {
            "cater*", "upishi", "*pikia*", "mapishi", "cooking for", "cook for", "kupika", "cook", "mpishi"
        },
    ),
    (
        "bookkeeping",
        phrases! {
            "bookkeep*", "book keeping", "accounting", "accounts", "uhasibu", "hesabu za",
            "books of account", "ledgers"
        },
    ),
    ("training", &["train*", "mafunzo", "*fundisha*", "*funza*", "teach*"]),
    ("translation", &["translat*", "*tafsiri*", "interpret*"]),
];
