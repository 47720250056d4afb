//! One attempt to deliver a callback, and the machinery that makes it: at a pace, with pauses, again where it broke.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config::Pace;
use crate::courier::{Courier, Line};
use crate::plan::{Planned, UrlKind};

/// Most of an answer that is kept.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// One attempt to deliver one callback, in the order the attempts ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it went.
    pub url_kind: UrlKind,
    /// The session or message it is about.
    pub subject: String,
    /// The form or JSON as sent.
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

/// Delivers a plan of a story that began at `start` to its end; `first` is told when the first callback was tried.
pub(crate) async fn deliver_all(
    courier: &Courier,
    line: &impl Line,
    start: Instant,
    plan: Vec<Planned>,
    first: Option<oneshot::Sender<()>>,
) {
    let mut first = first;
    if courier.manner.pace == Pace::Fast {
        for planned in plan {
            deliver(courier, line, &planned).await;
            told(first.take());
        }
        return;
    }
    let deliveries = plan.into_iter().map(|planned| {
        let first = first.take();
        async move {
            courier.reach(start, planned.due_ms).await;
            deliver(courier, line, &planned).await;
            told(first);
        }
    });
    join_all(deliveries).await;
}

pub(crate) fn told(first: Option<oneshot::Sender<()>>) {
    if let Some(first) = first {
        // The request may have been given up meanwhile; then nobody waits.
        let _ = first.send(());
    }
}

async fn deliver(courier: &Courier, line: &impl Line, planned: &Planned) {
    join_all((0..planned.at_once).map(|_| deliver_copy(courier, line, planned))).await;
}

async fn deliver_copy(courier: &Courier, line: &impl Line, planned: &Planned) {
    for attempt in 1..=courier.manner.attempts_max.max(1) {
        // Asked anew each time, as the service may have come back at another address.
        let Some(url) = line.url(planned) else { return };
        let answer = post(courier, line, &url, planned).await;
        let status = answer.as_ref().ok().map(|(status, _)| *status);
        courier.note(Delivery {
            url_kind: planned.url_kind,
            subject: planned.subject.clone(),
            body: planned.body.clone(),
            status,
            attempt,
        });
        match answer {
            Ok((status, _)) if line.repeats_refused() && !(200..300).contains(&status) => {}
            Ok((status, body)) => return line.answered(planned, status, body).await,
            // Not sent again: the service may have it already, and the provider is not known to ask twice.
            Err(error) if error.is_timeout() => return,
            Err(error) => {
                tracing::debug!(kind = ?planned.url_kind, attempt, error = %error.without_url(), "callback not delivered");
            }
        }
        tokio::time::sleep(courier.manner.retry_pause * attempt).await;
    }
}

async fn post(
    courier: &Courier,
    line: &impl Line,
    url: &str,
    planned: &Planned,
) -> Result<(u16, String), reqwest::Error> {
    let mut request = courier
        .manner
        .client
        .post(url)
        .timeout(courier.manner.callback_timeout)
        .header(reqwest::header::CONTENT_TYPE, planned.content_type);
    for (name, value) in line.headers(&planned.body) {
        request = request.header(name, value);
    }
    read(request.body(paused(&planned.body, planned.slow_ms)).send().await?).await
}

/// The body, in two pieces with a pause between them where it is to be slow.
fn paused(body: &str, slow_ms: u64) -> reqwest::Body {
    if slow_ms == 0 {
        return body.to_owned().into();
    }
    let (one, two) = body.as_bytes().split_at(body.len() / 2);
    let pieces = [(0, Bytes::copy_from_slice(one)), (slow_ms, Bytes::copy_from_slice(two))];
    reqwest::Body::wrap_stream(stream::unfold(pieces.into_iter(), |mut left| async move {
        let (pause_ms, piece) = left.next()?;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Some((Ok::<_, std::io::Error>(piece), left))
    }))
}

/// Status and text of an answer, cut where it is longer than anybody needs.
pub(crate) async fn read(mut response: reqwest::Response) -> Result<(u16, String), reqwest::Error> {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}
