//! Taking inputs out of the stream: single ones for good, and old ones by the stream's own limit.

use async_nats::jetstream::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bus, BusError, unavailable};

#[derive(Deserialize)]
struct Deleted {
    success: bool,
}

impl Bus {
    /// Deletes the message at a sequence of the input stream and has the server overwrite its bytes. Says whether one was
    /// there. `incarnation` is the stream it was found in: in a stream made anew another message stands there.
    ///
    /// # Errors
    /// [`BusError`]; deleting again is right.
    pub async fn erase_input(&self, incarnation: &str, sequence: u64) -> Result<bool, BusError> {
        let name = &self.options().input_stream;
        let now = match self.extent().await {
            Err(BusError::NoStream(_)) => return Ok(false),
            extent => extent?,
        };
        if now.incarnation != incarnation {
            return Ok(false);
        }
        // Without `no_erase` the server writes random bytes over the message.
        let request = json!({ "seq": sequence });
        match self.api::<Value, Deleted>(&format!("STREAM.MSG.DELETE.{name}"), &request).await? {
            Ok(deleted) => Ok(deleted.success),
            Err(error) if GONE.contains(&error.error_code()) => Ok(false),
            // The server says "failed" for what was deleted before as well.
            Err(_) if self.id_at(sequence).await?.is_none() => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Has the input stream keep messages no longer than asked for, where it was made to keep them longer: a retention
    /// that was shortened holds for what is there already.
    pub(super) async fn shorten(
        &self,
        name: &str,
        wanted_nanos: u64,
        found_nanos: u64,
    ) -> Result<bool, BusError> {
        if wanted_nanos == 0 || (found_nanos != 0 && found_nanos <= wanted_nanos) {
            return Ok(false);
        }
        // Settings this program does not know stay as they are.
        let mut info = match self.api::<Value, Value>(&format!("STREAM.INFO.{name}"), &json!({})).await? {
            Ok(info) => info,
            Err(error) => return Err(unavailable(error)),
        };
        let mut config = info["config"].take();
        config["max_age"] = json!(wanted_nanos);
        if config["duplicate_window"].as_u64().is_some_and(|window| window > wanted_nanos) {
            config["duplicate_window"] = json!(wanted_nanos);
        }
        match self.api::<Value, Value>(&format!("STREAM.UPDATE.{name}"), &config).await? {
            Ok(_) => {
                tracing::info!(
                    stream = name,
                    days = wanted_nanos / NANOS_PER_DAY,
                    "retention of the stream shortened"
                );
                Ok(true)
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

const NANOS_PER_DAY: u64 = 24 * 3_600 * 1_000_000_000;

/// What the server answers where nothing is there.
const GONE: [ErrorCode; 3] =
    [ErrorCode::STREAM_NOT_FOUND, ErrorCode::NO_MESSAGE_FOUND, ErrorCode::SEQUENCE_NOT_FOUND];
