//! The bulk transfer that every engine makes: the same segments, buffers and calls.

use std::fmt;

/// Octets of payload in a full segment: an Ethernet frame less the IPv4 and TCP headers.
pub(crate) const SEGMENT_OCTETS: usize = 1460;
/// The receive buffer of the receiving socket, in octets.
pub(crate) const RECEIVE_BUFFER_OCTETS: usize = 256 * 1024;
/// The send buffer of the sending socket, in octets. It is smaller than the receive buffer, so that
/// the window never closes: smoltcp's sender stalls for ever when that happens with data in flight.
pub(crate) const SEND_BUFFER_OCTETS: usize = 128 * 1024;
/// How many octets an application hands over or asks for in one call.
pub(crate) const CALL_OCTETS: usize = 64 * 1024;

/// A transfer that came to a halt: nothing is due and octets are missing.
#[derive(Debug)]
pub(crate) struct Stalled {
    /// How many octets the receiver has read.
    pub(crate) received: usize,
}

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing is due any more after {} octets", self.received)
    }
}
