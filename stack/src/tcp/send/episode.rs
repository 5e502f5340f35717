//! The last response to congestion, which may prove needless.

use smoltcp::time::Instant;

/// What is remembered of the last response to congestion (Linux: undo_marker and what goes with
/// it).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Episode {
    /// SND.UNA when it began; none: there is nothing to take back.
    pub(super) marker: Option<i64>,
    /// What was sent again since, less what is known to have arrived twice; none: nothing was.
    pub(super) repeated: Option<usize>,
    /// When something was sent again first.
    pub(super) repeated_at: Option<Instant>,
    /// The window before, in octets.
    pub(super) window: usize,
    /// The threshold before, in octets; none where congestion is certain.
    pub(super) threshold: Option<usize>,
    pub(super) forward: Forward,
    /// Whether the timer has expired since anything new was acknowledged.
    pub(super) expired: bool,
    /// What was reported to have arrived twice, in segments.
    pub(super) duplicates: u64,
}

/// Where forward recovery stands behind a timeout (RFC 5682 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Forward {
    /// It is over, or never began: what counts as lost is sent again.
    #[default]
    No,
    /// The first segment was sent again, and what is acknowledged next decides.
    Watches,
    /// Something new is to be sent in the place of a repetition (step 2b).
    Tries,
    /// It was, and repetitions wait for the next acknowledgment.
    Holds,
}
