//! The 25 oddities that an adapter must survive, one test each, by the number they have in docs/reference/providers.md.
//!
//! Each is told by bodies under `fixtures`. Where the oddity is about what becomes of a call, the facts are folded as the
//! service folds them.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "oddities/desk.rs"]
mod desk;
#[path = "oddities/form.rs"]
mod form;
#[path = "oddities/order.rs"]
mod order;
#[path = "oddities/recordings.rs"]
mod recordings;
#[path = "oddities/words.rs"]
mod words;
