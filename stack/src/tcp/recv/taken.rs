//! What became of a segment that was taken.

/// What became of a segment's payload and FIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// New octets that are, or will be, acknowledged.
    pub(crate) accepted: usize,
    /// New octets whose acknowledgment is withheld.
    pub(crate) held: usize,
    /// New octets that were thrown away.
    pub(crate) discarded: usize,
    /// Octets that found no room.
    pub(crate) refused: usize,
    /// Whether the segment left a gap before it, or another gap is still open.
    pub(crate) gap: bool,
    /// Whether something of it, or of what waited for it, is next in the stream.
    pub(crate) in_order: bool,
    /// Whether the peer was told of what was there before it.
    pub(crate) has_told: bool,
    /// Whether it closed a gap.
    pub(crate) filled: bool,
    /// Whether the segment carried payload that was all there already.
    pub(crate) repeated: bool,
    /// Whether the stream has ended with this segment.
    pub(crate) ended: bool,
    /// Whether the peer's FIN is in order but stands behind held data.
    pub(crate) fin_ignored: bool,
    /// Whether held data has just reached the right edge.
    pub(crate) exhausted: bool,
    /// Whether the window may grow for the segment.
    pub(crate) grew: bool,
    /// Whether memory was so short that the queue was packed anew.
    pub(crate) packed: bool,
    /// Whether there was none for it, so that the window is closed.
    pub(crate) out_of_memory: bool,
    /// Whether there was none, and nobody is told.
    pub(crate) forgotten: bool,
    /// Whether a FIN came into a closed window that takes none.
    pub(crate) fin_refused: bool,
}
