//! What an answer about a call tells, in the words of its webhooks.

use contract::fact::{Fact, Leg, What};
use contract::phone::Country;
use contract::provider::Provider;

use super::rest::Call;
use super::webhook::moment;
use crate::africastalking::outcome::End;
use crate::leg::{Moment, Told, direction, ends};

/// The facts of an answer to `GET /v1/calls/{id}`. It names no times, so none is known; a status without a word of ours
/// tells nothing.
pub fn facts(call: &Call, country: Country) -> Vec<Fact> {
    let direction = call.direction.as_deref().and_then(direction);
    let told = Told {
        provider: Provider::MiniVoice,
        id: call.id.clone(),
        occurred: None,
        private: ends(direction, call.from.clone(), call.to.clone(), country),
    };
    let leg = Leg { direction, ..Leg::default() };
    let fact = match moment(&call.status) {
        Some(Moment::Started) => told.fact("started", What::CallStarted(leg)),
        Some(Moment::Queued) => told.fact("queued", What::CallQueued(leg)),
        Some(Moment::Ringing) => told.fact("ringing", What::CallRinging(leg)),
        Some(Moment::Answered) => told.fact("answered", What::CallAnswered(leg)),
        Some(Moment::Transferred) => told.fact("transferred", What::CallTransferred(leg)),
        Some(Moment::Ended) => {
            let end = End {
                causes: [None, None],
                words: [Some(call.status.as_str()), None, None],
                duration_s: None,
            };
            told.fact("ended", What::CallEnded(Leg { outcome: Some(end.outcome()), ..leg }))
        }
        None => return Vec::new(),
    };
    vec![fact]
}
