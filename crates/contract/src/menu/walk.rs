//! One walk through the menu: what each thing typed leads to, and the screen at its end.

use super::{Deed, Fault, Known, Menu, Place, Purpose, SCREEN_CHARS_MAX, Screen, fit, words};
use crate::command::{Answer, Language};
use crate::fact::{Will, Wish};
use crate::text;

/// Most of what is agreed that is shown in a line of a list.
const LINE_CHARS_MAX: usize = 34;
/// Longest problem in own words, in bytes; as much as the interface takes.
const REASON_BYTES_MAX: usize = 2_000;

/// One walk through the menu.
pub(super) struct Walk<'m> {
    menu: &'m Menu<'m>,
    language: Language,
    place: Place,
    fault: Fault,
    complaint: Complaint,
}

/// What is wrong, as far as it was said.
#[derive(Default)]
struct Complaint {
    words: String,
    /// In own words, to which more may come.
    is_own: bool,
}

impl<'m> Walk<'m> {
    /// Begins at the top.
    pub(super) fn new(menu: &'m Menu<'m>) -> Walk<'m> {
        let (place, fault) = (Place::Top, Fault::None);
        Walk { menu, language: menu.language, place, fault, complaint: Complaint::default() }
    }

    /// Takes one choice. A code that is not the last thing typed was tried in its own step, and was wrong: else the
    /// session would have ended there.
    pub(super) fn choose(&mut self, typed: &str, last: bool) -> Option<Deed> {
        self.fault = Fault::None;
        let choice = typed.trim();
        let next = match (self.place, choice) {
            (Place::Top, "1") => Some(Place::List { purpose: Purpose::Look, page: 0 }),
            (Place::Top, "2") => Some(Place::List { purpose: Purpose::Confirm, page: 0 }),
            (Place::Top, "3") => Some(Place::List { purpose: Purpose::Reject, page: 0 }),
            (Place::Top, "4") => Some(Place::List { purpose: Purpose::Problem, page: 0 }),
            (Place::Top, "5") => {
                self.language = other(self.language);
                Some(Place::Top)
            }
            (Place::Top, _) => None,
            (Place::Detail { .. }, "0") => Some(Place::List { purpose: Purpose::Look, page: 0 }),
            (Place::Words { number }, "0") => Some(Place::Kind { number }),
            (_, "0") => Some(Place::Top),
            (Place::List { purpose, page }, "00") => Some(Place::List { purpose, page: page + 1 }),
            (Place::List { purpose, .. }, number) => self.picked(purpose, number),
            (Place::Detail { .. }, _) => None,
            (Place::Kind { number }, kind) => self.kind(number, kind),
            (Place::Words { number }, _) => self.say(number, typed),
            (Place::Code { purpose, number }, code) if is_code(code) => {
                return self.code(purpose, number, code, last);
            }
            (Place::Code { purpose: Purpose::Problem, number }, _) => self.say_more(number, typed),
            (Place::Code { .. }, _) => None,
        };
        match next {
            Some(place) => self.place = place,
            None => self.fault = Fault::Choice,
        }
        None
    }

    fn picked(&self, purpose: Purpose, number: &str) -> Option<Place> {
        let number: usize = number.parse().ok()?;
        self.menu.at(number)?;
        Some(match purpose {
            Purpose::Look => Place::Detail { number },
            // What is not listed can be picked all the same: it says what became of it.
            Purpose::Confirm | Purpose::Reject => Place::Code { purpose, number },
            Purpose::Problem => Place::Kind { number },
        })
    }

    /// Which kind of problem. Where none can be reported the screens say so, and the walk goes on all the same: a step that
    /// the network sends again leads where it led before the report was recorded.
    fn kind(&mut self, number: usize, kind: &str) -> Option<Place> {
        let kind: usize = kind.parse().ok()?;
        let kinds = words::of(self.language).problems;
        if kind == kinds.len() + 1 {
            return Some(Place::Words { number });
        }
        let words = kinds.get(kind.checked_sub(1)?)?;
        self.complaint = Complaint { words: (*words).to_owned(), is_own: false };
        Some(Place::Code { purpose: Purpose::Problem, number })
    }

    fn say(&mut self, number: usize, typed: &str) -> Option<Place> {
        let is_said = !typed.trim().is_empty() && typed.len() <= REASON_BYTES_MAX;
        is_said.then(|| {
            self.complaint = Complaint { words: typed.to_owned(), is_own: true };
            Place::Code { purpose: Purpose::Problem, number }
        })
    }

    /// Behind a star that was typed in own words.
    fn say_more(&mut self, number: usize, typed: &str) -> Option<Place> {
        let words = format!("{}*{typed}", self.complaint.words);
        if !self.complaint.is_own || words.len() > REASON_BYTES_MAX {
            return None;
        }
        self.complaint.words = words;
        Some(Place::Code { purpose: Purpose::Problem, number })
    }

    fn code(&mut self, purpose: Purpose, number: usize, code: &str, last: bool) -> Option<Deed> {
        let known = self.menu.at(number)?;
        self.fault = Fault::Code;
        // What follows a code that was tried is another code, and no longer a word.
        self.complaint.is_own = false;
        let will = match purpose {
            Purpose::Problem => Will::Dispute,
            Purpose::Reject => Will::Answer(Answer::No),
            Purpose::Confirm | Purpose::Look => Will::Answer(Answer::Yes),
        };
        let wish = Wish { contract_id: known.contract_id.to_owned(), will };
        let reason = (will == Will::Dispute).then(|| self.complaint.words.trim().to_owned());
        last.then(|| Deed { wish, code: code.to_owned(), reason, language: self.language })
    }

    /// What is to be read where the walk stands.
    pub(super) fn screen(&self) -> Screen {
        let words = words::of(self.language);
        let text = match self.place {
            Place::Top => words.top.to_owned(),
            Place::List { purpose, page } => self.list(purpose, page),
            Place::Detail { number } => self.detail(number),
            Place::Kind { number } => self.ask_kind(number),
            Place::Words { number } => self.ask_words(number),
            Place::Code { purpose, number } => self.ask_code(purpose, number),
        };
        let fault = match self.fault {
            Fault::None => "",
            Fault::Choice => words.what,
            Fault::Code => words.wrong_code,
        };
        let text = if fault.is_empty() { text } else { format!("{fault}\n{text}") };
        Screen { text: fit(&text), ends: false }
    }

    fn list(&self, purpose: Purpose, page: usize) -> String {
        let words = words::of(self.language);
        let (title, none) = match purpose {
            Purpose::Look => (words.my_contracts, words.none),
            Purpose::Confirm => (words.which_to_confirm, words.none_waiting),
            Purpose::Reject => (words.which_to_reject, words.none_waiting),
            Purpose::Problem => (words.problem_with_which, words.no_problem_possible),
        };
        let lines: Vec<String> = self.menu.listed(purpose).map(|known| self.line(purpose, known)).collect();
        if lines.is_empty() {
            return format!("{none}\n{}", words.back);
        }
        let pages = paged(&lines, title, words);
        // Behind the last page comes the first.
        let shown = &pages[page % pages.len()];
        let more = if pages.len() > 1 { format!("{}\n", words.more) } else { String::new() };
        format!("{title}\n{}\n{more}{}", shown.join("\n"), words.back)
    }

    fn line(&self, purpose: Purpose, known: &Known<'_>) -> String {
        let number = known.number;
        let summary = self.menu.summary(purpose, known);
        let name = if summary.is_empty() { known.contract_id.to_owned() } else { summary };
        let name = text::shorten(&name, LINE_CHARS_MAX);
        match purpose {
            Purpose::Look => format!("{number}. {name}: {}", self.status(known)),
            Purpose::Confirm | Purpose::Reject | Purpose::Problem => format!("{number}. {name}"),
        }
    }

    fn status(&self, known: &Known<'_>) -> &'static str {
        words::status(self.language, known.agreement.status)
    }

    fn detail(&self, number: usize) -> String {
        let words = words::of(self.language);
        let Some(known) = self.menu.at(number) else { return words.back.to_owned() };
        let new_terms =
            known.agreement.proposal.is_some() && known.agreement.waits_for(known.party, self.menu.now);
        let new_terms = if new_terms { format!("\n{}", words.new_terms) } else { String::new() };
        let end = format!("{}{new_terms}\n{}", self.status(known), words.back);
        self.about(Purpose::Look, known, &end)
    }

    fn ask_kind(&self, number: usize) -> String {
        let words = words::of(self.language);
        let Some(known) = self.menu.at(number) else { return words.back.to_owned() };
        if !known.can_complain() {
            return self.no_complaint(known);
        }
        let kinds = words.problems.iter().chain([&words.own_words]).zip(1..);
        let kinds: Vec<String> = kinds.map(|(kind, number)| format!("{number}. {kind}")).collect();
        format!("{}\n{}\n{}\n{}", known.contract_id, words.what_is_wrong, kinds.join("\n"), words.back)
    }

    fn ask_words(&self, number: usize) -> String {
        let words = words::of(self.language);
        let Some(known) = self.menu.at(number) else { return words.back.to_owned() };
        if !known.can_complain() {
            return self.no_complaint(known);
        }
        format!("{}\n{}\n{}", known.contract_id, words.say_what_is_wrong, words.back)
    }

    /// Why no problem can be reported.
    fn no_complaint(&self, known: &Known<'_>) -> String {
        let words = words::of(self.language);
        let why = if known.has_complained() { words.reported_before } else { words.not_in_this_state };
        format!("{} ({}): {why}\n{}", known.contract_id, self.status(known), words.back)
    }

    fn ask_code(&self, purpose: Purpose, number: usize) -> String {
        let words = words::of(self.language);
        let Some(known) = self.menu.at(number) else { return words.back.to_owned() };
        if purpose == Purpose::Problem {
            if !known.can_complain() {
                return self.no_complaint(known);
            }
            let ask = format!("{}\n{}", words.code_to_report, words.back);
            return self.with_room(known, self.complaint.words.trim(), &ask);
        }
        if !known.agreement.waits_for(known.party, self.menu.now) {
            return format!("{}: {}\n{}", known.contract_id, words.over, words.back);
        }
        let ask = match (purpose == Purpose::Confirm, known.agreement.proposal.is_some()) {
            (true, false) => words.code_to_confirm,
            (false, false) => words.code_to_reject,
            (true, true) => words.code_to_confirm_new,
            (false, true) => words.code_to_reject_new,
        };
        self.about(purpose, known, &format!("{ask}\n{}", words.back))
    }

    /// Number and terms of a contract, the terms cut so that the end fits behind them.
    fn about(&self, purpose: Purpose, known: &Known<'_>, end: &str) -> String {
        self.with_room(known, &self.menu.summary(purpose, known), end)
    }

    /// Number of a contract, and words cut so that the end fits behind them.
    fn with_room(&self, known: &Known<'_>, middle: &str, end: &str) -> String {
        // A fault may stand before all of this.
        let fixed = known.contract_id.chars().count() + end.chars().count() + 2 + words::FAULT_CHARS_MAX + 1;
        let room = SCREEN_CHARS_MAX.saturating_sub(fixed);
        match text::shorten(middle, room).trim() {
            "" => format!("{}\n{end}", known.contract_id),
            middle => format!("{}\n{middle}\n{end}", known.contract_id),
        }
    }
}

fn is_code(typed: &str) -> bool {
    typed.len() == 4 && typed.bytes().all(|b| b.is_ascii_digit())
}

/// Lines on as many screens as they need, with room for title, ways on and a fault on each.
fn paged(lines: &[String], title: &str, words: &words::Words) -> Vec<Vec<String>> {
    let frame = [title, words.more, words.back].map(|text| text.chars().count() + 1);
    let room = SCREEN_CHARS_MAX - frame.iter().sum::<usize>() - words::FAULT_CHARS_MAX - 1;
    let mut pages: Vec<Vec<String>> = vec![Vec::new()];
    let mut used = 0;
    for line in lines {
        let length = line.chars().count() + 1;
        if used + length > room && used > 0 {
            pages.push(Vec::new());
            used = 0;
        }
        used += length;
        pages.last_mut().expect("there is a page from the start").push(line.clone());
    }
    pages
}

fn other(language: Language) -> Language {
    match language {
        Language::En => Language::Sw,
        Language::Sw => Language::En,
    }
}
