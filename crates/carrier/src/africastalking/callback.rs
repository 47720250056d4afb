//! The bodies of voice and message callbacks.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::NONE;
use super::operator::{Operator, operator};
use crate::message::{Report, Sms};

pub(crate) type Fields = Vec<(&'static str, String)>;

/// How `callStartTime` is written. The provider has used all three over the years, none with a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeSpelling {
    /// `2021-10-13+19:10:16`, the plus being part of the value.
    Plus,
    /// `2025-02-13 08:32:37`.
    Blank,
    /// The word `None`.
    Missing,
}

impl TimeSpelling {
    pub(crate) fn draw(dice: &mut ChaCha8Rng) -> Self {
        match dice.random_range(0..5) {
            0 | 1 => TimeSpelling::Plus,
            2 | 3 => TimeSpelling::Blank,
            _ => TimeSpelling::Missing,
        }
    }

    pub(crate) fn write(self, clock_seconds: i64) -> String {
        match self {
            TimeSpelling::Plus => wall_time(clock_seconds, "%Y-%m-%d+%H:%M:%S"),
            TimeSpelling::Blank => wall_time(clock_seconds, "%Y-%m-%d %H:%M:%S"),
            TimeSpelling::Missing => NONE.to_owned(),
        }
    }
}

/// `seconds` since 1970 as a clock on the provider's wall shows them.
pub(crate) fn wall_time(seconds: i64, format: &str) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default().format(format).to_string()
}

/// What all callbacks of one leg have in common.
pub(crate) struct Session {
    pub(crate) session_id: String,
    /// The phone user, in both directions.
    pub(crate) phone: String,
    /// The provider's number, in both directions.
    pub(crate) number: String,
    pub(crate) outbound: bool,
    pub(crate) start: String,
    pub(crate) client_request_id: Option<String>,
}

/// How a leg ended, in the provider's words.
pub(crate) struct Ending {
    pub(crate) state: &'static str,
    pub(crate) status: &'static str,
    pub(crate) hangup_cause: &'static str,
    pub(crate) seconds: u32,
    pub(crate) recording_url: Option<String>,
}

impl Session {
    fn base(&self, active: bool, state: &str) -> Fields {
        let Operator { country_code, carrier_name, .. } = operator(&self.phone);
        vec![
            ("isActive", if active { "1" } else { "0" }.to_owned()),
            ("sessionId", self.session_id.clone()),
            ("direction", if self.outbound { "Outbound" } else { "Inbound" }.to_owned()),
            ("callerNumber", self.phone.clone()),
            ("destinationNumber", self.number.clone()),
            ("callSessionState", state.to_owned()),
            ("callStartTime", self.start.clone()),
            ("callerCarrierName", carrier_name.to_owned()),
            ("callerCountryCode", country_code.to_owned()),
        ]
    }

    /// A callback of a call that goes on.
    pub(crate) fn active(&self, state: &str) -> Fields {
        self.base(true, state)
    }

    /// The last callback of the leg.
    pub(crate) fn ended(&self, ending: &Ending, dice: &mut ChaCha8Rng) -> Fields {
        let mut fields = self.base(false, ending.state);
        fields.extend([
            ("durationInSeconds", ending.seconds.to_string()),
            ("amount", amount(ending.seconds, dice)),
            ("currencyCode", operator(&self.phone).currency.to_owned()),
            ("status", ending.status.to_owned()),
        ]);
        if let Some(url) = &ending.recording_url {
            fields.push(("recordingUrl", url.clone()));
        }
        fields
    }

    /// Makes it a callback for the events URL, which alone is told the request's id.
    pub(crate) fn for_events(&self, mut fields: Fields) -> Fields {
        if let Some(id) = &self.client_request_id {
            fields.push(("clientRequestId", id.clone()));
        }
        fields
    }
}

/// Thousandths of the currency per second of talk.
const RATE_MILLIS_PER_SECOND: u64 = 60;

/// The provider writes money with none, two or three decimals.
fn amount(seconds: u32, dice: &mut ChaCha8Rng) -> String {
    let millis = u64::from(seconds) * RATE_MILLIS_PER_SECOND;
    match dice.random_range(0..3) {
        0 if millis.is_multiple_of(1_000) => format!("{}", millis / 1_000),
        1 => format!("{}.{:02}", millis / 1_000, millis % 1_000 / 10),
        _ => format!("{}.{:03}", millis / 1_000, millis % 1_000),
    }
}

/// The order of fields differs from callback to callback.
pub(crate) fn shuffled(mut fields: Fields, dice: &mut ChaCha8Rng) -> Fields {
    fields.shuffle(dice);
    fields
}

/// A message from a phone to `number`.
pub(crate) fn incoming(
    id: &str,
    phone: &str,
    number: &str,
    text: &str,
    clock_seconds: i64,
    dice: &mut ChaCha8Rng,
) -> Fields {
    let link_id = if dice.random_bool(0.5) { id.to_owned() } else { String::new() };
    let fields = vec![
        ("from", phone.to_owned()),
        ("to", number.to_owned()),
        ("text", text.to_owned()),
        ("date", wall_time(clock_seconds, "%Y-%m-%d %H:%M:%S")),
        ("id", id.to_owned()),
        ("linkId", link_id),
        ("networkCode", operator(phone).network_code.to_owned()),
    ];
    shuffled(fields, dice)
}

/// The delivery report of a message, if one is sent.
pub(crate) fn delivery_report(sms: &Sms, report: &Report, dice: &mut ChaCha8Rng) -> Option<Fields> {
    let (status, reason) = match report {
        Report::Delivered => ("Success", None),
        Report::Failed(reason) => ("Failed", reason.clone()),
        Report::Rejected(reason) => ("Rejected", reason.clone()),
        Report::Missing => return None,
    };
    let mut fields = vec![
        ("id", sms.message_id.clone()),
        ("status", status.to_owned()),
        ("phoneNumber", sms.to.clone()),
        ("networkCode", operator(&sms.to).network_code.to_owned()),
        ("retryCount", "0".to_owned()),
    ];
    fields.extend(reason.map(|reason| ("failureReason", reason)));
    Some(shuffled(fields, dice))
}
