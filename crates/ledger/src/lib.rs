//! The evidence of a ledger: canonical bytes, signed records, chains, the Merkle log, and their verification.
//!
//! Pure: no I/O, no clock, no randomness. Time, seeds and bytes come in as arguments.
//!
//! ## A record's bytes
//!
//! A record is one line of ASCII, a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037):
//!
//! ```text
//!  eyJhbGciOiJFZERTQSIsImtpZCI6…  .  eyJkYXRhIjp7fSwiaWQiOiI…  .  50Z-8w3jie3UgoEfcRcC…
//!  └───────── header ──────────┘     └─────── payload ───────┘    └──── signature ────┘
//!     base64url, no padding             base64url, no padding        base64url, 64 bytes
//!             │                                 │                           │
//!             ▼                                 ▼                           │
//!  {"alg":"EdDSA",                   {"data":{…},"id":…,"log":…,            │
//!   "kid":"<RFC 7638>",               "occurred_at":…,"prev":…,             │
//!   "typ":"ahadi-record+sd-jwt"}      "recorded_at":…,"source":{…},         │
//!             │                       "stream":…,"type":…,"v":…,            │
//!             │                       "version":…}                          │
//!             │                                 │                           │
//!             │                                 ├─► SHA-256 = `prev` of the next record of the stream
//!             └──── header "." payload ◄────────┴── signed by ──────────────┘
//!
//!  leaf of the log = SHA-256(0x00 ‖ the whole line)          (RFC 6962 §2.1)
//! ```
//!
//! Behind the line may stand `~disclosure~disclosure~` (RFC 9901): `[salt, name, value]` in base64url, whose SHA-256
//! stands in the payload's `_sd`. They are no part of the leaf and can be erased without breaking anything above.
//!
//! ## Checking one by hand
//!
//! With a record in `r.jws` (no newline at the end) and the record key as `key.pem`:
//!
//! ```text
//! unb64() { tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d; }
//! IFS=. read h p s < r.jws
//! printf %s "$p" | unb64 > payload.json              # what was recorded
//! sha256sum payload.json                             # = `prev` in the next record of this stream
//! printf %s "$h.$p" > signed; printf %s "$s" | unb64 > signature
//! openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature
//! (printf '\0'; cat r.jws) | sha256sum               # = leaf hash, proven under a checkpoint
//! ```
//!
//! ## Modules
//!
//! Bytes: [`hash`], [`time`], [`json`], [`disclosure`]. Records: [`stream`], [`key`], [`record`].
//! The log: [`tree`], [`tile`], [`checkpoint`], [`proof`]. For auditors: [`bundle`], [`verify`].

pub mod bundle;
pub mod checkpoint;
pub mod disclosure;
pub mod hash;
pub mod json;
pub mod key;
pub mod proof;
pub mod record;
pub mod stream;
pub mod tile;
pub mod time;
pub mod tree;
pub mod verify;
