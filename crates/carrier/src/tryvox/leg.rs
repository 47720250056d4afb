//! The life of one call at TryVox: its webhooks, and what is asked and done when somebody picks up.
//!
//! | webhook | to | documented |
//! |---|---|---|
//! | `call.queued`, `call.ringing`, `call.answered`, `call.ended` | the status address of the application | one payload, of `call.answered` |
//! | that it rings | `ring_url` of the call | the address only |
//! | that it is over | `hangup_url` of the call | the address only; the fields are those of `GET …/calls/{call_uuid}` |
//! | a recording | the status address | `recording_url` beside the fields of every webhook |

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Placed, Shared, voxml};
use crate::application::time;
use crate::delivery::{deliver_all, told};
use crate::follow::{Followed, follow};
use crate::plan::Draft;
use crate::script::Outcome;

/// The phone starts to ring this long after the request, in milliseconds.
const RINGS_AFTER_MS: u64 = 700;
/// The status address hears of something this long after the call's own address.
const EVENT_LAG_MS: u64 = 90;
/// Ringing time of a call nobody takes: the provider's usual limit.
const RING_OUT_MS: u64 = 60_000;
/// A busy line or a dead number is known this fast.
const REFUSED_AFTER_MS: u64 = 1_500;
/// A recording is there this long after the call.
const RECORDED_AFTER_MS: u64 = 45_000;
/// Price of a second in ten thousandths of a dollar.
const PRICE_PER_SECOND: u32 = 2;

/// One call, and the story it is part of.
pub(super) struct Leg {
    pub(super) shared: Shared,
    pub(super) call: Placed,
    /// Which call to this phone it is, from 0.
    pub(super) nth: u32,
}

/// How it ended.
struct Ending {
    /// As `GET …/calls/{call_uuid}` has it.
    status: &'static str,
    reason: Option<&'static str>,
    at_ms: u64,
    seconds: u32,
}

impl Leg {
    /// Tells the story from the first ring to the last webhook; `first` hears when the first of it was told.
    pub(super) async fn tell(self, first: oneshot::Sender<()>) {
        let start = Instant::now();
        let app = &self.shared.0.application;
        let (script, faults) = {
            let behaviour = app.behaviour();
            (behaviour.script.clone(), behaviour.faults.clone())
        };
        let rings = [("queued", 0), ("ringing", RINGS_AFTER_MS)];
        let mut drafts: Vec<Draft> =
            rings.into_iter().filter_map(|(word, at)| self.event(word, at)).collect();
        drafts.extend(self.to_own(
            &self.call.ring_url,
            RINGS_AFTER_MS,
            self.status("ringing", RINGS_AFTER_MS),
        ));
        let mut first = Some(first);
        if !faults.mixes() {
            let plan =
                app.courier.planned(&faults, app.seed, &self.call.call_uuid, std::mem::take(&mut drafts));
            deliver_all(&app.courier, &self.shared, start, plan, first.take()).await;
        }
        let ending = match script.outcome(self.call.phone()) {
            Outcome::Answers { after_seconds } => {
                let answered_ms = RINGS_AFTER_MS + u64::from(after_seconds) * 1_000;
                app.courier.reach(start, answered_ms).await;
                self.shared.update(&self.call.call_uuid, |call| {
                    call.status = "in-progress";
                    call.answer_time = Some(self.time(answered_ms));
                });
                let keys = script.keys(self.call.phone());
                let followed = self.ask(&keys, first.take()).await;
                drafts.extend(self.event("answered", answered_ms));
                self.talked(&followed, answered_ms, script.talk_seconds)
            }
            Outcome::Busy => Ending::untaken("busy", REFUSED_AFTER_MS),
            Outcome::Rejects => Ending::untaken("canceled", REFUSED_AFTER_MS),
            Outcome::Unreachable => Ending::untaken("failed", REFUSED_AFTER_MS),
            Outcome::NoAnswer => Ending::untaken("no-answer", RING_OUT_MS),
        };
        first.take().into_iter().for_each(|first| told(Some(first)));
        let recorded = ending.seconds > 0 && self.is_recorded() && script.may_record(self.call.phone());
        let recording = recorded.then(|| self.record(ending.seconds));
        drafts.extend(self.over(&ending));
        drafts.extend(recording.and_then(|url| self.recording(&url, &ending)));
        let subject = format!("{}.told", self.call.call_uuid);
        let plan = app.courier.planned(&faults, app.seed, &subject, drafts);
        deliver_all(&app.courier, &self.shared, start, plan, None).await;
        self.shared.inside().rooms.hang_up(&self.call.call_uuid);
    }

    /// Asks what to do with the call, and does it.
    async fn ask(&self, keys: &[String], first: Option<oneshot::Sender<()>>) -> Followed {
        let answer = self.post(self.call.answer_url.clone(), None).await;
        told(first);
        follow(answer.unwrap_or_default(), keys, |address, pressed| self.post(address, pressed)).await
    }

    async fn post(&self, address: String, pressed: Option<String>) -> Option<Vec<crate::follow::Step>> {
        let mut body = self.base();
        body.insert("call_status".to_owned(), "in-progress".into());
        body.extend(pressed.map(|digits| ("digits".to_owned(), digits.into())));
        let body = Value::Object(body).to_string();
        voxml::steps(&self.shared.0.application.ask(&address, body, Vec::new()).await?)
    }

    /// Joins the room it was told to join, where there is a place in it, and talks there; else the call is over.
    fn talked(&self, followed: &Followed, answered_ms: u64, seconds: u32) -> Ending {
        let stays = match &followed.joined {
            Some(Some(room)) => {
                let Placed { call_uuid, .. } = &self.call;
                let at = self.time(answered_ms);
                let joined = self.shared.inside().rooms.join(room, call_uuid, self.call.phone(), &at);
                self.shared.update(call_uuid, |call| call.recording |= followed.recorded);
                joined.is_ok()
            }
            _ => false,
        };
        let seconds = if stays { seconds } else { 1 };
        let at_ms = answered_ms + u64::from(seconds) * 1_000;
        let reason = if self.call.inbound { "caller-hangup" } else { "callee-hangup" };
        Ending { status: "completed", reason: Some(reason), at_ms, seconds }
    }

    fn is_recorded(&self) -> bool {
        let by_account = self.shared.0.config.records_rooms;
        by_account || self.shared.call(&self.call.call_uuid).is_some_and(|call| call.recording)
    }

    fn record(&self, seconds: u32) -> String {
        let Shared(inner) = &self.shared;
        let talk = crate::recording::talk(inner.application.seed, self.call.phone(), self.nth);
        let url = inner.application.record(inner.base_url(), &self.call.call_uuid, &talk, seconds);
        self.shared.update(&self.call.call_uuid, |call| call.recording_urls.push(url.clone()));
        url
    }

    fn over(&self, ending: &Ending) -> Vec<Draft> {
        let Ending { status, reason, at_ms, seconds } = *ending;
        self.shared.update(&self.call.call_uuid, |call| {
            call.status = status;
            call.end_time = Some(self.time(at_ms));
            call.end_reason = reason;
            call.duration = Some(seconds);
        });
        let mut body = self.status(status, at_ms);
        body.insert("duration".to_owned(), seconds.into());
        body.insert("start_time".to_owned(), self.time(0).into());
        body.extend(reason.map(|reason| ("end_reason".to_owned(), reason.into())));
        body.insert("price".to_owned(), format!("0.{:04}", seconds * PRICE_PER_SECOND).into());
        body.insert("price_unit".to_owned(), "USD".into());
        let last = self.to_own(&self.call.hangup_url, at_ms, body);
        let event = self.event("ended", at_ms + EVENT_LAG_MS);
        last.into_iter().chain(event).map(|draft| Draft { ends: true, ..draft }).collect()
    }

    /// That there is a recording: one file of all who were in the room.
    fn recording(&self, url: &str, ending: &Ending) -> Option<Draft> {
        let at_ms = ending.at_ms + RECORDED_AFTER_MS;
        let mut body = self.base();
        body.insert("recording_url".to_owned(), url.into());
        body.insert("recording_duration".to_owned(), ending.seconds.into());
        self.to_own(&self.shared.0.config.status_url, at_ms, body)
    }

    /// The fields of every webhook.
    fn base(&self) -> Map<String, Value> {
        let Placed { call_uuid, to, from, inbound, .. } = &self.call;
        let body = json!({
            "call_uuid": call_uuid, "account_id": self.shared.0.config.auth_id, "from": from, "to": to,
            "direction": if *inbound { "inbound" } else { "outbound" },
        });
        match body {
            Value::Object(body) => body,
            _ => Map::new(),
        }
    }

    fn status(&self, status: &str, at_ms: u64) -> Map<String, Value> {
        let mut body = self.base();
        body.insert("status".to_owned(), status.into());
        body.insert("timestamp".to_owned(), self.time(at_ms).into());
        body
    }

    /// An event for the status address of the application.
    fn event(&self, word: &str, at_ms: u64) -> Option<Draft> {
        let mut body = self.status(word, at_ms);
        body.insert("event".to_owned(), format!("call.{word}").into());
        self.to_own(&self.shared.0.config.status_url, at_ms, body)
    }

    fn to_own(&self, url: &Option<String>, at_ms: u64, body: Map<String, Value>) -> Option<Draft> {
        let url = url.as_deref()?;
        Some(Draft::event(at_ms, &self.call.call_uuid, url, Value::Object(body)))
    }

    /// By the provider's clock, to the millisecond.
    fn time(&self, at_ms: u64) -> String {
        let began_ms = self.shared.0.application.began_ms(&self.call.call_uuid);
        time(began_ms.saturating_add_unsigned(at_ms), true)
    }
}

impl Ending {
    fn untaken(status: &'static str, at_ms: u64) -> Ending {
        Ending { status, reason: None, at_ms, seconds: 0 }
    }
}
