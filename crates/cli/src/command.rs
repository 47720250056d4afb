//! One file per command.

pub mod bundle;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod keys;
pub mod person;
pub mod rebuild;
pub mod serve;
pub mod terms;
pub mod verify;
