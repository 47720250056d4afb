//! What concerns a line of ours and no single call: its queues, and files it can play.

use contract::report::FailureReason;
use serde_json::Value;

use super::{Request, RestError, Service, answer, refusal, text};
use crate::script::Address;

/// The one status that means the file was taken.
const UPLOADED: u16 = 201;

/// Asks how many calls wait in the queues of lines. The provider is said to answer for live applications only.
pub fn queue_status(username: &str, api_key: &str, lines: &[&str], name: Option<&str>) -> Request {
    Request::post(Service::Voice, "/queueStatus", username, api_key)
        .with("phoneNumbers", lines.join(","))
        .maybe("name", name)
}

/// One queue. `Debug` hides the line.
#[derive(Clone, PartialEq, Eq)]
pub struct Queue {
    /// Our line, as the provider wrote it.
    pub line: String,
    /// Its name; none for the line's only one.
    pub name: Option<String>,
    /// How many wait.
    pub calls: u32,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({:?}, {})", self.name, self.calls)
    }
}

/// Reads the answer to [`queue_status`]. No queue is no error: nobody waits.
///
/// # Errors
/// [`RestError`]; the provider's word `None` for an error means that there is none.
pub fn read_queues(status: u16, body: &[u8]) -> Result<Vec<Queue>, RestError> {
    let json = answer(status, body)?;
    if let Some(message) = text(&json, "errorMessage") {
        return Err(RestError::Refused(refusal(message)));
    }
    let Some(Value::Array(entries)) = json.get("entries") else {
        return Err(RestError::Unreadable { status });
    };
    entries.iter().map(|entry| queue(entry).ok_or(RestError::Unreadable { status })).collect()
}

fn queue(entry: &Value) -> Option<Queue> {
    let calls = entry.get("numCalls")?;
    let calls = calls.as_u64().or_else(|| calls.as_str()?.trim().parse().ok())?;
    Some(Queue {
        line: text(entry, "phoneNumber")?.to_owned(),
        name: text(entry, "queueName").map(str::to_owned),
        calls: u32::try_from(calls).ok()?,
    })
}

/// Hands over a file (mp3 or wav) that `line` can play afterwards without fetching it.
pub fn upload_media(username: &str, api_key: &str, url: &Address, line: &str) -> Request {
    Request::post(Service::Voice, "/mediaUpload", username, api_key)
        .with("url", url.as_str())
        .with("phoneNumber", line)
}

/// Reads the answer to [`upload_media`], of which only the status counts.
///
/// # Errors
/// [`RestError`] for any other status than 201.
pub fn read_uploaded(status: u16, body: &[u8]) -> Result<(), RestError> {
    if status == UPLOADED {
        return Ok(());
    }
    let said = answer(status, body)?;
    let reason = text(&said, "errorMessage").map_or(FailureReason::Other, refusal);
    Err(RestError::Refused(reason))
}
