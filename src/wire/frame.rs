//! Frames written: Ethernet, IP, and TCP, UDP or ICMP with its checksum.
//!
//! Every function returns None where an IP packet cannot be so long.

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4Packet, Icmpv6Packet,
    IpAddress, IpEndpoint, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr, TcpPacket,
    TcpSeqNumber, UdpPacket,
};

use super::flags::Flags;
use super::option::TcpOption;
use super::packet::Carrier;
use super::segment::HEADER as TCP;
use super::transport::{Icmp, UDP};

/// The header of Ethernet in octets.
const ETHERNET: usize = 14;

/// How much of a packet an ICMP error quotes beyond its IP header, in octets (RFC 792).
const QUOTED: usize = 8;

const HOP_LIMIT: u8 = 64;

/// The two bits of ECN in the octet of the type of service (RFC 3168 section 5).
const ECN: u8 = 0b11;

/// The most octets that the length field of an IP header can say: of the whole packet in IPv4, and
/// of what is behind its header in IPv6 (RFC 791 section 3.1, RFC 8200 section 3).
const LENGTH_MAX: usize = 65_535;

/// The two ends of a packet. The addresses are of one family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) source: IpEndpoint,
    pub(crate) destination: IpEndpoint,
    /// From and to whom on the link.
    pub(crate) ethernet: (EthernetAddress, EthernetAddress),
}

/// The fields of a TCP header, as they are on the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct TcpFields {
    pub(crate) sequence: u32,
    pub(crate) acknowledgment: u32,
    pub(crate) flags: Flags,
    pub(crate) window: u16,
    pub(crate) urgent: u16,
    /// In their order; the last word is filled with zeros.
    pub(crate) options: Vec<TcpOption>,
}

/// Fields of an IP header that are to be other than usual.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IpMarks {
    /// The octet of the type of service or traffic class.
    pub(crate) service: Option<u8>,
    pub(crate) hop_limit: Option<u8>,
    /// Of IPv6 alone.
    pub(crate) flow_label: Option<u32>,
}

/// A frame with a TCP segment.
pub(crate) fn segment(ends: &Ends, fields: &TcpFields, payload: &[u8]) -> Option<Vec<u8>> {
    let mut options = Vec::new();
    for option in &fields.options {
        option.write(&mut options);
    }
    options.resize(options.len().next_multiple_of(4), 0);
    let header = TCP + options.len();
    let length = header + payload.len();
    let mut frame = ip_frame(ends, IpProtocol::Tcp, length)?;
    let begin = frame.len() - length;
    let octets = &mut frame[begin..];
    octets[header..].copy_from_slice(payload);
    let mut packet = TcpPacket::new_unchecked(octets);
    packet.set_src_port(ends.source.port);
    packet.set_dst_port(ends.destination.port);
    packet.set_seq_number(TcpSeqNumber(fields.sequence.cast_signed()));
    packet.set_ack_number(TcpSeqNumber(fields.acknowledgment.cast_signed()));
    packet.clear_flags();
    packet.set_header_len(u8::try_from(header).unwrap_or(60));
    let flags = fields.flags;
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
    packet.set_window_len(fields.window);
    packet.set_urgent_at(fields.urgent);
    packet.options_mut().copy_from_slice(&options);
    packet.fill_checksum(&ends.source.addr, &ends.destination.addr);
    Some(frame)
}

/// A frame with a UDP datagram; without a checksum, it has zero there.
pub(crate) fn datagram(ends: &Ends, payload: &[u8], has_checksum: bool) -> Option<Vec<u8>> {
    let length = UDP + payload.len();
    let mut frame = ip_frame(ends, IpProtocol::Udp, length)?;
    let begin = frame.len() - length;
    let octets = &mut frame[begin..];
    octets[UDP..].copy_from_slice(payload);
    let mut packet = UdpPacket::new_unchecked(octets);
    packet.set_src_port(ends.source.port);
    packet.set_dst_port(ends.destination.port);
    packet.set_len(u16::try_from(length).unwrap_or(u16::MAX));
    if has_checksum {
        packet.fill_checksum(&ends.source.addr, &ends.destination.addr);
    }
    Some(frame)
}

/// Changes the segment in a whole frame, and fills its checksum in again.
pub(crate) fn change_segment(frame: &mut [u8], ends: &Ends, change: impl FnOnce(&mut [u8])) {
    let octets = &mut frame[ETHERNET + ip_header(ends)..];
    change(octets);
    let mut packet = TcpPacket::new_unchecked(octets);
    packet.fill_checksum(&ends.source.addr, &ends.destination.addr);
}

/// The segment of a whole frame in a datagram between two ports. Its own checksum is zero then, as
/// that of the datagram covers it.
pub(crate) fn in_datagram(frame: &[u8], ends: &Ends, carrier: Carrier) -> Option<Vec<u8>> {
    let mut segment = frame.get(ETHERNET + ip_header(ends)..)?.to_vec();
    TcpPacket::new_unchecked(&mut segment[..]).set_checksum(0);
    let mut around = *ends;
    around.source.port = carrier.source_port;
    around.destination.port = carrier.destination_port;
    datagram(&around, &segment, true)
}

/// The IP header between two ends, in octets.
fn ip_header(ends: &Ends) -> usize {
    match ends.source.addr {
        IpAddress::Ipv4(_) => 20,
        IpAddress::Ipv6(_) => 40,
    }
}

/// A frame with an ICMP message: its type and code, four octets that depend on them, and what
/// follows.
pub(crate) fn icmp(
    ends: &Ends,
    (kind, code): (u8, u8),
    rest: [u8; 4],
    body: &[u8],
) -> Option<Vec<u8>> {
    let length = Icmp::HEADER + body.len();
    let (source, destination) = (ends.source.addr, ends.destination.addr);
    let protocol = match source {
        IpAddress::Ipv4(_) => IpProtocol::Icmp,
        IpAddress::Ipv6(_) => IpProtocol::Icmpv6,
    };
    let mut frame = ip_frame(ends, protocol, length)?;
    let begin = frame.len() - length;
    let octets = &mut frame[begin..];
    octets[0] = kind;
    octets[1] = code;
    octets[4..Icmp::HEADER].copy_from_slice(&rest);
    octets[Icmp::HEADER..].copy_from_slice(body);
    match (source, destination) {
        (IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) => {
            Icmpv6Packet::new_unchecked(octets).fill_checksum(&source, &destination);
        }
        _ => Icmpv4Packet::new_unchecked(octets).fill_checksum(),
    }
    Some(frame)
}

/// As much of the packet in a frame as an ICMP error quotes.
pub(crate) fn quotation(frame: &[u8]) -> &[u8] {
    quotation_of(frame, 0)
}

/// The same, with some octets more.
pub(crate) fn quotation_of(frame: &[u8], more: usize) -> &[u8] {
    let packet = frame.get(ETHERNET..).unwrap_or_default();
    let header = match packet.first().map(|it| it >> 4) {
        Some(6) => 40,
        Some(_) | None => 20,
    };
    &packet[..packet.len().min(header + QUOTED + more)]
}

/// Puts fields into the IP header of a whole frame.
pub(crate) fn mark(frame: &mut [u8], marks: IpMarks) {
    if frame.len() < ETHERNET {
        return;
    }
    let ethertype = EthernetFrame::new_unchecked(&*frame).ethertype();
    let octets = &mut frame[ETHERNET..];
    match ethertype {
        EthernetProtocol::Ipv4 => {
            let mut header = Ipv4Packet::new_unchecked(octets);
            if let Some(octet) = marks.service {
                header.set_dscp(octet >> 2);
                header.set_ecn(octet & ECN);
            }
            if let Some(hop_limit) = marks.hop_limit {
                header.set_hop_limit(hop_limit);
            }
            header.fill_checksum();
        }
        EthernetProtocol::Ipv6 => {
            let mut header = Ipv6Packet::new_unchecked(octets);
            if let Some(octet) = marks.service {
                header.set_traffic_class(octet);
            }
            if let Some(hop_limit) = marks.hop_limit {
                header.set_hop_limit(hop_limit);
            }
            if let Some(label) = marks.flow_label {
                header.set_flow_label(label);
            }
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => {}
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Checksum, FrameKind, OwnFields, Packet, decode};

    /// Two ends of each family.
    fn ends() -> [Ends; 2] {
        let of = |source: IpAddress, destination: IpAddress| Ends {
            source: IpEndpoint::new(source, 1000),
            destination: IpEndpoint::new(destination, 80),
            ethernet: (EthernetAddress([2; 6]), EthernetAddress([4; 6])),
        };
        [
            of(IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2)),
            of(
                IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
                IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2),
            ),
        ]
    }

    /// A frame decoded, with checksums that hold and the ends that were asked for.
    fn read(frame: &[u8], ends: &Ends) -> Packet {
        let packet = decode(frame);
        assert_eq!(packet.checksum, Checksum::Good);
        assert_eq!(packet.from.ip(), Some(ends.source.addr));
        assert_eq!(packet.to.ip(), Some(ends.destination.addr));
        packet
    }

    #[test]
    fn what_is_written_is_read() {
        for ends in ends() {
            let fields = TcpFields {
                sequence: 0xffff_fff0,
                acknowledgment: 7,
                flags: Flags::SYN.union(Flags::ACK).union(Flags::AE),
                window: 512,
                urgent: 3,
                options: vec![
                    TcpOption::MaximumSegmentSize(1460),
                    TcpOption::WindowScale(7),
                ],
            };
            let frame = segment(&ends, &fields, b"abc").unwrap();
            let packet = read(&frame, &ends);
            assert_eq!(packet.endpoints(), Some((ends.source, ends.destination)));
            assert_eq!(packet.payload(&frame), Some(&b"abc"[..]));
            let segment = packet.segment().unwrap();
            let numbers = (segment.seq, segment.ack, segment.window, segment.urgent);
            assert_eq!(numbers, (0xffff_fff0, 7, 512, 3));
            assert_eq!(segment.flags, fields.flags);
            let mut options = fields.options;
            options.push(TcpOption::EndOfList);
            assert_eq!(segment.options, options);

            let datagram = datagram(&ends, b"abcd", true).unwrap();
            let packet = read(&datagram, &ends);
            assert_eq!(packet.endpoints(), Some((ends.source, ends.destination)));
            assert!(matches!(packet.kind, FrameKind::Udp(it) if it.len == 4));

            let error = match ends.source.addr {
                IpAddress::Ipv4(_) => (3, 3),
                IpAddress::Ipv6(_) => (1, 4),
            };
            let frame = icmp(&ends, error, [0; 4], quotation(&datagram)).unwrap();
            let FrameKind::Icmp(icmp) = read(&frame, &ends).kind else {
                panic!("it is no ICMP message");
            };
            assert_eq!(icmp.quoted.unwrap().ip.header.unwrap().length, UDP + 4);
        }
    }

    #[test]
    fn marks_are_read_and_checksums_hold() {
        for ends in ends() {
            let mut frame = datagram(&ends, b"", true).unwrap();
            let marks = IpMarks {
                service: Some(0b1011_1001),
                hop_limit: Some(3),
                flow_label: Some(0xabcde),
            };
            mark(&mut frame, marks);
            let header = read(&frame, &ends).ip.unwrap().header.unwrap();
            assert_eq!((header.service, header.hop_limit), (0b1011_1001, 3));
            match header.own {
                OwnFields::V6 { flow_label } => assert_eq!(flow_label, 0xabcde),
                OwnFields::V4 { .. } => assert!(matches!(ends.source.addr, IpAddress::Ipv4(_))),
            }
        }
    }

    #[test]
    fn a_packet_is_no_longer_than_its_header_can_say() {
        let [v4, v6] = ends();
        assert!(datagram(&v4, &[0; LENGTH_MAX - 28], true).is_some());
        assert!(datagram(&v4, &[0; LENGTH_MAX - 27], true).is_none());
        assert!(datagram(&v6, &[0; LENGTH_MAX - 8], true).is_some());
        assert!(datagram(&v6, &[0; LENGTH_MAX - 7], true).is_none());
    }
}
