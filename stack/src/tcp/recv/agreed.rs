//! What a handshake tells the receive half.

/// What a handshake has settled, as far as receiving goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreed {
    /// The shift of our window field.
    pub(crate) shift: u8,
    /// The payload that segments carry at most, in octets.
    pub(crate) segment: usize,
    /// What options take of each segment, in octets.
    pub(crate) options: usize,
}

/// Whose SYN was the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    Ours,
    Theirs,
}
