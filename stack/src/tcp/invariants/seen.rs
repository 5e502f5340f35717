//! What the invariants compare each step with.

/// How far each number had come at the last step: none of them ever goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tcp) struct Seen {
    pub(super) unacknowledged: i64,
    pub(super) next: i64,
    pub(super) accepted: i64,
    pub(super) acknowledged: i64,
    pub(super) right_edge: i64,
    /// The right edge as the wire has shown it: the field of a segment, scaled.
    pub(super) edge_on_wire: i64,
    /// Whether a reset has ended the connection on the wire.
    pub(super) reset: bool,
}
