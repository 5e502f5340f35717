//! The decoder of Ethernet frames, which takes any octets.

use std::fmt;

use smoltcp::wire::{
    ArpOperation as WireArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame,
    EthernetProtocol, IpAddress, IpEndpoint, IpVersion, Ipv4Packet,
};

use super::ip::{self, Fragment, Ip, IpHeader, Stop, protocol};
use super::octets::u16_at;
use super::segment::Segment;
use super::transport::{self, Datagram, Icmp, Transport};

/// The EtherTypes that are looked into (IANA's registry).
pub mod ethertype {
    /// ARP over Ethernet.
    pub const ARP: u16 = 0x0806;
}

/// The header of Ethernet in octets.
pub(super) const ETHERNET: usize = 14;

/// What a frame carries, and between whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it, by the innermost address that can be read.
    pub from: NodeAddress,
    /// Whom it is for.
    pub to: NodeAddress,
    /// What it is.
    pub kind: FrameKind,
    /// Whether every checksum that could be verified holds.
    pub checksum: Checksum,
    /// The EtherType. None: the frame is shorter than an Ethernet header.
    pub ethertype: Option<u16>,
    /// The IP header, where the EtherType says that there is one.
    pub ip: Option<Ip>,
    /// The datagram that a TCP segment is in, with its ports. None: IP carries the segment itself.
    pub carrier: Option<Carrier>,
    /// What can be read of a header where `kind` is no end of it: of a malformed one, and behind an
    /// extension header at which a host stops.
    pub remains: Option<Box<Remains>>,
}

/// The ports of a datagram with a TCP segment in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// The sender's.
    pub source_port: u16,
    /// The receiver's.
    pub destination_port: u16,
}

/// What can be read of a header that a host does not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remains {
    /// The operation of a malformed ARP packet.
    ArpOperation(u16),
    /// A transport header.
    Transport(Transport),
}

impl Packet {
    /// The TCP segment in it.
    pub fn segment(&self) -> Option<&Segment> {
        match &self.kind {
            FrameKind::Segment(segment) => Some(segment),
            FrameKind::Udp(_)
            | FrameKind::Icmp(_)
            | FrameKind::Arp(_)
            | FrameKind::Fragment(_)
            | FrameKind::Other(_) => None,
        }
    }

    /// What the TCP segment in it carries. `frame` is what was decoded.
    pub fn payload<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        frame.get(self.segment()?.payload.clone())
    }

    /// The two endpoints of a TCP segment or UDP datagram, the sender's first.
    pub fn endpoints(&self) -> Option<(IpEndpoint, IpEndpoint)> {
        let (source, destination) = match &self.kind {
            FrameKind::Segment(segment) => (segment.source_port, segment.destination_port),
            FrameKind::Udp(datagram) => (datagram.source_port, datagram.destination_port),
            FrameKind::Icmp(_)
            | FrameKind::Arp(_)
            | FrameKind::Fragment(_)
            | FrameKind::Other(_) => return None,
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
pub enum FrameKind {
    /// A TCP segment.
    Segment(Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// An ICMP message of either protocol. Neighbor Discovery is among them.
    Icmp(Icmp),
    /// ARP.
    Arp(ArpOperation),
    /// A part of an IP datagram. Its first part is not looked into: half a segment is no segment.
    Fragment(Fragment),
    /// Anything else.
    Other(Other),
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

impl ArpOperation {
    /// Its number.
    pub fn number(self) -> u16 {
        match self {
            Self::Request => 1,
            Self::Reply => 2,
            Self::Unknown(number) => number,
        }
    }
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
            kind: FrameKind::Other(Other::Malformed("ethernet")),
            checksum: Checksum::Good,
            ethertype: None,
            ip: None,
            carrier: None,
            remains: None,
        };
    };
    let packet = match ethernet.ethertype() {
        EthernetProtocol::Ipv4 => ip(IpVersion::Ipv4, frame),
        EthernetProtocol::Ipv6 => ip(IpVersion::Ipv6, frame),
        EthernetProtocol::Arp => arp(ethernet.payload()),
        EthernetProtocol::Unknown(number) => Read::of(FrameKind::Other(Other::EtherType(number))),
    };
    let (from, to) = packet.addresses.unwrap_or((
        NodeAddress::Ethernet(ethernet.src_addr()),
        NodeAddress::Ethernet(ethernet.dst_addr()),
    ));
    Packet {
        from,
        to,
        kind: packet.kind,
        checksum: packet.checksum,
        ethertype: Some(ethernet.ethertype().into()),
        ip: packet.ip,
        carrier: None,
        remains: packet.remains.map(Box::new),
    }
}

/// As [`decode`], where datagrams from or to some UDP ports have TCP segments in them.
pub fn decode_carried(frame: &[u8], ports: &[u16]) -> Packet {
    let mut packet = decode(frame);
    let FrameKind::Udp(datagram) = packet.kind else {
        return packet;
    };
    let Datagram {
        source_port,
        destination_port,
        len,
    } = datagram;
    let header = packet.ip.as_ref().and_then(|ip| ip.header.as_ref());
    if ![source_port, destination_port]
        .iter()
        .any(|port| ports.contains(port))
    {
        return packet;
    }
    let begin = header.map_or(frame.len(), |header| header.payload.start + transport::UDP);
    let octets = frame.get(begin..begin + len).unwrap_or_default();
    if let Ok(segment) = Segment::read(octets, begin)
        && segment.is_well_formed()
    {
        packet.kind = FrameKind::Segment(segment);
        packet.carrier = Some(Carrier {
            source_port,
            destination_port,
        });
    }
    packet
}

/// What was read behind an Ethernet header.
struct Read {
    /// None: those of the Ethernet header.
    addresses: Option<(NodeAddress, NodeAddress)>,
    kind: FrameKind,
    checksum: Checksum,
    ip: Option<Ip>,
    remains: Option<Remains>,
}

impl Read {
    fn of(kind: FrameKind) -> Self {
        Self {
            addresses: None,
            kind,
            checksum: Checksum::Good,
            ip: None,
            remains: None,
        }
    }
}

fn arp(bytes: &[u8]) -> Read {
    let repr = ArpPacket::new_checked(bytes).and_then(|packet| ArpRepr::parse(&packet));
    let Ok(ArpRepr::EthernetIpv4 {
        operation,
        source_protocol_addr,
        target_protocol_addr,
        ..
    }) = repr
    else {
        return Read {
            remains: u16_at(bytes, 6).map(Remains::ArpOperation),
            ..Read::of(FrameKind::Other(Other::Malformed("arp")))
        };
    };
    Read {
        addresses: Some((
            NodeAddress::Ip(source_protocol_addr.into()),
            NodeAddress::Ip(target_protocol_addr.into()),
        )),
        ..Read::of(FrameKind::Arp(match operation {
            WireArpOperation::Request => ArpOperation::Request,
            WireArpOperation::Reply => ArpOperation::Reply,
            WireArpOperation::Unknown(number) => ArpOperation::Unknown(number),
        }))
    }
}

/// An IP datagram in a frame that says it is of a version.
fn ip(version: IpVersion, frame: &[u8]) -> Read {
    let bytes = &frame[ETHERNET..];
    let ip = ip::read(version, bytes, ETHERNET);
    let transport = Transport::of(&ip, bytes, ETHERNET, 0);
    let name = match version {
        IpVersion::Ipv4 => "ipv4",
        IpVersion::Ipv6 => "ipv6",
    };
    let malformed = |remains, ip| Read {
        remains,
        ip: Some(ip),
        ..Read::of(FrameKind::Other(Other::Malformed(name)))
    };
    let Some(header) = ip
        .header
        .as_ref()
        .filter(|header| is_whole(header, version, bytes))
    else {
        return malformed(transport.map(Remains::Transport), ip);
    };
    let (from, to) = (header.from, header.to);
    let payload = &frame[header.payload.clone()];
    let (kind, checksum, remains) = match (header.stop, transport) {
        (Some(stop), remains) => (stopped(stop), Checksum::Good, remains),
        (None, Some(transport)) if protocol::is_of(version, header.protocol) => {
            carried(transport, payload, (from, to))
        }
        (None, remains) => {
            let other = Other::Protocol {
                number: header.protocol,
                len: payload.len(),
            };
            (FrameKind::Other(other), Checksum::Good, remains)
        }
    };
    let header_holds = match version {
        IpVersion::Ipv4 => Ipv4Packet::new_unchecked(bytes).verify_checksum(),
        IpVersion::Ipv6 => true,
    };
    Read {
        addresses: Some((NodeAddress::Ip(from), NodeAddress::Ip(to))),
        kind,
        checksum: if header_holds {
            checksum
        } else {
            Checksum::Bad
        },
        ip: Some(ip),
        remains: remains.map(Remains::Transport),
    }
}

/// What a packet is at whose header a host stops.
fn stopped(stop: Stop) -> FrameKind {
    match stop {
        Stop::Fragment(fragment) => FrameKind::Fragment(fragment),
        Stop::Routing { len } => FrameKind::Other(Other::Protocol {
            number: protocol::ROUTING,
            len,
        }),
        Stop::Malformed => FrameKind::Other(Other::Malformed("ipv6 extension header")),
    }
}

/// Whether a header is one that a host takes: all of the datagram is there, and it is of the
/// version and length that it says.
fn is_whole(header: &IpHeader, version: IpVersion, bytes: &[u8]) -> bool {
    let (number, has_length) = match version {
        IpVersion::Ipv4 => (4, u16_at(bytes, 2) != Some(0)),
        IpVersion::Ipv6 => (6, true),
    };
    bytes.first().is_some_and(|first| first >> 4 == number) && has_length && !header.is_cut
}

/// What a whole datagram carries, and what is left of it where that is malformed. Both addresses
/// are of one family.
fn carried(
    transport: Transport,
    bytes: &[u8],
    ends: (IpAddress, IpAddress),
) -> (FrameKind, Checksum, Option<Transport>) {
    let checksum = Checksum::of(transport::checksum_holds(&transport, bytes, ends));
    let malformed = |name, transport| {
        let kind = FrameKind::Other(Other::Malformed(name));
        (kind, Checksum::Good, Some(transport))
    };
    match transport {
        Transport::Segment(segment) if segment.is_well_formed() => {
            (FrameKind::Segment(segment), checksum, None)
        }
        Transport::Segment(_) | Transport::SegmentStart(_) => malformed("tcp", transport),
        Transport::Udp(datagram) => (FrameKind::Udp(datagram), checksum, None),
        Transport::UdpStart { .. } => malformed("udp", transport),
        Transport::Icmp(message) => (FrameKind::Icmp(message), checksum, None),
        Transport::IcmpStart { version, .. } => {
            let name = match version {
                IpVersion::Ipv4 => "icmp",
                IpVersion::Ipv6 => "icmpv6",
            };
            malformed(name, transport)
        }
    }
}
