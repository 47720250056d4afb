//! Where in a script a call is, written into the address to which its keys are sent.

use super::super::{Address, Dialect, ScriptError, Speech};
use super::{ANSWER_SECONDS, Asking, KEY_SECONDS, TRIES_MAX};

/// In how many ways MiniVoice is told to wait for one key, and for an answer. It waits 30 seconds at most.
const KEY_SPREAD: u32 = 8;
const ANSWER_SPREAD: u32 = 11;
/// The word for silence behind the other parts.
const SILENT: &str = "silent";

/// Where a call is: in which script, at which part, how often it was asked there, and about which contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Name of the script.
    pub script: String,
    /// Number of the part, from 0.
    pub part: usize,
    /// How often it was asked before.
    pub attempt: u32,
    /// Nothing was pressed.
    pub silent: bool,
    /// The contract that was read back.
    pub contract: Option<String>,
    /// Keys recorded on the call up to this version answer earlier questions; only where keys are looked up in the
    /// ledger, because the provider sends them to its webhook.
    pub after: Option<u64>,
}

/// Where our addresses are for this call: what the providers reach, and the path they asked at, with its secret.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// `https://ledger.example.com`.
    pub base: &'a str,
    /// `/hooks/africastalking/…/voice/instruct`.
    pub path: &'a str,
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place(..)")
    }
}

impl Ask {
    /// Reads what [`Ask::id`] wrote, and what stands beside it; none for anything else.
    pub fn read(id: &str, contract: Option<&str>, after: Option<&str>) -> Option<Ask> {
        let (rest, silent) = match id.strip_suffix(SILENT).and_then(|rest| rest.strip_suffix('.')) {
            Some(rest) => (rest, true),
            None => (id, false),
        };
        // The name of a script may hold dots itself.
        let (rest, attempt) = rest.rsplit_once('.')?;
        let (script, part) = rest.rsplit_once('.')?;
        let (part, attempt) = (part.parse().ok()?, attempt.parse().ok()?);
        let contract = contract.map(str::to_owned);
        let after = after.and_then(|version| version.parse().ok());
        Some(Ask { script: script.to_owned(), part, attempt, silent, contract, after })
    }

    /// The place as one word: letters, digits, `.`, `_`, `-`. With the contract it tells the questions of a call apart.
    pub fn id(&self) -> String {
        let silent = if self.silent { format!(".{SILENT}") } else { String::new() };
        format!("{}.{}.{}{silent}", self.script, self.part, self.attempt)
    }

    /// What tells this question from every other of the same call.
    pub fn key(&self) -> String {
        let asked = Ask { silent: false, ..self.clone() };
        match &self.contract {
            Some(contract) => format!("{}:{contract}", asked.id()),
            None => asked.id(),
        }
    }

    /// The address of this place.
    ///
    /// # Errors
    /// As [`Address::new`].
    pub fn address(&self, place: Place<'_>) -> Result<Address, ScriptError> {
        let contract = self.contract.as_ref().map(|id| format!("&contract={id}")).unwrap_or_default();
        let after = self.after.map(|version| format!("&after={version}")).unwrap_or_default();
        Address::new(&format!("{}{}?ask={}{contract}{after}", place.base, place.path, self.id()))
    }

    /// How long the person may think before the first key, seconds.
    ///
    /// MiniVoice sends keys to its webhook and names no question there, but it repeats how long was waited. So there two
    /// questions that can follow each other without an answer are waited for differently, and keys that come too late are
    /// never taken for an answer to the next one.
    pub fn seconds(&self, keys: u8, dialect: Dialect) -> u16 {
        let (least, spread) =
            if keys == 1 { (KEY_SECONDS, KEY_SPREAD) } else { (ANSWER_SECONDS, ANSWER_SPREAD) };
        if dialect != Dialect::MiniVoice {
            return least;
        }
        let part = u32::try_from(self.part % 64).unwrap_or(0);
        least + u16::try_from((part * TRIES_MAX + self.attempt) % spread).unwrap_or(0)
    }

    /// The question as it is put: what is said, and the addresses at which the call goes on.
    ///
    /// # Errors
    /// As [`Address::new`].
    pub fn asking(
        &self,
        words: Speech,
        keys: u8,
        place: Place<'_>,
        dialect: Dialect,
    ) -> Result<Asking, ScriptError> {
        let answered = self.address(place)?;
        let silent = Ask { silent: true, ..self.clone() }.address(place)?;
        Ok(Asking { words, keys, seconds: self.seconds(keys, dialect), dialect, answered, silent })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_address() {
        for (id, silent, contract) in [
            ("buying.2.0", false, None),
            ("a.b-c_d.0.1.silent", true, Some("AGRI-2026-000001")),
            ("silent.3.0", false, None),
        ] {
            let ask = Ask::read(id, contract, None).unwrap();
            assert_eq!((ask.id().as_str(), ask.silent), (id, silent));
            let place =
                Place { base: "https://l.example.com", path: "/hooks/africastalking/x/voice/instruct" };
            let address = ask.address(place).unwrap();
            let (_, query) = address.as_str().split_once("?ask=").unwrap();
            let (id, contract) = query.split_once("&contract=").map_or((query, None), |(i, c)| (i, Some(c)));
            assert_eq!(Ask::read(id, contract, None), Some(ask.clone()));
            let later = Ask { after: Some(12), ..ask };
            assert!(later.address(place).unwrap().as_str().ends_with("&after=12"));
            assert_eq!(Ask::read(&later.id(), contract, Some("12")), Some(later));
        }
        for odd in ["", "a", "a.b", "a.1", "a.b.c", "a.1.x", "a.-1.0", "a.1.99999999999", ".silent"] {
            assert_eq!(Ask::read(odd, None, None), None, "{odd}");
        }
    }

    /// What is asked next, when nothing came in answer to a question.
    #[test]
    fn minivoice_waits_for_each_question_in_its_own_way() {
        let seconds = |part, attempt, keys| {
            let ask = Ask { part, attempt, ..Ask::read("a.0.0", None, None).unwrap() };
            ask.seconds(keys, Dialect::MiniVoice)
        };
        for keys in [1, super::super::ANSWER_KEYS] {
            for part in 0..30 {
                for attempt in 0..TRIES_MAX {
                    let now = seconds(part, attempt, keys);
                    assert!((1..=30).contains(&now));
                    assert_ne!(now, seconds(part, attempt + 1, keys), "{part}.{attempt}");
                    assert_ne!(now, seconds(part + 1, 0, keys), "{part}.{attempt}");
                }
            }
        }
        assert!((0..30).all(|n| seconds(n, 0, 1) < seconds(n, 0, 5)), "and never like one of the other kind");
    }
}
