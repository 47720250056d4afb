//! What is read alike for every provider that tells a call by its direction and its two ends.

use contract::conference::request_stream;
use contract::fact::{Direction, Fact, Occurred, Private, Subject, What};
use contract::phone::Country;
use contract::provider::Provider;

use crate::africastalking::normalised;
use crate::africastalking::time::instant;
use crate::word::plain;

/// What a provider sent back as the id of our request, where it is one.
pub(crate) fn request(id: Option<&str>) -> Option<String> {
    id.filter(|id| request_stream(id).is_some()).map(str::to_owned)
}

/// The moments of a call that have a word of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Started,
    Queued,
    Ringing,
    Answered,
    Transferred,
    Ended,
}

/// Reads the word for a direction; none for a word we do not know.
pub(crate) fn direction(word: &str) -> Option<Direction> {
    match plain(word).as_str() {
        "inbound" | "incoming" => Some(Direction::Inbound),
        "outbound" | "outgoing" => Some(Direction::Outbound),
        _ => None,
    }
}

/// The person's number and our line, from the two ends of a call. Without a direction nobody can say which is which,
/// and a wrong guess would put a person's number where our line belongs.
pub(crate) fn ends(
    direction: Option<Direction>,
    from: Option<String>,
    to: Option<String>,
    country: Country,
) -> Private {
    let read = |number: Option<String>| number.map(|given| normalised(given, country));
    let (phone, line) = match direction {
        Some(Direction::Inbound) => (read(from), read(to)),
        Some(Direction::Outbound) => (read(to), read(from)),
        None => (None, None),
    };
    Private { phone, line, ..Private::default() }
}

/// One call at a provider, and when what is told about it happened.
pub(crate) struct Told {
    /// Whose call it is.
    pub(crate) provider: Provider,
    /// The provider's id of it.
    pub(crate) id: String,
    /// The provider's time.
    pub(crate) occurred: Option<Occurred>,
    /// What is told in private.
    pub(crate) private: Private,
}

impl Told {
    /// A fact about the call; `word` makes it unique among its facts.
    pub(crate) fn fact(&self, word: &str, what: What) -> Fact {
        Fact {
            subject: Subject::Call { provider: self.provider, id: self.id.clone() },
            key: format!("{}:{word}", self.id),
            occurred: self.occurred.clone(),
            what,
            private: self.private.clone(),
        }
    }

    /// That a recording can be fetched there.
    pub(crate) fn recording(&self, url: String, duration_s: Option<u32>) -> Fact {
        let word = format!("recording:{}", crate::form::key_digest(&url));
        let private = Private { url: Some(url), ..Private::default() };
        Fact { private, ..self.fact(&word, What::RecordingAvailable { duration_s }) }
    }
}

/// A time that names its zone; none where the text is no such time: a bad time never makes a webhook unreadable.
pub(crate) fn occurred(text: Option<String>) -> Option<Occurred> {
    Some(Occurred { at: instant(&text?)?, assumed_zone: None })
}
