//! How far the congestion window was used.

/// What is remembered of a flight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Whether the window has held something back, or was full.
    pub(super) is_limited: bool,
    /// The most segments that were out while it was not.
    pub(super) most: usize,
    /// Until this position is acknowledged.
    pub(super) until: i64,
}
