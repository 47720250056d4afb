//! Sending callbacks and remembering how each attempt went.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::africastalking::instruction::Instruction;
use crate::config::Pace;
use crate::plan::{Planned, UrlKind};
use crate::server::Shared;

/// Most of an answer that is kept.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// One attempt to deliver one callback, in the order the attempts ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it went.
    pub url_kind: UrlKind,
    /// The session or message it is about.
    pub subject: String,
    /// The form as sent.
    pub body: String,
    /// HTTP status of the answer; `None` if there was no answer.
    pub status: Option<u16>,
    /// 1 for the first attempt of this copy.
    pub attempt: u32,
}

impl Delivery {
    /// Whether the service said it has it.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The form, decoded.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// One field of the form.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl fmt::Debug for Delivery {
    /// Leaves out the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("url_kind", &self.url_kind)
            .field("subject", &self.subject)
            .field("status", &self.status)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// Delivers a plan to its end; `first` is told when the first callback was tried.
pub(crate) async fn deliver_all(shared: Shared, plan: Vec<Planned>, first: Option<oneshot::Sender<()>>) {
    let times = match shared.pace {
        Pace::Fast => return deliver_in_turn(&shared, plan, first).await,
        Pace::Real => 1,
        Pace::Times(times) => times.max(1),
    };
    let start = Instant::now();
    let mut first = first;
    let deliveries = plan.into_iter().map(|planned| {
        let shared = shared.clone();
        let first = first.take();
        async move {
            tokio::time::sleep_until(start + Duration::from_millis(planned.due_ms) / times).await;
            deliver(&shared, &planned).await;
            told(first);
        }
    });
    join_all(deliveries).await;
}

async fn deliver_in_turn(shared: &Shared, plan: Vec<Planned>, mut first: Option<oneshot::Sender<()>>) {
    for planned in plan {
        deliver(shared, &planned).await;
        told(first.take());
    }
}

fn told(first: Option<oneshot::Sender<()>>) {
    if let Some(first) = first {
        // The request may have been given up meanwhile; then nobody waits.
        let _ = first.send(());
    }
}

async fn deliver(shared: &Shared, planned: &Planned) {
    join_all((0..planned.at_once).map(|_| deliver_copy(shared, planned))).await;
}

async fn deliver_copy(shared: &Shared, planned: &Planned) {
    for attempt in 1..=shared.attempts_max.max(1) {
        // Asked anew each time, as the service may have come back at another address.
        let Some(url) = shared.behaviour().targets.url(planned.url_kind).map(str::to_owned) else { return };
        let answer = post(shared, &url, planned).await;
        let status = answer.as_ref().ok().map(|(status, _)| *status);
        shared.log().deliveries.push(Delivery {
            url_kind: planned.url_kind,
            subject: planned.subject.clone(),
            body: planned.body.clone(),
            status,
            attempt,
        });
        match answer {
            Ok((status, body)) => {
                if planned.wants_instructions {
                    shared.log().instructions.push(Instruction::read(&planned.subject, status, body));
                }
                return;
            }
            // Not sent again: the service may have it already, and the provider is not known to ask twice.
            Err(error) if error.is_timeout() => return,
            Err(error) => {
                tracing::debug!(kind = ?planned.url_kind, attempt, error = %error.without_url(), "callback not delivered");
                tokio::time::sleep(shared.retry_pause * attempt).await;
            }
        }
    }
}

async fn post(shared: &Shared, url: &str, planned: &Planned) -> Result<(u16, String), reqwest::Error> {
    let response = shared
        .client
        .post(url)
        .timeout(shared.callback_timeout)
        .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(planned.body.clone())
        .send()
        .await?;
    let status = response.status().as_u16();
    Ok((status, read_limited(response).await?))
}

async fn read_limited(mut response: reqwest::Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
