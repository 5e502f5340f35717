//! The device under smoltcp's interface, and the shorter path of TCP segments around that
//! interface.
//!
//! smoltcp's interface carries everything but TCP. Segments take a shorter way over the same
//! `smoltcp::wire` code: a segment is read straight from its frame and written straight into one,
//! which saves two copies and lets a segment and the frame it travels in be told of together.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::{
    ArpOperation, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr,
    Icmpv6Repr, IpAddress, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr,
    NdiscNeighborFlags, NdiscRepr, UdpPacket,
};

use crate::envelope::{DatagramPorts, Envelope, UDP_HEADER};
use crate::tcp::segment::Segment;

/// The Ethernet header in octets.
pub(crate) const ETHERNET_HEADER: usize = 14;

/// The device under the interface: frames in memory.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) inbound: VecDeque<Bytes>,
    pub(crate) outbound: VecDeque<Bytes>,
    /// Room for frames that are sent next.
    room: BytesMut,
    mtu: usize,
}

/// How much room is made at once, in octets.
const ROOM: usize = 16 * 1024;

impl Wire {
    pub(crate) fn new(mtu: usize) -> Self {
        Self {
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            room: BytesMut::new(),
            mtu,
        }
    }
}

/// A frame the interface takes.
pub(crate) struct Inbound(Bytes);

/// Room for a frame that the interface sends.
pub(crate) struct Outbound<'a> {
    queue: &'a mut VecDeque<Bytes>,
    room: &'a mut BytesMut,
}

impl Device for Wire {
    type RxToken<'a> = Inbound;
    type TxToken<'a> = Outbound<'a>;

    fn receive(&mut self, timestamp: Instant) -> Option<(Inbound, Outbound<'_>)> {
        let frame = self.inbound.pop_front()?;
        Some((Inbound(frame), self.transmit(timestamp)?))
    }

    fn transmit(&mut self, _timestamp: Instant) -> Option<Outbound<'_>> {
        Some(Outbound {
            queue: &mut self.outbound,
            room: &mut self.room,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu + ETHERNET_HEADER;
        capabilities
    }
}

impl RxToken for Inbound {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Outbound<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        if self.room.capacity() < len {
            // Where no frame is in use any more, their room is taken again.
            self.room.reserve(len.max(ROOM));
        }
        self.room.resize(len, 0);
        let result = f(self.room);
        self.queue.push_back(self.room.split().freeze());
        result
    }
}

/// A TCP segment in its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentInFrame<'a> {
    pub(crate) source: IpAddress,
    pub(crate) destination: IpAddress,
    pub(crate) envelope: Envelope,
    pub(crate) octets: &'a [u8],
}

impl<'a> SegmentInFrame<'a> {
    /// The segment and its payload, where its checksum holds or that of its datagram did.
    pub(crate) fn parse(&self) -> Option<(Segment, &'a [u8])> {
        match self.envelope.datagram {
            None => Segment::parse(self.octets, self.source, self.destination),
            Some(_) => Segment::parse_in_datagram(self.octets),
        }
    }
}

/// Finds the TCP segment in a frame. None where there is none, or where IP has something to say
/// first: a fragment, an extension header, a damaged header. Such frames are the interface's.
pub(crate) fn segment_in(frame: &[u8]) -> Option<SegmentInFrame<'_>> {
    carried(frame, IpProtocol::Tcp)
}

/// Finds the TCP segment in a frame with an undamaged datagram to a port. None: there is none.
pub(crate) fn segment_in_datagram(frame: &[u8], port: u16) -> Option<SegmentInFrame<'_>> {
    let found = carried(frame, IpProtocol::Udp)?;
    let packet = UdpPacket::new_checked(found.octets).ok()?;
    if packet.dst_port() != port || !packet.verify_checksum(&found.source, &found.destination) {
        return None;
    }
    let ports = DatagramPorts {
        source: packet.src_port(),
        destination: port,
    };
    let length = usize::from(packet.len());
    Some(SegmentInFrame {
        envelope: Envelope {
            datagram: Some(ports),
            ..found.envelope
        },
        octets: found.octets.get(UDP_HEADER..length)?,
        ..found
    })
}

/// The segment in a frame of a connection of ours, also in a datagram to whatever port.
#[cfg(debug_assertions)]
pub(crate) fn segment_sent(frame: &[u8]) -> Option<SegmentInFrame<'_>> {
    segment_in(frame).or_else(|| {
        let found = carried(frame, IpProtocol::Udp)?;
        let port = UdpPacket::new_checked(found.octets).ok()?.dst_port();
        segment_in_datagram(frame, port)
    })
}

/// Finds the TCP segment in an IP packet.
pub(crate) fn segment_in_packet(packet: &[u8]) -> Option<SegmentInFrame<'_>> {
    match packet.first()? >> 4 {
        4 => carried_by_ipv4(packet, IpProtocol::Tcp),
        6 => carried_by_ipv6(packet, IpProtocol::Tcp),
        _ => None,
    }
}

/// What IP carries of a protocol in a frame, in one piece and behind a header without extensions.
fn carried(frame: &[u8], protocol: IpProtocol) -> Option<SegmentInFrame<'_>> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    match frame.ethertype() {
        EthernetProtocol::Ipv4 => carried_by_ipv4(frame.payload(), protocol),
        EthernetProtocol::Ipv6 => carried_by_ipv6(frame.payload(), protocol),
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => None,
    }
}

fn carried_by_ipv4(packet: &[u8], protocol: IpProtocol) -> Option<SegmentInFrame<'_>> {
    let packet = Ipv4Packet::new_checked(packet).ok()?;
    let whole = !packet.more_frags() && packet.frag_offset() == 0;
    let is_it = packet.next_header() == protocol && packet.version() == 4;
    if !whole || !is_it || !packet.verify_checksum() {
        return None;
    }
    Some(SegmentInFrame {
        source: IpAddress::Ipv4(packet.src_addr()),
        destination: IpAddress::Ipv4(packet.dst_addr()),
        envelope: Envelope {
            service: packet.dscp() << 2 | packet.ecn(),
            hop_limit: packet.hop_limit(),
            datagram: None,
        },
        octets: packet.payload(),
    })
}

fn carried_by_ipv6(packet: &[u8], protocol: IpProtocol) -> Option<SegmentInFrame<'_>> {
    let packet = Ipv6Packet::new_checked(packet).ok()?;
    (packet.next_header() == protocol).then(|| SegmentInFrame {
        source: IpAddress::Ipv6(packet.src_addr()),
        destination: IpAddress::Ipv6(packet.dst_addr()),
        envelope: Envelope {
            service: packet.traffic_class(),
            hop_limit: packet.hop_limit(),
            datagram: None,
        },
        octets: packet.payload(),
    })
}

/// What the IP header between two addresses takes, in octets.
pub(crate) fn ip_header(source: IpAddress) -> usize {
    match source {
        IpAddress::Ipv4(_) => 20,
        IpAddress::Ipv6(_) => 40,
    }
}

/// Writes a UDP header in front of a segment.
pub(crate) fn emit_udp(
    octets: &mut [u8],
    (source, destination): (IpAddress, IpAddress),
    ports: DatagramPorts,
) {
    let length = octets.len() as u16;
    let mut packet = UdpPacket::new_unchecked(octets);
    packet.set_src_port(ports.source);
    packet.set_dst_port(ports.destination);
    packet.set_len(length);
    packet.fill_checksum(&source, &destination);
}

/// Writes the IP header of what carries a TCP segment, for `length` octets behind it. The addresses
/// are of one family.
pub(crate) fn emit_ip(
    octets: &mut [u8],
    (source, destination): (IpAddress, IpAddress),
    length: usize,
    envelope: Envelope,
) {
    let next_header = match envelope.datagram {
        None => IpProtocol::Tcp,
        Some(_) => IpProtocol::Udp,
    };
    let hop_limit = envelope.hop_limit;
    match (source, destination) {
        (IpAddress::Ipv4(src_addr), IpAddress::Ipv4(dst_addr)) => {
            let header = Ipv4Repr {
                src_addr,
                dst_addr,
                next_header,
                payload_len: length,
                hop_limit,
            };
            let checksums = smoltcp::phy::ChecksumCapabilities::default();
            let mut packet = Ipv4Packet::new_unchecked(octets);
            header.emit(&mut packet, &checksums);
            if envelope.service != 0 {
                packet.set_dscp(envelope.service >> 2);
                packet.set_ecn(envelope.ecn());
                packet.fill_checksum();
            }
        }
        (IpAddress::Ipv6(src_addr), IpAddress::Ipv6(dst_addr)) => {
            let header = Ipv6Repr {
                src_addr,
                dst_addr,
                next_header,
                payload_len: length,
                hop_limit,
            };
            let mut packet = Ipv6Packet::new_unchecked(octets);
            header.emit(&mut packet);
            packet.set_traffic_class(envelope.service);
        }
        (IpAddress::Ipv4(_), IpAddress::Ipv6(_)) | (IpAddress::Ipv6(_), IpAddress::Ipv4(_)) => {
            unreachable!("a connection's addresses are of one family")
        }
    }
}

/// Lets routers take an IP packet apart: clears DF. Packets of IPv6 are never taken apart on their
/// way (RFC 8200 section 5).
pub(crate) fn let_fragment(packet: &mut [u8]) {
    let mut packet = Ipv4Packet::new_unchecked(packet);
    if packet.version() == 4 {
        packet.set_dont_frag(false);
        packet.fill_checksum();
    }
}

/// Writes an Ethernet header in front of an IP packet.
pub(crate) fn emit_ethernet(
    octets: &mut [u8],
    source: EthernetAddress,
    destination: EthernetAddress,
    address: IpAddress,
) {
    let ethertype = match address {
        IpAddress::Ipv4(_) => EthernetProtocol::Ipv4,
        IpAddress::Ipv6(_) => EthernetProtocol::Ipv6,
    };
    let header = EthernetRepr {
        src_addr: source,
        dst_addr: destination,
        ethertype,
    };
    header.emit(&mut EthernetFrame::new_unchecked(octets));
}

/// The frame by which a neighbour would tell us its Ethernet address: what keeps a static neighbour
/// known to smoltcp's interface, which forgets a neighbour after a minute.
pub(crate) fn introduction(
    neighbour: (IpAddress, EthernetAddress),
    ours: (IpAddress, EthernetAddress),
) -> Option<Bytes> {
    let (address, ethernet) = neighbour;
    match (address, ours.0) {
        (IpAddress::Ipv4(source), IpAddress::Ipv4(target)) => {
            let reply = ArpRepr::EthernetIpv4 {
                operation: ArpOperation::Reply,
                source_hardware_addr: ethernet,
                source_protocol_addr: source,
                target_hardware_addr: ours.1,
                target_protocol_addr: target,
            };
            let header = EthernetRepr {
                src_addr: ethernet,
                dst_addr: ours.1,
                ethertype: EthernetProtocol::Arp,
            };
            let mut frame = vec![0; ETHERNET_HEADER + reply.buffer_len()];
            header.emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
            let arp = &mut frame[ETHERNET_HEADER..];
            reply.emit(&mut smoltcp::wire::ArpPacket::new_unchecked(arp));
            Some(frame.into())
        }
        (IpAddress::Ipv6(source), IpAddress::Ipv6(target)) => {
            let advert = Icmpv6Repr::Ndisc(NdiscRepr::NeighborAdvert {
                flags: NdiscNeighborFlags::SOLICITED | NdiscNeighborFlags::OVERRIDE,
                target_addr: source,
                lladdr: Some(ethernet.into()),
            });
            let header = Ipv6Repr {
                src_addr: source,
                dst_addr: target,
                next_header: IpProtocol::Icmpv6,
                payload_len: advert.buffer_len(),
                hop_limit: 255,
            };
            let begin = ETHERNET_HEADER + header.buffer_len();
            let mut frame = vec![0; begin + advert.buffer_len()];
            emit_ethernet(&mut frame, ethernet, ours.1, address);
            header.emit(&mut Ipv6Packet::new_unchecked(
                &mut frame[ETHERNET_HEADER..],
            ));
            let checksums = smoltcp::phy::ChecksumCapabilities::default();
            let packet = &mut smoltcp::wire::Icmpv6Packet::new_unchecked(&mut frame[begin..]);
            advert.emit(&source, &target, packet, &checksums);
            Some(frame.into())
        }
        (IpAddress::Ipv4(_), IpAddress::Ipv6(_)) | (IpAddress::Ipv6(_), IpAddress::Ipv4(_)) => None,
    }
}
