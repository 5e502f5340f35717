//! Packet fields that only packetdrill scripts name: those of the IP header, the urgent pointer,
//! absolute numbers, and the packet inside an ICMP message.
//!
//! The script of a scenario names none of them. A field that is not named is not compared, and has
//! its default value in a forged packet.

use crate::diagnostic::Spanned;
use crate::wire::Carrier;

/// What only packetdrill's scripts say of a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Fields of its IP header.
    pub ip: IpFields,
    /// `urg N`: the urgent pointer.
    pub urgent: Option<Spanned<u16>>,
    /// `...(LENGTH)`: the payload of a segment whose numbers are not looked at, in octets.
    pub length: Option<Spanned<u16>>,
    /// `1:1(0)!`: the sequence numbers are those on the wire.
    pub absolute_sequence: bool,
    /// `ack 1!`: the acknowledgment number is that on the wire.
    pub absolute_acknowledgment: bool,
    /// What the `val` of its timestamps is.
    pub clock: Stamp,
    /// What the `ecr` of its timestamps is.
    pub echo: Stamp,
    /// `/udp(A > B)`: the datagram that a segment is in.
    pub carrier: Option<Spanned<Carrier>>,
    /// `md5 valid`, `md5 invalid`: the signature that a segment has.
    pub signature: Option<Signing>,
    /// What an ICMP message says besides its type and code.
    pub icmp: IcmpBody,
}

/// How a segment is signed (RFC 2385).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Whether the signature is the right one.
    pub is_valid: bool,
    /// The secret in it.
    pub secret: Vec<u8>,
}

/// What a number in the timestamps of a segment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// A number of the script, which stands for one of the host's.
    #[default]
    Script,
    /// `N!`: the number on the wire.
    Absolute,
    /// `...`: not looked at.
    Any,
}

/// Fields of an IP header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpFields {
    /// The octet of the type of service or traffic class.
    pub service: Option<Spanned<Service>>,
    /// `ttl N`, `hlim N`
    pub hop_limit: Option<Spanned<u8>>,
    /// `flowlabel 0xN`: of IPv6 alone.
    pub flow_label: Option<Spanned<u32>>,
}

/// What is said of the octet of the type of service or traffic class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The bits.
    pub octet: u8,
    /// Those of them that are looked at.
    pub mask: u8,
    /// `ect01`: whether either codepoint of ECN-capable transport will do (RFC 3168 section 5).
    pub is_capable: bool,
}

impl Service {
    /// The two bits of ECN in the octet.
    pub const ECN: u8 = 0b11;

    /// Whether an octet is what is said.
    pub fn holds(self, octet: u8) -> bool {
        let capable = matches!(octet & Self::ECN, 0b01 | 0b10);
        octet & self.mask == self.octet & self.mask && (capable || !self.is_capable)
    }
}

/// What an ICMP message says besides its type and code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IcmpBody {
    /// `mtu N`: the largest packet that the next link takes, in octets (RFC 1191, RFC 4443 section
    /// 3.2).
    pub mtu: Option<Spanned<u32>>,
    /// `id N`: the identifier of an echo.
    pub identifier: Option<Spanned<u16>>,
    /// `[1:1461(1460)]`: the packet that it is about.
    pub quoted: Option<Spanned<QuotedPacket>>,
    /// `[1:1461(1460)/udp(A > B)]`: the datagram that its segment was in.
    pub carrier: Option<Carrier>,
}

/// A packet of the host, as an ICMP error quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotedPacket {
    /// `[1:1461(1460)]`
    Segment {
        /// The sequence number of its first octet.
        start: u32,
        /// Its payload in octets.
        length: u16,
        /// Whether the number is that on the wire.
        is_absolute: bool,
    },
    /// `[udp (100)]`
    Udp {
        /// Its payload in octets.
        length: u16,
    },
    /// `[raw (100)]`: none, but the message has so many octets.
    Raw {
        /// The octets of the message, its header included.
        length: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_of_an_octet() {
        let service = |octet, mask, is_capable| Service {
            octet,
            mask,
            is_capable,
        };
        for (said, octet, holds) in [
            (service(0, 3, false), 0xfc, true),
            (service(0, 3, false), 0xfd, false),
            (service(2, 3, false), 0xfe, true),
            (service(0, 0, true), 1, true),
            (service(0, 0, true), 2, true),
            (service(0, 0, true), 3, false),
            (service(0, 0, true), 0, false),
            (service(0x10, 0xff, false), 0x10, true),
            (service(0x10, 0xff, false), 0x11, false),
            (service(0x28, 0xfc, false), 0x2b, true),
            (service(0x28, 0xfc, true), 0x2b, false),
        ] {
            assert_eq!(said.holds(octet), holds, "{said:?} {octet:#x}");
        }
    }
}
