//! What rows that hold personal values show when they are printed for debugging.

use std::fmt;

use super::{DisclosureRow, InboxRow, LinkChange, Loaded, Needs, SeenRow, StreamRow};

impl fmt::Debug for InboxRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxRow")
            .field("input", &self.input)
            .field("received_at", &self.received_at)
            .field("outcome", &self.outcome)
            .field("quarantined_bytes", &self.quarantined.as_ref().map(Vec::len))
            .finish()
    }
}

impl fmt::Debug for DisclosureRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DisclosureRow")
            .field("position", &self.position)
            .field("ordinal", &self.ordinal)
            .field("scope", &self.scope)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SeenRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenRow").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl fmt::Debug for StreamRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRow")
            .field("stream", &self.stream)
            .field("version", &self.version)
            .field("head", &self.head)
            .field("recorded_at", &self.recorded_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkChange")
            .field("space", &self.space)
            .field("stream", &self.stream)
            .field("add", &self.add)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Needs")
            .field("inputs", &self.inputs)
            .field("streams", &self.streams)
            .field("links", &self.links.len())
            .field("seen", &self.seen.len())
            .field("counters", &self.counters)
            .finish()
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("inputs", &self.inputs)
            .field("streams", &self.streams)
            .field("links", &self.links.len())
            .field("seen", &self.seen)
            .field("counters", &self.counters)
            .finish()
    }
}
