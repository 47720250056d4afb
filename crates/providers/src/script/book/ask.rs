//! Where in a script a call is, written into the address to which its keys are sent.

use super::super::{Address, ScriptError};

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
    /// Reads what [`Ask::id`] wrote, and the contract beside it; none for anything else.
    pub fn read(id: &str, contract: Option<&str>) -> Option<Ask> {
        let (rest, silent) = match id.strip_suffix(SILENT).and_then(|rest| rest.strip_suffix('.')) {
            Some(rest) => (rest, true),
            None => (id, false),
        };
        // The name of a script may hold dots itself.
        let (rest, attempt) = rest.rsplit_once('.')?;
        let (script, part) = rest.rsplit_once('.')?;
        let (part, attempt) = (part.parse().ok()?, attempt.parse().ok()?);
        let contract = contract.map(str::to_owned);
        Some(Ask { script: script.to_owned(), part, attempt, silent, contract })
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
        Address::new(&format!("{}{}?ask={}{contract}", place.base, place.path, self.id()))
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
            let ask = Ask::read(id, contract).unwrap();
            assert_eq!((ask.id().as_str(), ask.silent), (id, silent));
            let place =
                Place { base: "https://l.example.com", path: "/hooks/africastalking/x/voice/instruct" };
            let address = ask.address(place).unwrap();
            let (_, query) = address.as_str().split_once("?ask=").unwrap();
            let (id, contract) = query.split_once("&contract=").map_or((query, None), |(i, c)| (i, Some(c)));
            assert_eq!(Ask::read(id, contract), Some(ask));
        }
        for odd in ["", "a", "a.b", "a.1", "a.b.c", "a.1.x", "a.-1.0", "a.1.99999999999", ".silent"] {
            assert_eq!(Ask::read(odd, None), None, "{odd}");
        }
    }
}
