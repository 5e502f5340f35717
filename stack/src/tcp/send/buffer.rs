//! The buffer of what was written and not acknowledged, as numbers.

use crate::memory;
use crate::profile::{SendBufferCounts, SendBufferRules};

/// The buffer of what was written and not acknowledged.
#[derive(Debug)]
pub(super) struct SendBuffer {
    /// What it holds, in octets of what it counts (sk_sndbuf).
    pub(super) size: usize,
    /// Whether the application has set it, so that it does not grow (SOCK_SNDBUF_LOCK).
    pub(super) is_set: bool,
    /// The largest segment that the peer takes, options included (mss_clamp).
    pub(super) segment: usize,
    /// Whether somebody was told that there is no room, and nobody since that there is
    /// (SOCK_NOSPACE).
    pub(super) lacks_room: bool,
    /// Where that was, in the stream: only what is sent from there on makes room for him.
    pub(super) lacks_from: i64,
    /// Whether a segment has come since, so that room is looked for once it is answered.
    pub(super) is_due: bool,
}

impl SendBuffer {
    pub(super) fn new(size: usize, octets: Option<usize>, rules: &SendBufferRules) -> Self {
        let mut buffer = Self {
            size,
            is_set: false,
            segment: 0,
            lacks_room: false,
            lacks_from: 0,
            is_due: false,
        };
        if let Some(octets) = octets {
            buffer.set(octets, rules);
        }
        buffer
    }

    /// The application asks for so many octets.
    pub(super) fn set(&mut self, octets: usize, rules: &SendBufferRules) {
        self.size = match rules.counts {
            SendBufferCounts::Payload => octets,
            SendBufferCounts::Memory => memory::space_to_send(octets),
        };
        self.is_set = true;
    }

    /// Somebody was told that there is no room.
    pub(super) fn lack(&mut self, from: i64) {
        self.lacks_room = true;
        self.lacks_from = from;
    }
}
