//! To be written.
pub mod rows;
