//! Worlds to test in: a whole service in this process, with a real store, real transport, real HTTP and a simulated
//! carrier. Every test that makes one ends with [`World::sound`].
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

pub mod backup;
pub mod chance;
pub mod load;
pub mod logs;
pub mod maize;
pub mod mirror;
pub mod nats;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod sound;
pub mod wire;
pub mod world;

pub use world::{Setup, SourceKind, StoreKind, World};
