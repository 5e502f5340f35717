//! The local address of a socket.

use smoltcp::wire::IpAddress;

/// A local address: one of the host's, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) address: Option<IpAddress>,
    pub(crate) port: u16,
}

impl Bound {
    /// Whether both would receive some of the same traffic.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        let same_address = match (self.address, other.address) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        };
        self.port == other.port && same_address
    }
}
