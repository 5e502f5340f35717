//! What carries a segment: the fields of the IP header that a socket chooses, and the datagram that
//! TCP in UDP puts the segment into.

/// The two low bits of the octet of the type of service or traffic class: the codepoints of ECN
/// (RFC 3168 section 5).
pub const ECN_BITS: u8 = 0b11;

/// ECT(0): the transport takes part in ECN.
pub const ECT_0: u8 = 0b10;

/// CE: a router has seen congestion.
pub const CONGESTED: u8 = 0b11;

/// The hop limit of what is sent where the socket chooses none.
pub const HOP_LIMIT: u8 = 64;

/// A UDP header in octets (RFC 768).
pub(crate) const UDP_HEADER: usize = 8;

/// The ports of the datagram that a segment is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramPorts {
    /// The sender's.
    pub source: u16,
    /// The receiver's.
    pub destination: u16,
}

impl DatagramPorts {
    /// Those of an answer.
    pub(crate) fn reversed(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
        }
    }
}

/// What carries a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The octet of the type of service or traffic class.
    pub service: u8,
    /// The time to live or hop limit.
    pub hop_limit: u8,
    /// The datagram that the segment is in. None: IP carries the segment itself.
    pub datagram: Option<DatagramPorts>,
}

impl Envelope {
    /// What an ordinary socket's segments are in.
    pub const ORDINARY: Self = Self {
        service: 0,
        hop_limit: HOP_LIMIT,
        datagram: None,
    };

    /// How many octets of each packet the datagram takes.
    pub(crate) fn octets(self) -> usize {
        self.datagram.map_or(0, |_| UDP_HEADER)
    }

    /// The codepoint of ECN.
    pub(crate) fn ecn(self) -> u8 {
        self.service & ECN_BITS
    }
}

impl Default for Envelope {
    fn default() -> Self {
        Self::ORDINARY
    }
}
