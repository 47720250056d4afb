//! Edits of the database behind the service's back.
