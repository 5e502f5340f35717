//! Taking an Ethernet frame apart, whatever its octets are.

use std::fmt;

use smoltcp::wire::{
    ArpOperation as WireArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame,
    EthernetProtocol, Icmpv4Packet, Icmpv6Packet, IpAddress, IpEndpoint, Ipv4Packet, Ipv6Address,
    Ipv6Packet, TcpPacket, UdpPacket,
};

use super::{IcmpMessage, Segment};

/// The IP protocol numbers that this file looks into (IANA's registry).
mod protocol {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ICMP: u8 = 1;
    pub(super) const TCP: u8 = 6;
    pub(super) const UDP: u8 = 17;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const ICMPV6: u8 = 58;
    pub(super) const DESTINATION_OPTIONS: u8 = 60;
}

/// What a frame carries, and between whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it, by the innermost address that can be read.
    pub from: NodeAddress,
    /// Whom it is for.
    pub to: NodeAddress,
    /// What it is.
    pub kind: Kind,
    /// Whether every checksum that could be verified holds.
    pub checksum: Checksum,
}

impl Packet {
    /// The TCP segment in it.
    pub fn segment(&self) -> Option<&Segment> {
        match &self.kind {
            Kind::Segment(segment) => Some(segment),
            Kind::Udp(_) | Kind::Icmp(_) | Kind::Arp(_) | Kind::Fragment(_) | Kind::Other(_) => {
                None
            }
        }
    }

    /// The two endpoints of a TCP segment or UDP datagram, the sender's first.
    pub fn endpoints(&self) -> Option<(IpEndpoint, IpEndpoint)> {
        let (source, destination) = match &self.kind {
            Kind::Segment(segment) => (segment.source_port, segment.destination_port),
            Kind::Udp(datagram) => (datagram.source_port, datagram.destination_port),
            Kind::Icmp(_) | Kind::Arp(_) | Kind::Fragment(_) | Kind::Other(_) => return None,
        };
        let from = IpEndpoint::new(self.from.ip()?, source);
        let to = IpEndpoint::new(self.to.ip()?, destination);
        Some((from, to))
    }
}

/// One end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeAddress {
    /// The address in the IP header, or the protocol address of ARP.
    Ip(IpAddress),
    /// The address in the Ethernet header, where there is no IP header that can be read.
    Ethernet(EthernetAddress),
    /// The frame is shorter than an Ethernet header.
    Unknown,
}

impl NodeAddress {
    /// The IP address.
    pub const fn ip(self) -> Option<IpAddress> {
        match self {
            Self::Ip(address) => Some(address),
            Self::Ethernet(_) | Self::Unknown => None,
        }
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Ethernet(address) => address.fmt(f),
            Self::Unknown => f.write_str("?"),
        }
    }
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP segment.
    Segment(Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// An ICMP message of either protocol. Neighbor Discovery is among them.
    Icmp(IcmpMessage),
    /// ARP.
    Arp(ArpOperation),
    /// A part of an IP datagram. Its first part is not looked into: half a segment is no segment.
    Fragment(Fragment),
    /// Anything else.
    Other(Other),
}

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

/// What an ARP packet does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpOperation {
    /// It asks for an Ethernet address.
    Request,
    /// It gives one.
    Reply,
    /// Any other operation.
    Unknown(u16),
}

/// A part of an IP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The IP protocol number of the datagram's payload.
    pub protocol: u8,
    /// Where in the payload it begins, in octets.
    pub offset: usize,
    /// How many octets of the payload it has.
    pub len: usize,
    /// Whether it is the last part.
    pub is_last: bool,
}

/// What nothing here looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// A frame of another EtherType.
    EtherType(u16),
    /// An IP datagram with another protocol number.
    Protocol {
        /// The number in the IP header.
        number: u8,
        /// How many octets of IP payload.
        len: usize,
    },
    /// A header of the named protocol that is cut short or contradicts itself.
    Malformed(&'static str),
}

/// Whether the checksums of a packet hold: that of the IPv4 header and that of TCP, UDP or ICMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// All that could be verified hold.
    Good,
    /// At least one does not.
    Bad,
}

impl Checksum {
    const fn of(holds: bool) -> Self {
        if holds { Self::Good } else { Self::Bad }
    }
}

/// Takes an Ethernet frame (without frame check sequence) apart. Any octets will do.
pub fn decode(frame: &[u8]) -> Packet {
    let Ok(ethernet) = EthernetFrame::new_checked(frame) else {
        return Packet {
            from: NodeAddress::Unknown,
            to: NodeAddress::Unknown,
            kind: Kind::Other(Other::Malformed("ethernet")),
            checksum: Checksum::Good,
        };
    };
    let kind = match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => match ipv4(ethernet.payload()) {
            Some(packet) => return packet,
            None => Kind::Other(Other::Malformed("ipv4")),
        },
        EthernetProtocol::Ipv6 => match ipv6(ethernet.payload()) {
            Some(packet) => return packet,
            None => Kind::Other(Other::Malformed("ipv6")),
        },
        EthernetProtocol::Arp => match arp(ethernet.payload()) {
            Some(packet) => return packet,
            None => Kind::Other(Other::Malformed("arp")),
        },
        EthernetProtocol::Unknown(number) => Kind::Other(Other::EtherType(number)),
    };
    Packet {
        from: NodeAddress::Ethernet(ethernet.src_addr()),
        to: NodeAddress::Ethernet(ethernet.dst_addr()),
        kind,
        checksum: Checksum::Good,
    }
}

/// What the TCP segment in an Ethernet frame carries; none where there is none directly behind its
/// IP header.
pub fn payload(frame: &[u8]) -> Option<&[u8]> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    let (next, segment) = match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => {
            let header = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
            if header.more_frags() || header.frag_offset() > 0 {
                return None;
            }
            (header.next_header(), header.payload())
        }
        EthernetProtocol::Ipv6 => {
            let header = Ipv6Packet::new_checked(ethernet.payload()).ok()?;
            (header.next_header(), header.payload())
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => return None,
    };
    if u8::from(next) != protocol::TCP {
        return None;
    }
    Some(TcpPacket::new_checked(segment).ok()?.payload())
}

fn arp(bytes: &[u8]) -> Option<Packet> {
    let repr = ArpRepr::parse(&ArpPacket::new_checked(bytes).ok()?).ok()?;
    let ArpRepr::EthernetIpv4 {
        operation,
        source_protocol_addr,
        target_protocol_addr,
        ..
    } = repr
    else {
        return None;
    };
    let operation = match operation {
        WireArpOperation::Request => ArpOperation::Request,
        WireArpOperation::Reply => ArpOperation::Reply,
        WireArpOperation::Unknown(number) => ArpOperation::Unknown(number),
    };
    Some(Packet {
        from: NodeAddress::Ip(source_protocol_addr.into()),
        to: NodeAddress::Ip(target_protocol_addr.into()),
        kind: Kind::Arp(operation),
        checksum: Checksum::Good,
    })
}

fn ipv4(bytes: &[u8]) -> Option<Packet> {
    let header = Ipv4Packet::new_checked(bytes)
        .ok()
        .filter(|header| header.version() == 4)?;
    let (from, to) = (
        IpAddress::from(header.src_addr()),
        IpAddress::from(header.dst_addr()),
    );
    let protocol = u8::from(header.next_header());
    let payload = header.payload();
    let (kind, checksum) = if header.more_frags() || header.frag_offset() > 0 {
        let fragment = Fragment {
            protocol,
            offset: usize::from(header.frag_offset()),
            len: payload.len(),
            is_last: !header.more_frags(),
        };
        (Kind::Fragment(fragment), Checksum::Good)
    } else {
        transport(from, to, protocol, payload)
    };
    let checksum = if header.verify_checksum() {
        checksum
    } else {
        Checksum::Bad
    };
    Some(Packet {
        from: NodeAddress::Ip(from),
        to: NodeAddress::Ip(to),
        kind,
        checksum,
    })
}

fn ipv6(bytes: &[u8]) -> Option<Packet> {
    let header = Ipv6Packet::new_checked(bytes)
        .ok()
        .filter(|header| header.version() == 6)?;
    let (from, to) = (
        IpAddress::from(header.src_addr()),
        IpAddress::from(header.dst_addr()),
    );
    let (kind, checksum) = ipv6_payload(from, to, u8::from(header.next_header()), header.payload());
    Some(Packet {
        from: NodeAddress::Ip(from),
        to: NodeAddress::Ip(to),
        kind,
        checksum,
    })
}

/// What follows an IPv6 header, past the extension headers that leave the addresses as they are.
/// (A routing header does not: behind it the checksum covers another destination.)
fn ipv6_payload(
    from: IpAddress,
    to: IpAddress,
    mut next: u8,
    mut bytes: &[u8],
) -> (Kind, Checksum) {
    // Each turn takes at least eight octets away, so this ends.
    loop {
        let extension = match (next, bytes) {
            (protocol::HOP_BY_HOP | protocol::DESTINATION_OPTIONS, &[following, len, ..]) => {
                // RFC 8200 section 4.3: the length is in units of 8 octets, without the first 8.
                Some((following, 8 * (usize::from(len) + 1)))
            }
            (protocol::FRAGMENT, &[protocol, _, high, low, _, _, _, _, ref part @ ..]) => {
                let field = u16::from_be_bytes([high, low]);
                let fragment = Fragment {
                    protocol,
                    offset: usize::from(field & !0b111),
                    len: part.len(),
                    is_last: field & 1 == 0,
                };
                return (Kind::Fragment(fragment), Checksum::Good);
            }
            (protocol::HOP_BY_HOP | protocol::DESTINATION_OPTIONS | protocol::FRAGMENT, _) => None,
            _ => return transport(from, to, next, bytes),
        };
        let rest = extension.and_then(|(following, len)| Some((following, bytes.get(len..)?)));
        let Some((following, rest)) = rest else {
            return malformed("ipv6 extension header");
        };
        (next, bytes) = (following, rest);
    }
}

/// The payload of a whole IP datagram. Both addresses are of one family.
fn transport(from: IpAddress, to: IpAddress, protocol: u8, bytes: &[u8]) -> (Kind, Checksum) {
    match (protocol, from, to) {
        (protocol::TCP, _, _) => match TcpPacket::new_checked(bytes) {
            Ok(packet) => {
                let checksum = Checksum::of(packet.verify_checksum(&from, &to));
                (Kind::Segment(Segment::read(&packet)), checksum)
            }
            Err(_) => malformed("tcp"),
        },
        (protocol::UDP, _, _) => match UdpPacket::new_checked(bytes) {
            Ok(packet) => udp(&packet, from, to),
            Err(_) => malformed("udp"),
        },
        (protocol::ICMP, IpAddress::Ipv4(_), _) => match Icmpv4Packet::new_checked(bytes) {
            Ok(packet) => {
                let message = IcmpMessage::V4 {
                    kind: packet.msg_type().into(),
                    code: packet.msg_code(),
                };
                (Kind::Icmp(message), Checksum::of(packet.verify_checksum()))
            }
            Err(_) => malformed("icmp"),
        },
        (protocol::ICMPV6, IpAddress::Ipv6(from), IpAddress::Ipv6(to)) => icmpv6(bytes, from, to),
        _ => {
            let other = Other::Protocol {
                number: protocol,
                len: bytes.len(),
            };
            (Kind::Other(other), Checksum::Good)
        }
    }
}

fn udp(packet: &UdpPacket<&[u8]>, from: IpAddress, to: IpAddress) -> (Kind, Checksum) {
    // RFC 8200 section 8.1: over IPv6 a UDP checksum of zero is not "no checksum" but an error.
    let is_missing = packet.checksum() == 0 && matches!(from, IpAddress::Ipv6(_));
    let checksum = Checksum::of(!is_missing && packet.verify_checksum(&from, &to));
    let datagram = Datagram {
        source_port: packet.src_port(),
        destination_port: packet.dst_port(),
        len: packet.payload().len(),
    };
    (Kind::Udp(datagram), checksum)
}

fn icmpv6(bytes: &[u8], from: Ipv6Address, to: Ipv6Address) -> (Kind, Checksum) {
    let &[kind, code, _, _, ..] = bytes else {
        return malformed("icmpv6");
    };
    // Type, code and checksum are all that is read, and they are there: smoltcp's own length check
    // would refuse messages whose body it cannot read.
    let packet = Icmpv6Packet::new_unchecked(bytes);
    (
        Kind::Icmp(IcmpMessage::V6 { kind, code }),
        Checksum::of(packet.verify_checksum(&from, &to)),
    )
}

const fn malformed(header: &'static str) -> (Kind, Checksum) {
    (Kind::Other(Other::Malformed(header)), Checksum::Good)
}
