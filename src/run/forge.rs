//! Packets that a script makes up: injected ones, and everything a host without a stack sends.

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4Packet, Icmpv6Packet,
    IpAddress, IpEndpoint, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr, TcpPacket,
    TcpSeqNumber, UdpPacket,
};

use crate::notation::Origins;
use crate::scenario::detail::QuotedPacket;
use crate::scenario::script::{Detail, Options, Segment, TcpOption};

/// Headers in octets.
const ETHERNET: usize = 14;
const TCP: usize = 20;
const UDP: usize = 8;
const ICMP: usize = 8;

/// How much of a datagram an ICMP error quotes beyond its IP header (RFC 792).
const QUOTED: usize = 8;

/// The window of a forged segment whose line does not say one.
const DEFAULT_WINDOW: u16 = u16::MAX;

const HOP_LIMIT: u8 = 64;

/// The two ends of a forged packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) source: IpEndpoint,
    pub(super) destination: IpEndpoint,
    pub(super) ethernet: (EthernetAddress, EthernetAddress),
}

/// A frame with a TCP segment. None, here and below: an IP packet cannot be so long.
pub(super) fn segment(
    ends: &Ends,
    wanted: &Segment,
    detail: &Detail,
    origins: Origins,
) -> Option<Vec<u8>> {
    let flags = wanted.flags.value;
    let sequence = wanted.sequence.as_ref().map(|sequence| sequence.value);
    let payload = sequence.map_or(0, |sequence| usize::from(sequence.length));
    let options = match wanted.options.as_ref().map(|options| &options.value) {
        Some(Options::Exact(list)) => options_of(list.iter().map(|it| &it.value), origins),
        Some(Options::Any) | None => Vec::new(),
    };
    let header = TCP + options.len();
    let mut frame = ip_frame(ends, IpProtocol::Tcp, header + payload)?;
    let begin = frame.len() - header - payload;
    let octets = &mut frame[begin..];
    let data = wanted.data.as_ref().map(|data| data.value.as_slice());
    match data {
        Some(data) if data.len() == payload => octets[header..].copy_from_slice(data),
        Some(_) | None => {
            for (place, octet) in octets[header..].iter_mut().zip((b'a'..=b'z').cycle()) {
                *place = octet;
            }
        }
    }
    let mut packet = TcpPacket::new_unchecked(octets);
    packet.set_src_port(ends.source.port);
    packet.set_dst_port(ends.destination.port);
    let start = sequence.map_or(0, |sequence| sequence.start);
    let origin = |is_absolute: bool, origin: u32| if is_absolute { 0 } else { origin };
    let sequence = origin(detail.absolute_sequence, origins.seq).wrapping_add(start);
    packet.set_seq_number(TcpSeqNumber(sequence.cast_signed()));
    let acknowledged = match &wanted.acknowledgment {
        Some(acknowledged) => {
            origin(detail.absolute_acknowledgment, origins.ack).wrapping_add(acknowledged.value)
        }
        None => 0,
    };
    packet.set_ack_number(TcpSeqNumber(acknowledged.cast_signed()));
    packet.clear_flags();
    packet.set_header_len(u8::try_from(header).unwrap_or(60));
    use crate::scenario::script::Flags;
    packet.set_fin(flags.contains(Flags::FIN));
    packet.set_syn(flags.contains(Flags::SYN));
    packet.set_rst(flags.contains(Flags::RST));
    packet.set_psh(flags.contains(Flags::PSH));
    packet.set_ack(flags.contains(Flags::ACK));
    packet.set_urg(flags.contains(Flags::URG));
    packet.set_ece(flags.contains(Flags::ECE));
    packet.set_cwr(flags.contains(Flags::CWR));
    // What is AE now was the nonce sum once (RFC 9768 section 3.1).
    packet.set_ns(flags.contains(Flags::AE));
    packet.set_window_len(
        wanted
            .window
            .as_ref()
            .map_or(DEFAULT_WINDOW, |window| window.value),
    );
    packet.set_urgent_at(detail.urgent.as_ref().map_or(0, |urgent| urgent.value));
    packet.options_mut().copy_from_slice(&options);
    packet.fill_checksum(&ends.source.addr, &ends.destination.addr);
    Some(frame)
}

/// Options as octets, in their order, the last word filled with zeros. Blocks are relative to the
/// receiver's numbers, which they speak of.
fn options_of<'a>(list: impl Iterator<Item = &'a TcpOption>, origins: Origins) -> Vec<u8> {
    let mut octets = Vec::new();
    for option in list {
        option.moved(origins.ack).write(&mut octets);
    }
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// A frame with a UDP datagram of so many octets.
pub(super) fn datagram(ends: &Ends, payload: usize) -> Option<Vec<u8>> {
    let mut frame = ip_frame(ends, IpProtocol::Udp, UDP + payload)?;
    let begin = frame.len() - UDP - payload;
    let octets = &mut frame[begin..];
    for (place, octet) in octets[UDP..].iter_mut().zip((b'a'..=b'z').cycle()) {
        *place = octet;
    }
    let mut packet = UdpPacket::new_unchecked(octets);
    packet.set_src_port(ends.source.port);
    packet.set_dst_port(ends.destination.port);
    packet.set_len(u16::try_from(UDP + payload).unwrap_or(u16::MAX));
    packet.fill_checksum(&ends.source.addr, &ends.destination.addr);
    Some(frame)
}

/// As much of the packet in a frame as an ICMP error quotes.
pub(super) fn quotation(frame: &[u8]) -> &[u8] {
    let packet = frame.get(ETHERNET..).unwrap_or_default();
    let header = match packet.first().map(|it| it >> 4) {
        Some(6) => 40,
        Some(_) | None => 20,
    };
    &packet[..packet.len().min(header + QUOTED)]
}

/// What stands behind the header of an ICMP message of so many octets that quotes nothing.
pub(super) fn blank_message(length: u16) -> Vec<u8> {
    vec![0; usize::from(length).saturating_sub(ICMP)]
}

/// A frame with the beginning of a packet that an ICMP error is about, which need never have been
/// sent. `sequence` is the number on the wire. Empty where there is no such packet.
pub(super) fn about(ends: &Ends, packet: QuotedPacket, sequence: u32) -> Option<Vec<u8>> {
    let (protocol, header, length) = match packet {
        QuotedPacket::Segment { length, .. } => (IpProtocol::Tcp, TCP, length),
        QuotedPacket::Udp { length } => (IpProtocol::Udp, UDP, length),
        QuotedPacket::Raw { .. } => return Some(Vec::new()),
    };
    let length = header + usize::from(length);
    let mut frame = ip_frame(ends, protocol, length)?;
    let begin = frame.len() - length;
    let octets = &mut frame[begin..];
    match packet {
        QuotedPacket::Segment { .. } => {
            let mut packet = TcpPacket::new_unchecked(octets);
            packet.set_src_port(ends.source.port);
            packet.set_dst_port(ends.destination.port);
            packet.set_seq_number(TcpSeqNumber(sequence.cast_signed()));
            packet.set_header_len(u8::try_from(TCP).unwrap_or_default());
        }
        QuotedPacket::Udp { .. } => {
            let mut packet = UdpPacket::new_unchecked(octets);
            packet.set_src_port(ends.source.port);
            packet.set_dst_port(ends.destination.port);
            packet.set_len(u16::try_from(length).unwrap_or(u16::MAX));
        }
        // Nothing is quoted.
        QuotedPacket::Raw { .. } => {}
    }
    Some(frame)
}

/// A frame with an ICMP message: four octets that depend on its type, and what it quotes.
pub(super) fn icmp(
    ends: &Ends,
    (kind, code): (u8, u8),
    rest: [u8; 4],
    quoted: &[u8],
) -> Option<Vec<u8>> {
    let length = ICMP + quoted.len();
    let (protocol, source, destination) = (
        icmp_protocol(ends.source.addr),
        ends.source.addr,
        ends.destination.addr,
    );
    let mut frame = ip_frame(ends, protocol, length)?;
    let begin = frame.len() - length;
    let octets = &mut frame[begin..];
    octets[0] = kind;
    octets[1] = code;
    octets[4..ICMP].copy_from_slice(&rest);
    octets[ICMP..].copy_from_slice(quoted);
    match (source, destination) {
        (IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) => {
            Icmpv6Packet::new_unchecked(octets).fill_checksum(&source, &destination);
        }
        _ => Icmpv4Packet::new_unchecked(octets).fill_checksum(),
    }
    Some(frame)
}

fn icmp_protocol(address: IpAddress) -> IpProtocol {
    match address {
        IpAddress::Ipv4(_) => IpProtocol::Icmp,
        IpAddress::Ipv6(_) => IpProtocol::Icmpv6,
    }
}

/// The most octets that the length field of an IP header can say: of the whole packet in IPv4, and
/// of what is behind its header in IPv6 (RFC 791 section 3.1, RFC 8200 section 3).
const LENGTH_MAX: usize = 65_535;

/// A frame with Ethernet and IP headers in place and room for `length` octets behind them. None:
/// there is no such packet.
fn ip_frame(ends: &Ends, next_header: IpProtocol, length: usize) -> Option<Vec<u8>> {
    let (source, destination) = (ends.source.addr, ends.destination.addr);
    let header = match source {
        IpAddress::Ipv4(_) => 20,
        IpAddress::Ipv6(_) => 40,
    };
    let counted = match source {
        IpAddress::Ipv4(_) => header + length,
        IpAddress::Ipv6(_) => length,
    };
    if counted > LENGTH_MAX {
        return None;
    }
    let mut frame = vec![0; ETHERNET + header + length];
    let ethertype = match source {
        IpAddress::Ipv4(_) => EthernetProtocol::Ipv4,
        IpAddress::Ipv6(_) => EthernetProtocol::Ipv6,
    };
    let ethernet = EthernetRepr {
        src_addr: ends.ethernet.0,
        dst_addr: ends.ethernet.1,
        ethertype,
    };
    ethernet.emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    let octets = &mut frame[ETHERNET..];
    match (source, destination) {
        (IpAddress::Ipv4(src_addr), IpAddress::Ipv4(dst_addr)) => {
            let header = Ipv4Repr {
                src_addr,
                dst_addr,
                next_header,
                payload_len: length,
                hop_limit: HOP_LIMIT,
            };
            header.emit(
                &mut Ipv4Packet::new_unchecked(octets),
                &ChecksumCapabilities::default(),
            );
        }
        (IpAddress::Ipv6(src_addr), IpAddress::Ipv6(dst_addr)) => {
            let header = Ipv6Repr {
                src_addr,
                dst_addr,
                next_header,
                payload_len: length,
                hop_limit: HOP_LIMIT,
            };
            header.emit(&mut Ipv6Packet::new_unchecked(octets));
        }
        // Whoever found the ends took two addresses of one family.
        (IpAddress::Ipv4(_), IpAddress::Ipv6(_)) | (IpAddress::Ipv6(_), IpAddress::Ipv4(_)) => {}
    }
    Some(frame)
}
