//! What we say ourselves, in English, Swahili or both.

use contract::command::Language;
use serde::Deserialize;

use super::spoken;
use crate::script::Speech;

/// In which language we speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    /// English.
    En,
    /// Swahili.
    Sw,
    /// One after the other.
    #[default]
    Both,
}

/// A sentence in both languages.
struct Pair(&'static str, &'static str);

const NOTICE: Pair = Pair(
    "This call is recorded. Press 1 to agree, or 2 to refuse.",
    "Simu hii inarekodiwa. Bonyeza 1 kukubali, au 2 kukataa.",
);
const REFUSED: Pair = Pair(
    "You did not agree to being recorded, so we cannot go on. Goodbye.",
    "Hukukubali kurekodiwa, kwa hivyo hatuwezi kuendelea. Kwaheri.",
);
const NO_ANSWER: Pair = Pair("We heard no answer. Goodbye.", "Hatukupata jibu. Kwaheri.");
const FAILURE: Pair = Pair(
    "We are sorry, we cannot take your call now. Please try again later. Goodbye.",
    "Samahani, hatuwezi kupokea simu yako sasa. Tafadhali jaribu tena baadaye. Kwaheri.",
);
const FULL: Pair = Pair(
    "The conference is full. Please call again later. Goodbye.",
    "Mkutano umejaa. Tafadhali piga tena baadaye. Kwaheri.",
);
const NOTHING_WAITS: Pair =
    Pair("No contract waits for your answer.", "Hakuna mkataba unaosubiri jibu lako.");
const CONFIRMED: Pair = Pair("Thank you. You have confirmed.", "Asante. Umethibitisha.");
const REJECTED: Pair = Pair("You have refused this contract.", "Umekataa mkataba huu.");
const WRONG_CODE: Pair = Pair("That code is not right.", "Namba hiyo si sahihi.");
const TAKEN: Pair = Pair(
    "We have your answer and will record it shortly.",
    "Tumepokea jibu lako na tutaliandika hivi punde.",
);
const NOT_POSSIBLE: Pair =
    Pair("This contract can no longer be answered.", "Mkataba huu hauwezi tena kujibiwa.");
const AWAY: Pair = Pair(
    "We cannot look up your contracts now. You can answer by SMS.",
    "Hatuwezi kuona mikataba yako sasa. Unaweza kujibu kwa SMS.",
);

impl Tongue {
    fn speak(self, pair: &Pair) -> Speech {
        match self {
            Tongue::En => spoken(pair.0),
            Tongue::Sw => spoken(pair.1),
            Tongue::Both => spoken(&format!("{} {}", pair.0, pair.1)),
        }
    }

    /// That the call is recorded, and how to agree.
    pub fn notice(self) -> Speech {
        self.speak(&NOTICE)
    }

    /// That it cannot go on without being recorded.
    pub fn refused(self) -> Speech {
        self.speak(&REFUSED)
    }

    /// That nothing was pressed.
    pub fn no_answer(self) -> Speech {
        self.speak(&NO_ANSWER)
    }

    /// That the call cannot be taken.
    pub fn failure(self) -> Speech {
        self.speak(&FAILURE)
    }

    /// That there is no place left in the conference.
    pub fn full(self) -> Speech {
        self.speak(&FULL)
    }

    /// That the person has nothing to answer.
    pub fn nothing_waits(self) -> Speech {
        self.speak(&NOTHING_WAITS)
    }

    /// That a contract was confirmed.
    pub fn confirmed(self) -> Speech {
        self.speak(&CONFIRMED)
    }

    /// That it was refused.
    pub fn rejected(self) -> Speech {
        self.speak(&REJECTED)
    }

    /// That the code is wrong.
    pub fn wrong_code(self) -> Speech {
        self.speak(&WRONG_CODE)
    }

    /// That the answer is kept, whatever comes of it.
    pub fn taken(self) -> Speech {
        self.speak(&TAKEN)
    }

    /// That the contract cannot be answered any more.
    pub fn not_possible(self) -> Speech {
        self.speak(&NOT_POSSIBLE)
    }

    /// That nothing can be looked up.
    pub fn away(self) -> Speech {
        self.speak(&AWAY)
    }
}

pub(super) fn read_back(language: Language, agreed_text: &str, is_new: bool) -> Speech {
    let start = match (is_new, language) {
        (false, _) => "",
        (true, Language::En) => "New terms are proposed.\n",
        (true, Language::Sw) => "Masharti mapya yamependekezwa.\n",
    };
    let end = match (is_new, language) {
        (false, Language::En) => {
            "To confirm, press 1 and then the four digits we sent you. To refuse, press 2 and then the four digits."
        }
        (true, Language::En) => {
            "To confirm, press 1 and then the four digits of our newest message. To refuse, press 2 and then the four digits."
        }
        (false, Language::Sw) => {
            "Kuthibitisha, bonyeza 1 kisha tarakimu nne tulizokutumia. Kukataa, bonyeza 2 kisha tarakimu nne."
        }
        (true, Language::Sw) => {
            "Kuthibitisha, bonyeza 1 kisha tarakimu nne za ujumbe wetu mpya. Kukataa, bonyeza 2 kisha tarakimu nne."
        }
    };
    // The end is what the person has to know: the text before it gives way.
    let room = super::READ_BACK_CHARS_MAX - start.chars().count() - end.chars().count() - 1;
    let agreed: String = agreed_text.chars().take(room).collect();
    spoken(&format!("{start}{agreed}\n{end}"))
}
