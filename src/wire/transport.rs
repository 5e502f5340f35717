//! Transport headers in an IP datagram: TCP, UDP or ICMP, whole or cut short.

use smoltcp::wire::{Icmpv4Packet, Icmpv6Packet, IpAddress, IpVersion, TcpPacket, UdpPacket};

use super::icmp::IcmpMessage;
use super::ip::{self, Ip, protocol};
use super::octets::u16_at;
use super::segment::{Segment, SegmentStart};

/// How many packets may be quoted within each other. A frame has room for thousands.
const QUOTED_MAX: usize = 16;

/// The header of UDP in octets.
pub(super) const UDP: usize = 8;

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// How many octets of payload it carries.
    pub len: usize,
}

/// An ICMP message with at least its type, code and checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// Its type and code.
    pub message: IcmpMessage,
    /// The four octets behind its checksum, of which the type says what they are: the identifier of
    /// an echo, the MTU of the next link (RFC 792, RFC 1191 section 4, RFC 4443 section 3.2).
    pub rest: Option<[u8; 4]>,
    /// The packet that an error is about, as much of it as it quotes.
    pub quoted: Option<Box<Quoted>>,
}

impl Icmp {
    /// Its header in octets (RFC 792, RFC 4443 section 2.1).
    pub const HEADER: usize = 8;
}

/// A packet that an ICMP error quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its IP header.
    pub ip: Ip,
    /// What it carries, where that is a protocol that is looked into.
    pub transport: Option<Transport>,
}

/// A transport header, as much of it as is there. Nothing is said of its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A TCP segment with at least its header without options.
    Segment(Segment),
    /// The beginning of a TCP header.
    SegmentStart(SegmentStart),
    /// A UDP datagram.
    Udp(Datagram),
    /// A UDP header that is cut short, or says another length than the datagram has.
    UdpStart {
        /// The sender's port.
        source_port: Option<u16>,
        /// The receiver's port.
        destination_port: Option<u16>,
        /// The length field.
        len: Option<u16>,
    },
    /// An ICMP message.
    Icmp(Icmp),
    /// The beginning of an ICMP header.
    IcmpStart {
        /// Which of the two protocols.
        version: IpVersion,
        /// The type field.
        kind: Option<u8>,
        /// The code field.
        code: Option<u8>,
    },
}

impl Transport {
    /// Reads what a datagram carries, whose addresses do not matter. None: another protocol.
    ///
    /// `at` is where `bytes` stand in what is decoded.
    pub fn read(protocol: u8, bytes: &[u8], at: usize) -> Option<Self> {
        Self::read_quoted(protocol, bytes, at, 0)
    }

    /// Reads what the datagram of a header carries that stands at `at` of what is decoded and that
    /// `depth` ICMP errors are around.
    pub(super) fn of(ip: &Ip, bytes: &[u8], at: usize, depth: usize) -> Option<Self> {
        let header = ip.header.as_ref().filter(|header| header.has_transport)?;
        let payload = bytes.get(header.payload.start - at..header.payload.end - at)?;
        Self::read_quoted(header.protocol, payload, header.payload.start, depth)
    }

    fn read_quoted(protocol: u8, bytes: &[u8], at: usize, depth: usize) -> Option<Self> {
        Some(match protocol {
            protocol::TCP => match Segment::read(bytes, at) {
                Ok(segment) => Self::Segment(segment),
                Err(start) => Self::SegmentStart(start),
            },
            protocol::UDP => udp(bytes),
            protocol::ICMP => icmp(IpVersion::Ipv4, bytes, at, depth),
            protocol::ICMPV6 => icmp(IpVersion::Ipv6, bytes, at, depth),
            _ => return None,
        })
    }
}

fn udp(bytes: &[u8]) -> Transport {
    let [source_port, destination_port, len] = [0, 2, 4].map(|at| u16_at(bytes, at));
    let payload = len.and_then(|len| usize::from(len).checked_sub(UDP));
    match (source_port, destination_port, payload) {
        (Some(source_port), Some(destination_port), Some(len)) if bytes.len() >= UDP + len => {
            Transport::Udp(Datagram {
                source_port,
                destination_port,
                len,
            })
        }
        _ => Transport::UdpStart {
            source_port,
            destination_port,
            len,
        },
    }
}

fn icmp(version: IpVersion, bytes: &[u8], at: usize, depth: usize) -> Transport {
    let &[kind, code, _, _, ref body @ ..] = bytes else {
        return Transport::IcmpStart {
            version,
            kind: bytes.first().copied(),
            code: bytes.get(1).copied(),
        };
    };
    let message = IcmpMessage::new(version, kind, code);
    let about = bytes
        .get(Icmp::HEADER..)
        .filter(|_| message.quotes_a_packet() && depth < QUOTED_MAX);
    let quoted = about.map(|about| {
        let at = at + Icmp::HEADER;
        let ip = ip::read(version, about, at);
        let transport = Transport::of(&ip, about, at, depth + 1);
        Box::new(Quoted { ip, transport })
    });
    Transport::Icmp(Icmp {
        message,
        rest: body.first_chunk().copied(),
        quoted,
    })
}

/// Whether the checksum of a whole transport header holds. Both addresses are of one family.
pub(super) fn checksum_holds(
    transport: &Transport,
    bytes: &[u8],
    ends: (IpAddress, IpAddress),
) -> bool {
    let (from, to) = ends;
    match (transport, from, to) {
        (Transport::Segment(_), _, _) => {
            TcpPacket::new_unchecked(bytes).verify_checksum(&from, &to)
        }
        (Transport::Udp(_), _, _) => {
            let packet = UdpPacket::new_unchecked(bytes);
            // RFC 8200 section 8.1: over IPv6 a UDP checksum of zero is not "no checksum" but an
            // error.
            let is_missing = packet.checksum() == 0 && matches!(from, IpAddress::Ipv6(_));
            !is_missing && packet.verify_checksum(&from, &to)
        }
        // smoltcp's own length check would refuse messages whose body it cannot read.
        (Transport::Icmp(_), IpAddress::Ipv6(from), IpAddress::Ipv6(to)) => {
            Icmpv6Packet::new_unchecked(bytes).verify_checksum(&from, &to)
        }
        (Transport::Icmp(_), _, _) => Icmpv4Packet::new_unchecked(bytes).verify_checksum(),
        (
            Transport::SegmentStart(_) | Transport::UdpStart { .. } | Transport::IcmpStart { .. },
            _,
            _,
        ) => true,
    }
}
