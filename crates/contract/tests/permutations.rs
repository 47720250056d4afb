//! What holds for every history: order and repetition of webhooks, batching, privacy, and reading the log back.
#![allow(clippy::unwrap_used)]

#[path = "permutations/acts.rs"]
mod acts;
#[path = "permutations/history.rs"]
mod history;
#[path = "permutations/kinds.rs"]
mod kinds;
#[path = "shelf/memory.rs"]
mod memory;
#[path = "permutations/order.rs"]
mod order;
#[path = "permutations/telling.rs"]
mod telling;
#[path = "permutations/terms.rs"]
mod terms;
#[path = "permutations/whole.rs"]
mod whole;
