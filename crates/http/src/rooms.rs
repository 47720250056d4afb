//! Which phones are being rung for a conference, so that a call script can be chosen when one picks up.
//!
//! The provider asks what to do with an answered call by its session and number; it does not say that it rang that
//! number for a conference (our own id of the dialling comes on the events address only), and asking can overtake the
//! answer that names the sessions. So the numbers are noted before they are dialled. The note lives in this process
//! and no longer than a call may ring: what it is lost with is only the choice of a script.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::phone::Phone;
use tokio::time::Instant;

/// How long after the dialling an answered call still belongs to it: providers stop ringing after about a minute.
const RINGING_SECONDS_MAX: u64 = 180;
/// Most numbers kept; further conferences then get the usual script.
const NUMBERS_MAX: usize = 100_000;

/// Numbers being rung. Cheap to clone.
#[derive(Clone, Default)]
pub struct Rooms(Arc<Mutex<HashMap<Phone, (Instant, String)>>>);

impl Rooms {
    /// Notes numbers that are about to be dialled for a conference, and its room.
    pub fn expect(&self, phones: &[Phone], room: &str) {
        let now = Instant::now();
        let mut ringing = self.ringing();
        if ringing.len() + phones.len() > NUMBERS_MAX {
            ringing.retain(|_, (until, _)| *until > now);
        }
        if ringing.len() + phones.len() <= NUMBERS_MAX {
            let until = now + Duration::from_secs(RINGING_SECONDS_MAX);
            ringing.extend(phones.iter().map(|phone| (phone.clone(), (until, room.to_owned()))));
        }
    }

    /// Whether that number is being rung for a conference.
    pub fn expects(&self, phone: &str) -> bool {
        self.room_of(phone).is_some()
    }

    /// The room of the conference that number is being rung for.
    pub fn room_of(&self, phone: &str) -> Option<String> {
        let phone = phone.parse::<Phone>().ok()?;
        let ringing = self.ringing();
        let (until, room) = ringing.get(&phone)?;
        (*until > Instant::now()).then(|| room.clone())
    }

    /// A panic elsewhere cannot leave the map half changed, so a poisoned lock is as good as a clean one.
    fn ringing(&self) -> MutexGuard<'_, HashMap<Phone, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_numbers_that_are_rung_are_expected() {
        let rooms = Rooms::default();
        rooms.expect(&["+254700000011".parse().unwrap()], "room-1");
        assert_eq!(rooms.room_of("+254700000011").as_deref(), Some("room-1"));
        assert!(rooms.expects("+254700000011"));
        assert!(!rooms.expects("+254700000012"));
        assert!(!rooms.expects("not a number"));
    }
}
