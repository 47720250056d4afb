//! The life of one call at MiniVoice: its webhooks in the one envelope they have, and what is asked and done when somebody
//! picks up. Everything goes to the two addresses of the application. Only `call.created` and `call.completed` have a
//! documented payload; it says neither how long a call was nor why it ended.

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Placed, Shared, actions, signature};
use crate::application::time;
use crate::delivery::{deliver_all, told};
use crate::follow::{Followed, Step, follow};
use crate::plan::Draft;
use crate::script::Outcome;

/// Ringing time of a call nobody takes.
const RING_OUT_MS: u64 = 45_000;
/// A busy line or a dead number is known this fast.
const REFUSED_AFTER_MS: u64 = 1_500;
/// Between a question and the next.
const QUESTION_MS: u64 = 4_000;
/// A recording is there this long after the call.
const RECORDED_AFTER_MS: u64 = 60_000;
/// Bytes of a second of sound, as the provider states the size.
const BYTES_PER_SECOND: u32 = 16_000;

/// One call, and the story it is part of.
pub(super) struct Leg {
    pub(super) shared: Shared,
    pub(super) call: Placed,
    /// Which call to this phone it is, from 0.
    pub(super) nth: u32,
}

impl Leg {
    /// Tells the story from the first webhook to the last; `first` hears when the first of it was told.
    pub(super) async fn tell(self, first: oneshot::Sender<()>) {
        let start = Instant::now();
        let app = &self.shared.0.application;
        let (script, faults) = {
            let behaviour = app.behaviour();
            (behaviour.script.clone(), behaviour.faults.clone())
        };
        let key = json!({ "event_key": format!("{}:call.created", self.call.id) });
        let mut drafts: Vec<Draft> = self.event("call.created", "in_progress", 0, key).into_iter().collect();
        let mut first = Some(first);
        if !faults.mixes() {
            let plan = app.courier.planned(&faults, app.seed, &self.call.id, std::mem::take(&mut drafts));
            deliver_all(&app.courier, &self.shared, start, plan, first.take()).await;
        }
        let phone = self.call.phone().to_owned();
        match script.outcome(&phone) {
            Outcome::Answers { after_seconds } => {
                let answered_ms = u64::from(after_seconds) * 1_000;
                app.courier.reach(start, answered_ms).await;
                self.shared.update(&self.call.id, |call| call.status = "in_progress");
                let followed = self.ask(&script.keys(&phone), first.take()).await;
                drafts.extend(self.event("call.answered", "in_progress", answered_ms, json!({})));
                let may_record = script.may_record(&phone);
                drafts.extend(self.talked(&followed, answered_ms, script.talk_seconds, may_record));
            }
            Outcome::Busy => drafts.extend(self.failed("busy", REFUSED_AFTER_MS)),
            Outcome::Rejects => drafts.extend(self.failed("rejected", REFUSED_AFTER_MS)),
            Outcome::Unreachable => drafts.extend(self.failed("unreachable", REFUSED_AFTER_MS)),
            Outcome::NoAnswer => drafts.extend(self.failed("no_answer", RING_OUT_MS)),
        }
        told(first.take());
        let plan = app.courier.planned(&faults, app.seed, &format!("{}.told", self.call.id), drafts);
        deliver_all(&app.courier, &self.shared, start, plan, None).await;
    }

    /// Asks what to do with the call, and does it. What such a request looks like is documented nowhere: it has the shape
    /// of a webhook.
    async fn ask(&self, keys: &[String], first: Option<oneshot::Sender<()>>) -> Followed {
        let address = self.shared.0.config.answer_url.clone().unwrap_or_default();
        let answer = self.post(address).await;
        told(first);
        follow(answer.unwrap_or_default(), keys, |address, _| self.post(address)).await
    }

    async fn post(&self, address: String) -> Option<Vec<Step>> {
        let inner = &self.shared.0;
        let body = self.envelope("call.created", "in_progress", 0, json!({})).to_string();
        let secret = inner.config.webhook_secret.as_deref();
        let headers = secret.map_or(Vec::new(), |secret| signature::headers(secret, &body));
        actions::steps(&inner.application.ask(&address, body, headers).await?)
    }

    /// The rest of a call that was picked up: keys, the end, and the recording long after it.
    fn talked(&self, followed: &Followed, answered_ms: u64, seconds: u32, may_record: bool) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let mut at_ms = answered_ms;
        for digits in &followed.pressed {
            at_ms += QUESTION_MS;
            let data = json!({
                "digits": digits, "status": "completed", "timed_out": false, "min_digits": 1,
                "max_digits": digits.len(), "timeout_seconds": 8, "finish_on_key": "#",
            });
            drafts.extend(self.event("call.gathered", "in_progress", at_ms, data));
        }
        let seconds = if followed.joined.is_some() { seconds } else { 1 };
        let recorded = may_record && (followed.recorded || self.is_recording());
        if recorded {
            let data = self.recording("started", "", 0);
            drafts.extend(self.event("recording.started", "in_progress", at_ms, data));
        }
        let ended_ms = at_ms + u64::from(seconds) * 1_000;
        self.shared.update(&self.call.id, |call| call.status = "completed");
        let last = self.event("call.completed", "completed", ended_ms, json!({}));
        drafts.extend(last.map(|draft| Draft { ends: true, ..draft }));
        if recorded {
            let inner = &self.shared.0;
            let talk = crate::recording::talk(inner.application.seed, self.call.phone(), self.nth);
            let base_url = inner.base_url.get().map_or("", String::as_str);
            let url = inner.application.record(base_url, &self.call.id, &talk, seconds);
            let data = self.recording("completed", &url, seconds);
            drafts.extend(self.event("recording.completed", "completed", ended_ms + RECORDED_AFTER_MS, data));
        }
        drafts
    }

    fn is_recording(&self) -> bool {
        self.shared.calls().iter().any(|call| call.id == self.call.id && call.recording)
    }

    fn failed(&self, reason: &str, at_ms: u64) -> Option<Draft> {
        self.shared.update(&self.call.id, |call| call.status = "failed");
        let last = self.event("call.failed", "failed", at_ms, json!({ "reason": reason }));
        last.map(|draft| Draft { ends: true, ..draft })
    }

    fn recording(&self, status: &str, url: &str, seconds: u32) -> Value {
        let id = &self.call.id;
        json!({ "recording": {
            "id": format!("rec_{id}"), "call_id": id, "status": status, "storage_type": "local", "file_url": url,
            "duration_seconds": seconds, "size_bytes": seconds * BYTES_PER_SECOND,
        } })
    }

    fn event(&self, event: &str, status: &str, at_ms: u64, data: Value) -> Option<Draft> {
        let url = self.shared.0.config.webhook_url.as_deref()?;
        Some(Draft::event(at_ms, &self.call.id, url, self.envelope(event, status, at_ms, data)))
    }

    fn envelope(&self, event: &str, status: &str, at_ms: u64, data: Value) -> Value {
        let Placed { id, from, to, inbound, .. } = &self.call;
        let began_ms = self.shared.0.application.began_ms(id);
        let mut envelope = json!({
            "event": event, "created_at": time(began_ms.saturating_add_unsigned(at_ms), false),
            "call": {
                "id": id, "customer_id": "cust_123", "application_id": "app_123", "provider_call_id": "uuid",
                "status": status, "direction": if *inbound { "inbound" } else { "outbound" }, "from": from, "to": to,
                "route_mode": "webhook", "routing_target": "app_123",
            },
            "variables": {},
        });
        envelope["data"] = data;
        envelope
    }
}
