//! Evidence: the log as static, cacheable resources (C2SP tlog-tiles), proofs, keys, and verification.
//!
//! Everything below `/log` is public and may be read by pages of any site; nothing in it is personal. Only the raw
//! entries can be kept for auditors.

pub mod bundle;
pub mod log;
pub mod verify;
