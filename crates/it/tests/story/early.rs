//! What comes late, twice or too early.
