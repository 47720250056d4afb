//! The life of one leg as a list of callbacks.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::callback::{Ending, Fields, Session, TimeSpelling, shuffled};
use crate::plan::{Draft, UrlKind};
use crate::random::generator;
use crate::script::Outcome;

/// The phone starts to ring this long after the request, in milliseconds.
const RINGS_AFTER_MS: u64 = 600;
/// The events URL hears of an answer this long after the instruct URL was asked.
const EVENT_LAG_MS: u64 = 120;
/// Ringing time of a call nobody takes.
const RING_OUT_MS: u64 = 30_000;
/// A busy line or a dead number is known this fast.
const REFUSED_AFTER_MS: u64 = 1_800;

/// Everything that decides a leg's callbacks.
pub(crate) struct LegPlan<'a> {
    pub(crate) seed: u64,
    pub(crate) session_id: &'a str,
    pub(crate) phone: &'a str,
    pub(crate) number: &'a str,
    pub(crate) outbound: bool,
    pub(crate) client_request_id: Option<&'a str>,
    /// Wall clock of the provider when the call was placed, in seconds since 1970.
    pub(crate) clock_seconds: i64,
    pub(crate) outcome: Outcome,
    pub(crate) talk_seconds: u32,
    pub(crate) recording_url: Option<String>,
    pub(crate) final_to_instruct: bool,
}

impl LegPlan<'_> {
    /// The callbacks of this leg, in order.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        let mut dice = generator(self.seed, "leg", self.session_id, 0);
        match self.outcome {
            Outcome::Answers { after_seconds } => self.answered(after_seconds, &mut dice),
            Outcome::Busy => self.not_answered(REFUSED_AFTER_MS, "NotAnswered", "USER_BUSY", &mut dice),
            Outcome::Rejects => {
                self.not_answered(REFUSED_AFTER_MS, "NotAnswered", "CALL_REJECTED", &mut dice)
            }
            Outcome::Unreachable => {
                self.not_answered(REFUSED_AFTER_MS, "Failed", "UNALLOCATED_NUMBER", &mut dice)
            }
            Outcome::NoAnswer => {
                let causes = ["NO_ANSWER", "NO_USER_RESPONSE", "SUBSCRIBER_ABSENT"];
                let cause = causes[dice.random_range(0..causes.len())];
                self.not_answered(RING_OUT_MS, "NotAnswered", cause, &mut dice)
            }
        }
    }

    fn session(&self, start: String) -> Session {
        Session {
            session_id: self.session_id.to_owned(),
            phone: self.phone.to_owned(),
            number: self.number.to_owned(),
            outbound: self.outbound,
            start,
            client_request_id: self.client_request_id.map(str::to_owned),
        }
    }

    fn answered(&self, after_seconds: u32, dice: &mut ChaCha8Rng) -> Vec<Draft> {
        let answered_ms = RINGS_AFTER_MS + u64::from(after_seconds) * 1_000;
        let ended_ms = answered_ms + u64::from(self.talk_seconds) * 1_000;
        let start = TimeSpelling::draw(dice).write(self.clock_seconds);
        let session = self.session(start);
        let ending = Ending {
            state: "Completed",
            status: "Success",
            hangup_cause: "NORMAL_CLEARING",
            seconds: self.talk_seconds,
            recording_url: self.recording_url.clone(),
        };
        // An inbound call asks for instructions while it rings, an outbound one when it is picked up.
        let asks_as = if self.outbound { "Answered" } else { "Ringing" };
        let mut drafts = vec![
            self.draft(
                RINGS_AFTER_MS,
                UrlKind::VoiceEvents,
                session.for_events(session.active("Ringing")),
                dice,
            ),
            Draft {
                wants_instructions: true,
                ..self.draft(answered_ms, UrlKind::VoiceInstruct, session.active(asks_as), dice)
            },
            self.draft(
                answered_ms + EVENT_LAG_MS,
                UrlKind::VoiceEvents,
                session.for_events(session.active("Answered")),
                dice,
            ),
        ];
        drafts.extend(self.finals(ended_ms, &session, &ending, dice));
        drafts
    }

    /// The final callback of a call nobody took is its only one.
    fn not_answered(
        &self,
        ended_ms: u64,
        status: &'static str,
        cause: &'static str,
        dice: &mut ChaCha8Rng,
    ) -> Vec<Draft> {
        let session = self.session(TimeSpelling::Missing.write(self.clock_seconds));
        let ending = Ending { state: status, status, hangup_cause: cause, seconds: 0, recording_url: None };
        self.finals(ended_ms, &session, &ending, dice)
    }

    fn finals(&self, ended_ms: u64, session: &Session, ending: &Ending, dice: &mut ChaCha8Rng) -> Vec<Draft> {
        let fields = session.ended(ending, dice);
        let mut drafts = Vec::new();
        if self.final_to_instruct {
            let last = self.draft(ended_ms, UrlKind::VoiceInstruct, fields.clone(), dice);
            drafts.push(Draft { ends: true, ..last });
        }
        let mut fields = session.for_events(fields);
        fields.push(("hangupCause", ending.hangup_cause.to_owned()));
        let last = self.draft(ended_ms + EVENT_LAG_MS, UrlKind::VoiceEvents, fields, dice);
        drafts.push(Draft { ends: true, ..last });
        drafts
    }

    fn draft(&self, due_ms: u64, url_kind: UrlKind, fields: Fields, dice: &mut ChaCha8Rng) -> Draft {
        Draft::form(due_ms, url_kind, self.session_id, shuffled(fields, dice))
    }
}
