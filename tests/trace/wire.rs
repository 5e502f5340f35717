//! Frames as a host would put them on the wire, built by smoltcp so that the code under test does
//! not check itself.

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol,
    EthernetRepr, Icmpv4Message, Icmpv4Packet, Icmpv6Message, Icmpv6Packet, IpAddress, IpProtocol,
    IpRepr, TcpPacket, TcpSeqNumber, UdpPacket, UdpRepr,
};

/// The two hosts of every test, by number: the server is 0.
pub(crate) const SERVER: usize = 0;
pub(crate) const CLIENT: usize = 1;

/// The ports of every test.
pub(crate) const SERVER_PORT: u16 = 80;
pub(crate) const CLIENT_PORT: u16 = 40000;

/// Which protocol carries a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ip {
    V4,
    V6,
}

impl Ip {
    pub(crate) fn address(self, host: usize) -> IpAddress {
        let number = u8::try_from(host + 1).unwrap();
        match self {
            Self::V4 => IpAddress::v4(192, 0, 2, number),
            Self::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()),
        }
    }
}

pub(crate) fn ethernet_address(host: usize) -> EthernetAddress {
    EthernetAddress([2, 0, 0, 0, 0, u8::try_from(host + 1).unwrap()])
}

fn ethernet(from: usize, ethertype: EthernetProtocol, payload: &[u8]) -> Vec<u8> {
    let repr = EthernetRepr {
        src_addr: ethernet_address(from),
        dst_addr: ethernet_address(1 - from),
        ethertype,
    };
    let mut bytes = vec![0; repr.buffer_len() + payload.len()];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes);
    repr.emit(&mut frame);
    frame.payload_mut().copy_from_slice(payload);
    bytes
}

fn datagram(ip: Ip, from: usize, protocol: IpProtocol, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = (ip.address(from), ip.address(1 - from));
    let repr = IpRepr::new(source, destination, protocol, payload.len(), 64);
    let mut bytes = vec![0; repr.buffer_len()];
    let header_len = bytes.len() - payload.len();
    repr.emit(&mut bytes, &ChecksumCapabilities::default());
    bytes[header_len..].copy_from_slice(payload);
    let ethertype = match ip {
        Ip::V4 => EthernetProtocol::Ipv4,
        Ip::V6 => EthernetProtocol::Ipv6,
    };
    ethernet(from, ethertype, &bytes)
}

/// A TCP segment to be put into a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcp<'a> {
    /// Letters of packetdrill.
    pub(crate) flags: &'a str,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) window: u16,
    pub(crate) options: &'a [u8],
    pub(crate) len: usize,
    pub(crate) client_port: u16,
}

pub(crate) const TCP: Tcp<'static> = Tcp {
    flags: ".",
    seq: 0,
    ack: 0,
    window: 4096,
    options: &[],
    len: 0,
    client_port: CLIENT_PORT,
};

pub(crate) fn tcp(ip: Ip, from: usize, segment: Tcp<'_>) -> Vec<u8> {
    let header_len = 20 + segment.options.len();
    let mut bytes = vec![0; header_len + segment.len];
    let mut packet = TcpPacket::new_unchecked(&mut bytes);
    let ports = [SERVER_PORT, segment.client_port];
    packet.set_src_port(ports[from]);
    packet.set_dst_port(ports[1 - from]);
    packet.set_seq_number(TcpSeqNumber(segment.seq.cast_signed()));
    packet.set_ack_number(TcpSeqNumber(segment.ack.cast_signed()));
    packet.set_header_len(u8::try_from(header_len).unwrap());
    packet.set_window_len(segment.window);
    for letter in segment.flags.chars() {
        match letter {
            'S' => packet.set_syn(true),
            'F' => packet.set_fin(true),
            'R' => packet.set_rst(true),
            'P' => packet.set_psh(true),
            'U' => packet.set_urg(true),
            '.' => packet.set_ack(true),
            other => panic!("no flag {other}"),
        }
    }
    packet.options_mut().copy_from_slice(segment.options);
    packet.payload_mut().fill(b'x');
    packet.fill_checksum(&ip.address(from), &ip.address(1 - from));
    datagram(ip, from, IpProtocol::Tcp, &bytes)
}

pub(crate) fn udp(ip: Ip, from: usize, len: usize) -> Vec<u8> {
    let ports = [SERVER_PORT, CLIENT_PORT];
    let repr = UdpRepr {
        src_port: ports[from],
        dst_port: ports[1 - from],
    };
    let mut bytes = vec![0; repr.header_len() + len];
    repr.emit(
        &mut UdpPacket::new_unchecked(&mut bytes),
        &ip.address(from),
        &ip.address(1 - from),
        len,
        |payload| payload.fill(b'u'),
        &ChecksumCapabilities::default(),
    );
    datagram(ip, from, IpProtocol::Udp, &bytes)
}

/// The ICMP error by which a host says that nobody listens on a UDP port. It quotes `about`.
pub(crate) fn port_unreachable(ip: Ip, from: usize, about: &[u8]) -> Vec<u8> {
    let quoted = EthernetFrame::new_checked(about).unwrap().payload();
    let mut bytes = vec![0; 8];
    bytes.extend_from_slice(quoted);
    match (ip, ip.address(from), ip.address(1 - from)) {
        (Ip::V6, IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) => {
            let mut packet = Icmpv6Packet::new_unchecked(&mut bytes);
            packet.set_msg_type(Icmpv6Message::DstUnreachable);
            packet.set_msg_code(4);
            packet.fill_checksum(&source, &destination);
            datagram(ip, from, IpProtocol::Icmpv6, &bytes)
        }
        _ => {
            let mut packet = Icmpv4Packet::new_unchecked(&mut bytes);
            packet.set_msg_type(Icmpv4Message::DstUnreachable);
            packet.set_msg_code(3);
            packet.fill_checksum();
            datagram(ip, from, IpProtocol::Icmp, &bytes)
        }
    }
}

pub(crate) fn arp_request(from: usize) -> Vec<u8> {
    let (IpAddress::Ipv4(source), IpAddress::Ipv4(target)) =
        (Ip::V4.address(from), Ip::V4.address(1 - from))
    else {
        unreachable!("both are IPv4");
    };
    let repr = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr: ethernet_address(from),
        source_protocol_addr: source,
        target_hardware_addr: EthernetAddress([0; 6]),
        target_protocol_addr: target,
    };
    let mut bytes = vec![0; repr.buffer_len()];
    repr.emit(&mut ArpPacket::new_unchecked(&mut bytes));
    ethernet(from, EthernetProtocol::Arp, &bytes)
}
