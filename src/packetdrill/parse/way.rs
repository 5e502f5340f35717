//! Which way a packet of a script goes.

/// Which way a packet goes, as seen from the host under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::packetdrill) enum Way {
    Inbound,
    Outbound,
}
