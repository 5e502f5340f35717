//! What models of the receive buffer are told and asked.

use smoltcp::time::{Duration, Instant};

/// What a model needs to know to select a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    /// Octets queued and not read, those that wait for earlier ones included.
    pub(crate) queued: usize,
    /// The window in the last segment we sent, in octets.
    pub(crate) offered: usize,
    /// What is left of it: from what was accepted to the right edge.
    pub(crate) remaining: usize,
    /// The shift of the window field.
    pub(crate) shift: u8,
}

/// A segment that asks for memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) octets: usize,
    /// Whether it is the next of the stream, and nothing waits behind a gap.
    pub(crate) in_order: bool,
    pub(crate) fin: bool,
}

/// When a segment with data has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) now: Instant,
    /// The octets of it.
    pub(crate) octets: usize,
    /// The timestamp that it echoes, and how long ago that was sent.
    pub(crate) echo: Option<(u32, Duration)>,
    /// A tick of the clock of timestamps.
    pub(crate) tick: Duration,
}

/// Whether there is memory for a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Granted,
    /// There is, since what was there was packed anew.
    GrantedAfterPacking,
    Refused,
}

/// Whether packets that make good use of memory have let the window grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    Some,
    None,
}
