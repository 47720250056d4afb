//! MiniVoice: webhooks in, actions and requests out.
//!
//! It signs its webhooks where it was given a secret, names each event, and says when it was made; but no webhook
//! tells of a conference, so who is in a room follows from the calls that were sent there. Payloads of some events are
//! documented nowhere: what has no word of ours is kept and changes no state.

pub mod actions;
pub mod rest;
pub mod signature;
pub mod told;
pub mod webhook;
