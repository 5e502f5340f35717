//! The ports and sequence numbers in use by forged packets of a script.

use hangup_stack::socket::Protocol;
use smoltcp::time::Instant;

/// The first port of a host without a stack.
const FORGED_PORT: u16 = 40_000;
/// The first of the initial sequence numbers of hosts without a stack.
const FORGED_SEQUENCE: u32 = 1_000_000_000;

/// What the script's own packets have used.
#[derive(Debug)]
pub(super) struct Forging {
    /// The next port of a host without a stack.
    pub(super) port: u16,
    /// The ports of what the script has sent, in order.
    pub(super) ports: Vec<ForgedPorts>,
    /// The next initial sequence number of a host without a stack.
    pub(super) sequence: u32,
}

impl Default for Forging {
    fn default() -> Self {
        Self {
            port: FORGED_PORT,
            ports: Vec::new(),
            sequence: FORGED_SEQUENCE,
        }
    }
}

/// The ports of a packet that the script has sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForgedPorts {
    pub(super) pair: (usize, usize),
    pub(super) protocol: Protocol,
    pub(super) ports: (u16, u16),
    pub(super) at: Instant,
    /// How many packets had been seen before.
    pub(super) behind: usize,
}
