//! Single cases that no story tells well.
#![allow(clippy::unwrap_used)]

#[path = "cases/again.rs"]
mod again;
#[path = "cases/control.rs"]
mod control;
#[path = "cases/costs.rs"]
mod costs;
#[path = "cases/joined.rs"]
mod joined;
#[path = "cases/keys.rs"]
mod keys;
#[path = "shelf/memory.rs"]
mod memory;
#[path = "cases/menu.rs"]
mod menu;
#[path = "cases/several_contracts.rs"]
mod several_contracts;
#[path = "cases/wishes.rs"]
mod wishes;
