//! A segment on its way from a connection to the wire.

use bytes::Bytes;

use super::Connection;
use super::segment::Segment;
use crate::envelope::Envelope;
use crate::event::{Repetition, Retransmission};

/// A segment to put on the wire. A network has one for all that its hosts send: it is written in
/// place, as its 250 octets are costly to move.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The header.
    pub segment: Segment,
    /// What carries it.
    pub envelope: Envelope,
    /// The payload, shared with what the application wrote.
    pub payload: Bytes,
    /// Whether a router may take its packet apart: DF is cleared (IPv4).
    pub may_fragment: bool,
    /// What is to be said of it, where it is sent again.
    pub again: Option<Repetition>,
}

impl Outgoing {
    /// A segment without payload.
    pub(crate) fn new(segment: Segment, envelope: Envelope) -> Self {
        Self {
            segment,
            envelope,
            payload: Bytes::new(),
            may_fragment: false,
            again: None,
        }
    }
}

/// Whether a connection had a segment to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a connection is asked until it has nothing to send"]
pub(crate) enum Sent {
    Segment,
    Nothing,
}

impl Connection {
    /// Marks and signs a segment as the connection's are.
    #[inline]
    pub(super) fn finish(&mut self, outgoing: &mut Outgoing) {
        let again = outgoing.again.map(|again| again.cause);
        outgoing.envelope = self.mark(&mut outgoing.segment, again.is_some());
        outgoing.segment.options.signed = self.config.signs;
        let timed_out = again == Some(Retransmission::Timeout);
        outgoing.may_fragment =
            self.config.path_mtu.may_fragment() || timed_out && self.patience.seeks_black_hole;
    }
}
