//! Whether a sender takes segments for lost.

/// What a sender takes the path for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathState {
    /// Everything arrives in its order.
    Open,
    /// Acknowledgments repeat themselves or report later segments: something is late or lost.
    Disorder,
    /// A segment counts as lost since duplicates said so, and is being made up for.
    Recovery,
    /// The retransmission timer expired.
    Loss,
}

/// Recovery from a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// None.
    No,
    /// Fast recovery until everything up to this position is acknowledged (RFC 6582).
    Fast(i64),
    /// After a timeout, until everything up to this position is acknowledged.
    Timeout(i64),
}
