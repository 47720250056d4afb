//! Acts outside, and brings back what came of it as inputs.
//!
//! To be filled: sms, dial, recording.

pub mod door;
