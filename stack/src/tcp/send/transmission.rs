//! A segment that is to be sent, and what it must keep to.

use crate::event::Retransmission;
use crate::tcp::in_flight::{Control, Flying, PacketEnd};

/// A segment to be put on the wire now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transmission {
    /// SEG.SEQ as a stream position.
    pub(crate) start: i64,
    /// Octets of payload.
    pub(crate) octets: usize,
    pub(crate) control: Control,
    /// Whether it carries PSH.
    pub(crate) push: bool,
    /// Whether it carries PSH again whenever it is sent again.
    pub(crate) keeps_push: bool,
    pub(crate) packet_end: PacketEnd,
    /// Why it is sent, where it was sent before.
    pub(crate) again: Option<Retransmission>,
}

impl Transmission {
    pub(super) fn again(segment: &Flying, cause: Retransmission) -> Self {
        Self {
            start: segment.start,
            octets: segment.payload(),
            control: segment.control,
            push: segment.push,
            keeps_push: segment.push,
            packet_end: segment.packet_end,
            again: Some(cause),
        }
    }
}

/// Which limits a new segment must keep.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Limits {
    /// All of them.
    All,
    /// The peer's window and a full segment; the congestion window lets one more pass.
    PeerOnly,
    /// The peer's window alone.
    WindowOnly,
}
