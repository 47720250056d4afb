//! TryVox: webhooks in, VoxML and requests out.
//!
//! No signature is documented, so the secret path segment is the proof of origin. Its own documents contradict each
//! other (VoxML is XML in one and JSON in the others, errors have two shapes, statuses two vocabularies, rooms hold 10
//! or 250): both sides of each are read, and which one is written is a setting.

pub mod rest;
pub mod told;
pub mod voxml_json;
pub mod voxml_xml;
pub mod webhook;
