//! The words of the menu, in English and Swahili, all of the GSM 03.38 basic set.

use crate::agreement::Status;
use crate::command::Language;

/// Longest word for a fault, in characters; screens keep that much room.
pub(super) const FAULT_CHARS_MAX: usize = 24;

pub(super) struct Words {
    pub(super) top: &'static str,
    pub(super) my_contracts: &'static str,
    pub(super) which_to_confirm: &'static str,
    pub(super) which_to_reject: &'static str,
    pub(super) none: &'static str,
    pub(super) none_waiting: &'static str,
    pub(super) more: &'static str,
    pub(super) back: &'static str,
    pub(super) code_to_confirm: &'static str,
    pub(super) code_to_reject: &'static str,
    pub(super) what: &'static str,
    pub(super) wrong_code: &'static str,
    pub(super) no_more_codes: &'static str,
    pub(super) confirmed: &'static str,
    pub(super) confirmed_by_all: &'static str,
    pub(super) rejected: &'static str,
    pub(super) answered_before: &'static str,
    pub(super) over: &'static str,
    pub(super) by_text: &'static str,
    pub(super) later: &'static str,
    pub(super) gone: &'static str,
    pub(super) too_long: &'static str,
}

const ENGLISH: Words = Words {
    top: "Ahadi\n1. My contracts\n2. Confirm\n3. Reject\n5. Kiswahili",
    my_contracts: "My contracts",
    which_to_confirm: "Confirm which?",
    which_to_reject: "Reject which?",
    none: "You have no contracts.",
    none_waiting: "No contract waits for your answer.",
    more: "00. More",
    back: "0. Back",
    code_to_confirm: "To CONFIRM, enter the 4 digits we sent you by SMS.",
    code_to_reject: "To REJECT, enter the 4 digits we sent you by SMS.",
    what: "Not on the list.",
    wrong_code: "Wrong code. Try again.",
    no_more_codes: "Too many wrong codes. Ask for a new contract message.",
    confirmed: "you have confirmed. The others have not all answered yet.",
    confirmed_by_all: "confirmed by everybody.",
    rejected: "you have rejected it.",
    answered_before: "you answered this contract before; that answer stands.",
    over: "this contract can no longer be answered.",
    by_text: "new terms wait. Answer them by the SMS we sent you.",
    later: "we have your answer and will record it shortly.",
    gone: "This contract is not yours.",
    too_long: "Please dial again.",
};

const SWAHILI: Words = Words {
    top: "Ahadi\n1. Mikataba yangu\n2. Thibitisha\n3. Kataa\n5. English",
    my_contracts: "Mikataba yangu",
    which_to_confirm: "Thibitisha upi?",
    which_to_reject: "Kataa upi?",
    none: "Huna mikataba.",
    none_waiting: "Hakuna mkataba unaosubiri jibu lako.",
    more: "00. Zaidi",
    back: "0. Rudi",
    code_to_confirm: "KUTHIBITISHA, weka tarakimu 4 tulizokutumia kwa SMS.",
    code_to_reject: "KUKATAA, weka tarakimu 4 tulizokutumia kwa SMS.",
    what: "Haipo kwenye orodha.",
    wrong_code: "Namba si sahihi. Rudia.",
    no_more_codes: "Namba zisizo sahihi ni nyingi mno. Omba ujumbe mpya wa mkataba.",
    confirmed: "umethibitisha. Wengine bado hawajajibu wote.",
    confirmed_by_all: "umethibitishwa na wote.",
    rejected: "umekataa.",
    answered_before: "ulishajibu mkataba huu; jibu hilo linabaki.",
    over: "mkataba huu hauwezi tena kujibiwa.",
    by_text: "masharti mapya yanasubiri. Yajibu kwa SMS tuliyokutumia.",
    later: "tumepokea jibu lako na tutaliandika hivi punde.",
    gone: "Mkataba huu si wako.",
    too_long: "Tafadhali piga tena.",
};

pub(super) fn of(language: Language) -> &'static Words {
    match language {
        Language::En => &ENGLISH,
        Language::Sw => &SWAHILI,
    }
}

/// The word for where a contract stands.
pub(super) fn status(language: Language, status: Status) -> &'static str {
    match (language, status) {
        (Language::En, status) => status.as_str(),
        (Language::Sw, Status::Pending) => "unasubiri",
        (Language::Sw, Status::Confirmed) => "umethibitishwa",
        (Language::Sw, Status::Active) => "unaendelea",
        (Language::Sw, Status::Disputed) => "una mgogoro",
        (Language::Sw, Status::Completed) => "umekamilika",
        (Language::Sw, Status::Rejected) => "umekataliwa",
        (Language::Sw, Status::Expired) => "muda umeisha",
        (Language::Sw, Status::Cancelled) => "umefutwa",
    }
}
