//! What is shown when something was done, or could not be.

use super::{Deed, Known, Menu, Screen, end, fit, words};
use crate::agreement::{Answered, Status, WRONG_CODES_MAX};
use crate::command::Answer;
use crate::fact::Will;
use crate::lifecycle::{Step, legal};

impl Menu<'_> {
    /// What is shown when a deed was tried. `now` is the contract as it stands after it, none where that is not known yet.
    pub fn done(deed: &Deed, now: Option<Known<'_>>) -> Screen {
        let words = words::of(deed.language);
        let Some(known) = now else { return end(&format!("{}: {}", deed.wish.contract_id, words.later)) };
        let Some(party) = known.agreement.parties.get(known.party) else { return end(words.gone) };
        let answered = known.agreement.answered_with(known.party, &deed.code);
        let last = |told: &str| end(&format!("{}: {told}", known.contract_id));
        let again = |told: &str| Screen {
            text: fit(&format!("{}: {told}\n{}", known.contract_id, words.back)),
            ends: false,
        };
        match (answered, deed.wish.will) {
            (Answered::WrongCode, Will::Answer(_)) if !known.agreement.is_open_to(known.party) => {
                last(if party.answer.is_some() { words.answered_before } else { words.over })
            }
            (Answered::Given { .. }, Will::Dispute) if known.has_complained() => last(words.reported),
            (Answered::Given { .. }, Will::Answer(_)) => last(of_answer(deed, &known, answered)),
            _ if party.wrong_codes >= WRONG_CODES_MAX => last(words.no_more_codes),
            (Answered::WrongCode, _) => again(words.wrong_code),
            (_, Will::Dispute) if known.has_complained() => last(words.reported),
            (_, Will::Dispute) if !legal(known.agreement.status).contains(&Step::Dispute) => {
                let status = words::status(deed.language, known.agreement.status);
                end(&format!("{} ({status}): {}", known.contract_id, words.not_in_this_state))
            }
            (Answered::OldTerms, _) => again(words.old_code),
            (_, Will::Dispute) => last(words.not_possible),
            (Answered::Open, Will::Answer(_)) => last(words.over),
        }
    }
}

/// What became of an answer that is on the ledger.
fn of_answer(deed: &Deed, known: &Known<'_>, answered: Answered) -> &'static str {
    let words = words::of(deed.language);
    let Answered::Given { answer, is_new } = answered else { return words.over };
    let status = known.agreement.status;
    let by_all = !is_new && status != Status::Pending && !status.is_void();
    match answer {
        _ if deed.wish.will != Will::Answer(answer) => words.answered_before,
        Answer::Yes if by_all => words.confirmed_by_all,
        Answer::Yes => words.confirmed,
        Answer::No if is_new => words.rejected_new,
        Answer::No => words.rejected,
    }
}
