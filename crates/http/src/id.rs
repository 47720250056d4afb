//! Ids in paths.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::problem::Problem;

/// Longest id, in bytes; the longest known ones have 38.
const ID_BYTES_MAX: usize = 150;

/// The one id of a path: letters, digits and `- _ . ~`. Anything else is the id of nothing, and answers 404; so no
/// database ever sees a character it cannot hold.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| Problem::of_status(StatusCode::NOT_FOUND))?;
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'));
        if plain && (1..=ID_BYTES_MAX).contains(&id.len()) {
            Ok(Id(id))
        } else {
            Err(Problem::of_status(StatusCode::NOT_FOUND))
        }
    }
}
