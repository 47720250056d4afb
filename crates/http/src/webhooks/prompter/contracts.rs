//! Contracts on a call: which is read back, and what came of the keys that answered it.

use contract::agreement::{Agreement, Answered};
use contract::command::Answer;
use contract::fact::{Fact, Will, Wish};
use ledger::json;
use providers::script::Speech;
use providers::script::book::{Ask, Configured, Part, read_back};

use super::super::Inlet;
use super::{Course, Keeping, Prompter, lost};
use crate::directory::Own;

impl Prompter {
    /// Hands in an answer to a contract, waits for what comes of it, and says so.
    pub(super) async fn keyed<'b>(
        &self,
        keeping: &Keeping<'_>,
        script: &'b Configured,
        ask: &Ask,
        wish: &Wish,
        facts: Vec<Fact>,
    ) -> Result<Course<'b>, ()> {
        let inlet = keeping.inlet;
        let directory = &self.inner.directory;
        let phone = facts.iter().find_map(|fact| fact.private.phone.clone());
        let code = facts.iter().find_map(|fact| fact.private.code.clone()).unwrap_or_default();
        let stamp = inlet.stamp().map_err(|problem| lost(&problem))?;
        let input = stamp.id;
        let announced = directory.announced(input);
        keeping.keep_stamped(stamp, facts).await?;
        let own = match (directory.settled(input, announced).await, phone) {
            (true, Some(phone)) => directory.contract_of(&phone, &wish.contract_id).await.unwrap_or_default(),
            _ => None,
        };
        let tongue = script.tongue;
        let answered = own.as_ref().map(|own| own.agreement.answered_with(own.party, &code));
        let tries = match script.part(ask.part) {
            Some(Part::Confirm(confirm)) => confirm.tries,
            _ => 0,
        };
        let waits = own.is_some_and(|own| own.agreement.waits_for(own.party, inlet.now()));
        let (words, part, attempt) = match answered {
            None => (tongue.taken(), ask.part + 1, 0),
            Some(Answered::Given { answer, .. }) if wish.will == Will::Answer(answer) => {
                let words = if answer == Answer::Yes { tongue.confirmed() } else { tongue.rejected() };
                // There may be one more.
                (words, ask.part, 0)
            }
            Some(Answered::WrongCode | Answered::OldTerms) if waits => {
                let again = ask.attempt + 1 < tries;
                let (part, attempt) = if again { (ask.part, ask.attempt + 1) } else { (ask.part + 1, 0) };
                (tongue.wrong_code(), part, attempt)
            }
            Some(_) => (tongue.not_possible(), ask.part, 0),
        };
        Ok(Course::At { script, part, attempt, before: vec![words] })
    }

    /// The oldest contract that waits for an answer of the person on the line, be it to new terms.
    pub(super) async fn waiting(&self, inlet: &Inlet, facts: &[Fact]) -> Result<Option<Own>, ()> {
        let Some(phone) = facts.iter().find_map(|fact| fact.private.phone.as_deref()) else {
            return Ok(None);
        };
        let own = self.inner.directory.contracts_of(phone).await.map_err(|error| {
            tracing::error!(%error, "the contracts of a caller cannot be looked up");
        })?;
        let now = inlet.now();
        let waits = |own: &Own| own.agreement.waits_for(own.party, now);
        Ok(own.into_iter().rev().find(waits))
    }
}

/// What is read back of a contract that waits for an answer: the new terms, where some are proposed. Their code opens no
/// others, so nobody agrees to one text while hearing another.
pub(super) fn to_answer(agreement: &Agreement) -> Speech {
    let (language, document, is_new) = match &agreement.proposal {
        Some(proposal) => (proposal.language, &proposal.document, true),
        None => (agreement.language, &agreement.document, false),
    };
    let document = document.as_deref().and_then(|text| json::parse(text.as_bytes()).ok());
    let text = document.as_ref().and_then(|document| document.get("agreed_text"));
    read_back(language, text.and_then(json::Value::as_str).unwrap_or_default(), is_new)
}
