//! The USSD menu of a party: its contracts, confirming, rejecting, reporting a problem, the language.
//!
//! Nothing is remembered between two steps: a session sends everything typed so far, parted by `*`, and the menu is
//! walked anew each time. So any process can answer any step. A choice that is not on the screen shows the same screen
//! again. Only a problem can be told in own words; a `*` typed in them parts like any other, and what follows is taken to
//! them until it is a code.
//!
//! ```text
//!  1*2            my contracts, the second        a contract's number is its place among all the person ever had: what
//!  2*1*4821       confirm, the first, its code    is drafted or answered meanwhile shifts nothing
//!  4*1*2*4821     a problem with the first: the second kind of problem, the code
//!  4*1*5*wet*4821 the same in own words
//!  5*2            the other language, confirm
//! ```

mod done;
mod walk;
mod words;

use ledger::json;
use ledger::time::Timestamp;

use crate::agreement::Agreement;
use crate::command::Language;
use crate::fact::Wish;
use crate::lifecycle::{Step as LifeStep, legal};
use crate::text;
use walk::Walk;

/// Most characters of one screen, all of the GSM 03.38 basic set. Networks cut longer ones.
pub const SCREEN_CHARS_MAX: usize = 182;
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
    /// The terms that wait for an answer where new ones are proposed, else those in force.
    fn asked(&self) -> Option<&str> {
        match &self.agreement.proposal {
            Some(proposal) => proposal.document.as_deref(),
            None => self.agreement.document.as_deref(),
        }
    }

    /// Whether this party said already that the contract is not kept, and that is not settled.
    fn has_complained(&self) -> bool {
        let mut open = self.agreement.disputes.iter().filter(|dispute| dispute.ended.is_none());
        open.any(|dispute| usize::try_from(dispute.party) == Ok(self.party))
    }

    /// Whether the contract is in a state in which this party can say that it is not kept.
    fn can_complain(&self) -> bool {
        legal(self.agreement.status).contains(&LifeStep::Dispute) && !self.has_complained()
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

/// What a person typed a code for. `Debug` hides the code and the words.
#[derive(Clone, PartialEq, Eq)]
pub struct Deed {
    /// What it wants.
    pub wish: Wish,
    /// The code.
    pub code: String,
    /// What is wrong, as it was read on the screen or in own words; only of a problem.
    pub reason: Option<String>,
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
    Problem,
}

/// Where in the menu somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Top,
    List {
        purpose: Purpose,
        page: usize,
    },
    Detail {
        number: usize,
    },
    /// Which kind of problem.
    Kind {
        number: usize,
    },
    /// The problem in own words.
    Words {
        number: usize,
    },
    Code {
        purpose: Purpose,
        number: usize,
    },
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
        let mut walk = Walk::new(self);
        let choices: Vec<&str> = match typed.trim() {
            "" => Vec::new(),
            _ => typed.split('*').collect(),
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

    fn at(&self, number: usize) -> Option<&Known<'_>> {
        self.contracts.iter().find(|known| known.number == number)
    }

    /// The contracts a list holds.
    fn listed(&self, purpose: Purpose) -> impl Iterator<Item = &Known<'_>> + '_ {
        let holds = move |known: &Known<'_>| match purpose {
            Purpose::Look => true,
            Purpose::Confirm | Purpose::Reject => known.agreement.waits_for(known.party, self.now),
            Purpose::Problem => known.can_complain(),
        };
        self.contracts.iter().filter(move |known| holds(known))
    }

    /// What was agreed, or is proposed where that is what is asked about, in a line.
    fn summary(&self, purpose: Purpose, known: &Known<'_>) -> String {
        if !self.shows_terms {
            return String::new();
        }
        let document = match purpose {
            Purpose::Confirm | Purpose::Reject => known.asked(),
            Purpose::Look | Purpose::Problem => known.agreement.document.as_deref(),
        };
        let document = document.and_then(|text| json::parse(text.as_bytes()).ok());
        let terms = document.as_ref().and_then(|document| document.get("terms"));
        let term = |name| terms?.get(name)?.as_str().map(str::to_owned);
        let goods = [term("product"), term("quantity"), term("unit")].into_iter().flatten();
        let goods: Vec<String> = goods.collect();
        let price = [term("currency"), term("total_amount")].into_iter().flatten().collect::<Vec<_>>();
        let price = if price.len() == 2 { format!(" = {}", price.join(" ")) } else { String::new() };
        format!("{}{price}", goods.join(" ")).trim().to_owned()
    }
}

fn end(text: &str) -> Screen {
    Screen { text: fit(text), ends: true }
}

/// The last guard of the limit; the screens above keep it by themselves.
fn fit(text: &str) -> String {
    text::shorten(&text::gsm7(text), SCREEN_CHARS_MAX)
}
