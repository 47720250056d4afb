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
pub struct Rooms(Arc<Mutex<HashMap<Phone, Instant>>>);

impl Rooms {
    /// Notes numbers that are about to be dialled for a conference.
    pub fn expect(&self, phones: &[Phone]) {
        let now = Instant::now();
        let mut ringing = self.ringing();
        if ringing.len() + phones.len() > NUMBERS_MAX {
            ringing.retain(|_, until| *until > now);
        }
        if ringing.len() + phones.len() <= NUMBERS_MAX {
            let until = now + Duration::from_secs(RINGING_SECONDS_MAX);
            ringing.extend(phones.iter().map(|phone| (phone.clone(), until)));
        }
    }

    /// Whether that number is being rung for a conference.
    pub fn expects(&self, phone: &str) -> bool {
        let Ok(phone) = phone.parse::<Phone>() else { return false };
        self.ringing().get(&phone).is_some_and(|until| *until > Instant::now())
    }

    /// A panic elsewhere cannot leave the map half changed, so a poisoned lock is as good as a clean one.
    fn ringing(&self) -> MutexGuard<'_, HashMap<Phone, Instant>> {
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
        rooms.expect(&["+254700000011".parse().unwrap()]);
        assert!(rooms.expects("+254700000011"));
        assert!(!rooms.expects("+254700000012"));
        assert!(!rooms.expects("not a number"));
    }
}
