//! What became of an answer that came with a code. The code tells which terms it is about: each document has its own.

use super::Agreement;
use crate::command::Answer;

/// How the terms stand that a party was sent a code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The party was never sent such a code, or it is erased.
    WrongCode,
    /// The terms it was sent for are over, or wait behind newer ones, and were not answered.
    OldTerms,
    /// Not answered.
    Open,
    /// Answered.
    Given {
        /// How.
        answer: Answer,
        /// To new terms, which wait for others or did not come into force.
        is_new: bool,
    },
}

impl Agreement {
    /// What that party answered to the terms it was sent this code for.
    pub fn answered_with(&self, party: usize, code: &str) -> Answered {
        let given = |answer, is_new| Answered::Given { answer, is_new };
        let is = |of: Option<&Option<String>>| of.and_then(Option::as_deref) == Some(code);
        if let Some(proposal) = self.proposal.as_deref().filter(|p| is(p.codes.get(party))) {
            let answer = proposal.answers.get(party).and_then(Option::as_ref);
            return answer.map_or(Answered::Open, |known| given(known.answer, true));
        }
        if let Some(state) = self.parties.get(party).filter(|state| is(Some(&state.code))) {
            return match (&state.answer, &self.proposal) {
                (Some(known), _) => given(known.answer, false),
                (None, Some(_)) => Answered::OldTerms,
                (None, None) => Answered::Open,
            };
        }
        let past = self.past.iter().rev().find(|past| is(past.codes.get(party)));
        past.map_or(Answered::WrongCode, |past| {
            let answer = past.answers.get(party).copied().flatten();
            answer.map_or(Answered::OldTerms, |answer| given(answer, true))
        })
    }
}
