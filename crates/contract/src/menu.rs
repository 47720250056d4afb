//! The USSD menu of a party: its contracts, confirming, rejecting, the language.
//!
//! Nothing is remembered between two steps: a session sends everything typed so far, parted by `*`, and the menu is
//! walked anew each time. So any process can answer any step. What is typed is only ever a choice or a code, never free
//! text, and so a `*` parts and never stands for itself. A choice that is not on the screen shows the same screen again.
//!
//! ```text
//!  1*2        my contracts, the second        a contract's number is its place among all the person ever had: what is
//!  2*1*4821   confirm, the first, its code    drafted or answered meanwhile shifts nothing
//!  5*2        the other language, confirm
//! ```

mod words;

use ledger::time::Timestamp;

use crate::agreement::{Agreement, Status, WRONG_CODES_MAX};
use crate::command::{Answer, Language};
use crate::fact::{Will, Wish};
use crate::text;

/// Most characters of one screen, all of the GSM 03.38 basic set. Networks cut longer ones.
pub const SCREEN_CHARS_MAX: usize = 182;
/// Most of what is agreed that is shown in a line of a list.
const LINE_CHARS_MAX: usize = 34;
/// Most steps walked; nobody types more within the three minutes a session lasts.
const CHOICES_MAX: usize = 60;

/// One contract of the person, and which of its parties the person is.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its place among all contracts of the person, in the order they were drafted, from 1.
    pub number: usize,
    /// `AGRI-2026-000001`.
    pub contract_id: &'a str,
    /// Its state.
    pub agreement: &'a Agreement,
    /// 0-based.
    pub party: usize,
}

impl Known<'_> {
    /// Whether new terms for it wait for an answer. They need more words than a screen has: they are answered by text, and
    /// here nobody shall agree to them while reading the old ones.
    fn has_new_terms(&self) -> bool {
        self.agreement.proposal.is_some()
    }
}

/// What the menu is about.
#[derive(Clone, Copy, Debug)]
pub struct Menu<'a> {
    /// The contracts of the person, in the order they are listed.
    pub contracts: &'a [Known<'a>],
    /// The language at first.
    pub language: Language,
    /// Now.
    pub now: Timestamp,
    /// Whether what was agreed may be shown: not to a sender that proved nothing.
    pub shows_terms: bool,
}

/// What comes of what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A screen is shown.
    Show(Screen),
    /// Something is to be done; what is shown then is [`Menu::done`].
    Do(Deed),
}

/// What a person typed a code for. `Debug` hides the code.
#[derive(Clone, PartialEq, Eq)]
pub struct Deed {
    /// What it wants.
    pub wish: Wish,
    /// The code.
    pub code: String,
    /// The language it reads.
    pub language: Language,
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Deed({:?})", self.wish)
    }
}

/// A screen: at most [`SCREEN_CHARS_MAX`] characters that every phone can show. `Debug` hides the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Screen {
    /// What is read.
    pub text: String,
    /// Whether the session ends with it.
    pub ends: bool,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Screen({} characters, ends: {})", self.text.chars().count(), self.ends)
    }
}

/// What a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Look,
    Confirm,
    Reject,
}

/// Where in the menu somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Top,
    List { purpose: Purpose, page: usize },
    Detail { number: usize },
    Code { purpose: Purpose, number: usize },
}

/// Why a screen is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Choice,
    Code,
}

impl Menu<'_> {
    /// Walks what was typed, and says what comes of it.
    pub fn step(&self, typed: &str) -> Step {
        let mut walk = Walk { menu: self, language: self.language, place: Place::Top, fault: Fault::None };
        let choices: Vec<&str> = match typed.trim() {
            "" => Vec::new(),
            typed => typed.split('*').map(str::trim).collect(),
        };
        if choices.len() > CHOICES_MAX {
            return Step::Show(end(words::of(self.language).too_long));
        }
        for (index, choice) in choices.iter().enumerate() {
            let last = index + 1 == choices.len();
            if let Some(deed) = walk.choose(choice, last) {
                return Step::Do(deed);
            }
        }
        Step::Show(walk.screen())
    }

    /// What is shown when a deed was tried. `now` is the contract as it stands after it, none where that is not known yet.
    pub fn done(deed: &Deed, now: Option<Known<'_>>) -> Screen {
        let words = words::of(deed.language);
        let Will::Answer(wanted) = deed.wish.will;
        let Some(known) = now else { return end(&format!("{}: {}", deed.wish.contract_id, words.later)) };
        let Some(party) = known.agreement.parties.get(known.party) else { return end(words.gone) };
        let id = known.contract_id;
        match &party.answer {
            Some(given) if given.answer == wanted => end(&match (wanted, known.agreement.status) {
                (Answer::Yes, Status::Confirmed) => format!("{id}: {}", words.confirmed_by_all),
                (Answer::Yes, _) => format!("{id}: {}", words.confirmed),
                (Answer::No, _) => format!("{id}: {}", words.rejected),
            }),
            Some(_) => end(&format!("{id}: {}", words.answered_before)),
            None if known.agreement.status != Status::Pending => end(&format!("{id}: {}", words.over)),
            None if party.wrong_codes >= WRONG_CODES_MAX => end(&format!("{id}: {}", words.no_more_codes)),
            None => Screen { text: fit(&format!("{id}: {}\n{}", words.wrong_code, words.back)), ends: false },
        }
    }

    fn at(&self, number: usize) -> Option<&Known<'_>> {
        self.contracts.iter().find(|known| known.number == number)
    }

    /// The contracts a list holds.
    fn listed(&self, purpose: Purpose) -> impl Iterator<Item = &Known<'_>> + '_ {
        let holds = move |known: &Known<'_>| match purpose {
            Purpose::Look => true,
            Purpose::Confirm | Purpose::Reject => {
                !known.has_new_terms() && known.agreement.waits_for(known.party, self.now)
            }
        };
        self.contracts.iter().filter(move |known| holds(known))
    }

    /// What was agreed, in a line.
    fn summary(&self, known: &Known<'_>) -> String {
        if !self.shows_terms {
            return String::new();
        }
        let term = |name| known.agreement.term(name);
        let goods = [term("product"), term("quantity"), term("unit")].into_iter().flatten();
        let goods: Vec<String> = goods.collect();
        let price = [term("currency"), term("total_amount")].into_iter().flatten().collect::<Vec<_>>();
        let price = if price.len() == 2 { format!(" = {}", price.join(" ")) } else { String::new() };
        format!("{}{price}", goods.join(" ")).trim().to_owned()
    }
}

/// One walk through the menu.
struct Walk<'m> {
    menu: &'m Menu<'m>,
    language: Language,
    place: Place,
    fault: Fault,
}

impl Walk<'_> {
    /// Takes one choice. A code that is not the last thing typed was tried in its own step, and was wrong: else the
    /// session would have ended there.
    fn choose(&mut self, choice: &str, last: bool) -> Option<Deed> {
        self.fault = Fault::None;
        let next = match (self.place, choice) {
            (Place::Top, "1") => Some(Place::List { purpose: Purpose::Look, page: 0 }),
            (Place::Top, "2") => Some(Place::List { purpose: Purpose::Confirm, page: 0 }),
            (Place::Top, "3") => Some(Place::List { purpose: Purpose::Reject, page: 0 }),
            (Place::Top, "5") => {
                self.language = other(self.language);
                Some(Place::Top)
            }
            (Place::Top, _) => None,
            (Place::Detail { .. }, "0") => Some(Place::List { purpose: Purpose::Look, page: 0 }),
            (_, "0") => Some(Place::Top),
            (Place::List { purpose, page }, "00") => Some(Place::List { purpose, page: page + 1 }),
            (Place::List { purpose, .. }, number) => self.picked(purpose, number),
            (Place::Detail { .. }, _) => None,
            (Place::Code { purpose, number }, code) => return self.code(purpose, number, code, last),
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
        })
    }

    fn code(&mut self, purpose: Purpose, number: usize, code: &str, last: bool) -> Option<Deed> {
        if code.len() != 4 || !code.bytes().all(|b| b.is_ascii_digit()) {
            self.fault = Fault::Choice;
            return None;
        }
        let known = self.menu.at(number).filter(|known| !known.has_new_terms())?;
        self.fault = Fault::Code;
        let answer = if purpose == Purpose::Confirm { Answer::Yes } else { Answer::No };
        let wish = Wish { contract_id: known.contract_id.to_owned(), will: Will::Answer(answer) };
        last.then(|| Deed { wish, code: code.to_owned(), language: self.language })
    }

    fn screen(&self) -> Screen {
        let words = words::of(self.language);
        let text = match self.place {
            Place::Top => words.top.to_owned(),
            Place::List { purpose, page } => self.list(purpose, page),
            Place::Detail { number } => self.detail(number),
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
        let summary = self.menu.summary(known);
        let name = if summary.is_empty() { known.contract_id.to_owned() } else { summary };
        let name = text::shorten(&name, LINE_CHARS_MAX);
        match purpose {
            Purpose::Look => format!("{number}. {name}: {}", self.status(known)),
            Purpose::Confirm | Purpose::Reject => format!("{number}. {name}"),
        }
    }

    fn status(&self, known: &Known<'_>) -> &'static str {
        words::status(self.language, known.agreement.status)
    }

    fn detail(&self, number: usize) -> String {
        let words = words::of(self.language);
        let Some(known) = self.menu.at(number) else { return words.back.to_owned() };
        let end = format!("{}\n{}", self.status(known), words.back);
        self.about(known, &end)
    }

    fn ask_code(&self, purpose: Purpose, number: usize) -> String {
        let words = words::of(self.language);
        let Some(known) = self.menu.at(number) else { return words.back.to_owned() };
        if known.has_new_terms() {
            return format!("{}: {}\n{}", known.contract_id, words.by_text, words.back);
        }
        if !known.agreement.waits_for(known.party, self.menu.now) {
            return format!("{}: {}\n{}", known.contract_id, words.over, words.back);
        }
        let ask = if purpose == Purpose::Confirm { words.code_to_confirm } else { words.code_to_reject };
        self.about(known, &format!("{ask}\n{}", words.back))
    }

    /// Number and terms of a contract, the terms cut so that the end fits behind them.
    fn about(&self, known: &Known<'_>, end: &str) -> String {
        let summary = self.menu.summary(known);
        // A fault may stand before all of this.
        let fixed = known.contract_id.chars().count() + end.chars().count() + 2 + words::FAULT_CHARS_MAX + 1;
        let room = SCREEN_CHARS_MAX.saturating_sub(fixed);
        match text::shorten(&summary, room).trim() {
            "" => format!("{}\n{end}", known.contract_id),
            summary => format!("{}\n{summary}\n{end}", known.contract_id),
        }
    }
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

fn end(text: &str) -> Screen {
    Screen { text: fit(text), ends: true }
}

/// The last guard of the limit; the screens above keep it by themselves.
fn fit(text: &str) -> String {
    text::shorten(&text::gsm7(text), SCREEN_CHARS_MAX)
}

fn other(language: Language) -> Language {
    match language {
        Language::En => Language::Sw,
        Language::Sw => Language::En,
    }
}
