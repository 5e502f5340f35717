//! The octets of ICMP errors (RFC 792, RFC 4443).

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4DstUnreachable, Icmpv4Message,
    Icmpv4Packet, Icmpv6DstUnreachable, Icmpv6Message, Icmpv6Packet, IpAddress, IpEndpoint,
    IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr,
};

use crate::envelope::{DatagramPorts, HOP_LIMIT, UDP_HEADER};
use crate::wire::ETHERNET_HEADER;

/// The header of an ICMP error in octets.
const ICMP_HEADER: usize = 8;

/// What a host may always send over IPv6 without asking what the path carries, in octets (RFC 8200
/// section 5). An error is cut to it (RFC 4443 section 2.4).
const IPV6_CERTAIN: usize = 1280;

/// What could not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The network: no route to it.
    Network,
    /// The host.
    Host,
    /// The protocol: the host does not have it.
    Protocol,
    /// The port: no socket has it.
    Port,
    /// Communication is prohibited.
    Prohibited,
    /// It was too far away: the hop limit was used up on the way (time exceeded).
    HopLimit,
}

impl Unreachable {
    /// What it is, in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Host => "host",
            Self::Protocol => "protocol",
            Self::Port => "port",
            Self::Prohibited => "prohibited",
            Self::HopLimit => "hop limit",
        }
    }

    /// Whether it is about the way to the host, and not about what the host has.
    pub(crate) fn is_of_path(self) -> bool {
        match self {
            Self::Network | Self::Host | Self::HopLimit => true,
            Self::Protocol | Self::Port | Self::Prohibited => false,
        }
    }

    /// Whether trying again is of no use (RFC 1122 section 4.2.3.9; the prohibition is younger and
    /// belongs here by its sense, as Linux and the BSDs have it). Of the hop limit systems think
    /// differently.
    pub(crate) fn is_hard(self, hop_limit_is_hard: bool) -> bool {
        match self {
            Self::Protocol | Self::Port | Self::Prohibited => true,
            Self::Network | Self::Host => false,
            Self::HopLimit => hop_limit_is_hard,
        }
    }

    fn of_icmp(code: Icmpv4DstUnreachable) -> Option<Self> {
        match code {
            Icmpv4DstUnreachable::NetUnreachable
            | Icmpv4DstUnreachable::DstNetUnknown
            | Icmpv4DstUnreachable::NetUnreachToS
            | Icmpv4DstUnreachable::SrcRouteFailed => Some(Self::Network),
            Icmpv4DstUnreachable::HostUnreachable
            | Icmpv4DstUnreachable::DstHostUnknown
            | Icmpv4DstUnreachable::SrcHostIsolated
            | Icmpv4DstUnreachable::HostUnreachToS
            | Icmpv4DstUnreachable::HostPrecedViol
            | Icmpv4DstUnreachable::PrecedCutoff => Some(Self::Host),
            Icmpv4DstUnreachable::ProtoUnreachable => Some(Self::Protocol),
            Icmpv4DstUnreachable::PortUnreachable => Some(Self::Port),
            Icmpv4DstUnreachable::NetProhibited
            | Icmpv4DstUnreachable::HostProhibited
            | Icmpv4DstUnreachable::CommProhibited => Some(Self::Prohibited),
            // The first is a message of its own; other codes mean nothing.
            Icmpv4DstUnreachable::FragRequired | Icmpv4DstUnreachable::Unknown(_) => None,
        }
    }

    fn of_icmpv6(code: Icmpv6DstUnreachable) -> Option<Self> {
        match code {
            Icmpv6DstUnreachable::NoRoute
            | Icmpv6DstUnreachable::BeyondScope
            | Icmpv6DstUnreachable::RejectRoute => Some(Self::Network),
            Icmpv6DstUnreachable::AddrUnreachable => Some(Self::Host),
            Icmpv6DstUnreachable::PortUnreachable => Some(Self::Port),
            Icmpv6DstUnreachable::AdminProhibit | Icmpv6DstUnreachable::FailedPolicy => {
                Some(Self::Prohibited)
            }
            Icmpv6DstUnreachable::Unknown(_) => None,
        }
    }
}

/// The packet that an error is about: as much of it as says whose it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    pub(super) protocol: QuotedProtocol,
    /// Who sent it: the receiver of the error.
    pub(super) local: IpEndpoint,
    /// Whom it was for.
    pub(super) remote: IpEndpoint,
}

/// The protocol of a quoted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotedProtocol {
    Tcp {
        /// The sequence number of the segment.
        sequence: u32,
        /// The datagram that it was in.
        carrier: Option<DatagramPorts>,
    },
    Udp,
}

/// What an ICMP error says of the packet that it quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It did not arrive.
    Unreachable(Unreachable),
    /// It was too large for the path, which takes packets of so many octets (RFC 1191, RFC 8201).
    TooBig(usize),
}

/// Finds an error about a packet of TCP or UDP in a frame, if its checksums are good. Datagrams of
/// ours from the port `carrier` have segments in them, where that is not 0.
pub(super) fn error_in(frame: &[u8], carrier: u16) -> Option<(Said, Quoted)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    match frame.ethertype() {
        EthernetProtocol::Ipv4 => {
            let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
            let whole = !packet.more_frags() && packet.frag_offset() == 0;
            if !whole || packet.next_header() != IpProtocol::Icmp || !packet.verify_checksum() {
                return None;
            }
            let message = Icmpv4Packet::new_checked(packet.payload()).ok()?;
            let said = message
                .verify_checksum()
                .then(|| said_in_icmp(&message))??;
            Some((said, quoted_ipv4(message.data(), carrier)?))
        }
        EthernetProtocol::Ipv6 => {
            let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
            if packet.next_header() != IpProtocol::Icmpv6 {
                return None;
            }
            let message = Icmpv6Packet::new_checked(packet.payload()).ok()?;
            let good = message.verify_checksum(&packet.src_addr(), &packet.dst_addr());
            let said = good.then(|| said_in_icmpv6(&message))??;
            Some((said, quoted_ipv6(message.payload(), carrier)?))
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => None,
    }
}

fn said_in_icmp(message: &Icmpv4Packet<&[u8]>) -> Option<Said> {
    let (kind, code) = (message.msg_type(), message.msg_code());
    if kind == Icmpv4Message::TimeExceeded && code == IN_TRANSIT {
        return Some(Said::Unreachable(Unreachable::HopLimit));
    }
    if kind != Icmpv4Message::DstUnreachable {
        return None;
    }
    if code != Icmpv4DstUnreachable::FragRequired.into() {
        return Unreachable::of_icmp(code.into()).map(Said::Unreachable);
    }
    // RFC 1191 section 4: the MTU stands in the second half of a word that was unused.
    let octets = message.clone().into_inner().get(6..8)?;
    let mtu = u16::from_be_bytes(octets.try_into().ok()?);
    Some(Said::TooBig(mtu.into()))
}

fn said_in_icmpv6(message: &Icmpv6Packet<&[u8]>) -> Option<Said> {
    /// RFC 4443 section 3.4: unrecognized next header type.
    const NEXT_HEADER: u8 = 1;
    let (kind, code) = (message.msg_type(), message.msg_code());
    if kind == Icmpv6Message::PktTooBig {
        return Some(Said::TooBig(message.pkt_too_big_mtu().try_into().ok()?));
    }
    let error = if kind == Icmpv6Message::DstUnreachable {
        Unreachable::of_icmpv6(code.into())?
    } else if kind == Icmpv6Message::TimeExceeded && code == IN_TRANSIT {
        Unreachable::HopLimit
    } else if kind == Icmpv6Message::ParamProblem && code == NEXT_HEADER {
        Unreachable::Protocol
    } else {
        return None;
    };
    Some(Said::Unreachable(error))
}

/// The code of a packet whose hop limit was used up; the other is about a fragment that waited in
/// vain for the rest (RFC 792, RFC 4443 section 3.3).
const IN_TRANSIT: u8 = 0;

/// A quotation is cut, so that the length in its header says more than there is.
fn quoted_ipv4(packet: &[u8], carrier: u16) -> Option<Quoted> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    if packet.first()? >> 4 != 4 || header < 20 {
        return None;
    }
    let address = |at: usize| -> Option<IpAddress> {
        let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddress::Ipv4(octets.into()))
    };
    let protocol = IpProtocol::from(*packet.get(9)?);
    let ends = (address(12)?, address(16)?);
    quoted(protocol, ends, packet.get(header..)?, carrier)
}

fn quoted_ipv6(packet: &[u8], carrier: u16) -> Option<Quoted> {
    let address = |at: usize| -> Option<IpAddress> {
        let octets: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
        Some(IpAddress::Ipv6(octets.into()))
    };
    if packet.first()? >> 4 != 6 {
        return None;
    }
    let protocol = IpProtocol::from(*packet.get(6)?);
    let ends = (address(8)?, address(24)?);
    quoted(protocol, ends, packet.get(40..)?, carrier)
}

fn quoted(
    protocol: IpProtocol,
    (source, destination): (IpAddress, IpAddress),
    octets: &[u8],
    carrier: u16,
) -> Option<Quoted> {
    let port = |at: usize| -> Option<u16> {
        Some(u16::from_be_bytes(octets.get(at..at + 2)?.try_into().ok()?))
    };
    let sequence_at = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?))
    };
    if protocol == IpProtocol::Udp && carrier != 0 && port(0)? == carrier {
        let ports = DatagramPorts {
            source: carrier,
            destination: port(2)?,
        };
        return Some(Quoted {
            protocol: QuotedProtocol::Tcp {
                sequence: sequence_at(UDP_HEADER + 4)?,
                carrier: Some(ports),
            },
            local: IpEndpoint::new(source, port(UDP_HEADER)?),
            remote: IpEndpoint::new(destination, port(UDP_HEADER + 2)?),
        });
    }
    let protocol = if protocol == IpProtocol::Tcp {
        QuotedProtocol::Tcp {
            sequence: sequence_at(4)?,
            carrier: None,
        }
    } else if protocol == IpProtocol::Udp {
        QuotedProtocol::Udp
    } else {
        return None;
    };
    Some(Quoted {
        protocol,
        local: IpEndpoint::new(source, port(0)?),
        remote: IpEndpoint::new(destination, port(2)?),
    })
}

/// The frame that answers a datagram to a port that no socket has, and whom it goes to. Over IPv4
/// it quotes at most so many octets.
pub(super) fn port_unreachable(frame: &[u8], quotation: usize) -> Option<(IpAddress, Vec<u8>)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let ethernet = EthernetRepr {
        src_addr: frame.dst_addr(),
        dst_addr: frame.src_addr(),
        ethertype: frame.ethertype(),
    };
    let packet = frame.payload();
    let answer = |octets: usize| {
        let mut answer = vec![0; ETHERNET_HEADER + octets];
        ethernet.emit(&mut EthernetFrame::new_unchecked(&mut answer[..]));
        answer
    };
    match frame.ethertype() {
        EthernetProtocol::Ipv4 => {
            let about = Ipv4Packet::new_checked(packet).ok()?;
            let octets = usize::from(about.total_len()).min(quotation);
            let header = Ipv4Repr {
                src_addr: about.dst_addr(),
                dst_addr: about.src_addr(),
                next_header: IpProtocol::Icmp,
                payload_len: ICMP_HEADER + octets,
                hop_limit: HOP_LIMIT,
            };
            let mut answer = answer(20 + ICMP_HEADER + octets);
            let ip = &mut answer[ETHERNET_HEADER..];
            header.emit(
                &mut Ipv4Packet::new_unchecked(&mut *ip),
                &ChecksumCapabilities::default(),
            );
            ip[20 + ICMP_HEADER..].copy_from_slice(&packet[..octets]);
            let mut message = Icmpv4Packet::new_unchecked(&mut ip[20..]);
            message.set_msg_type(Icmpv4Message::DstUnreachable);
            message.set_msg_code(Icmpv4DstUnreachable::PortUnreachable.into());
            message.fill_checksum();
            Some((IpAddress::Ipv4(header.dst_addr), answer))
        }
        EthernetProtocol::Ipv6 => {
            let about = Ipv6Packet::new_checked(packet).ok()?;
            let octets = about.total_len().min(IPV6_CERTAIN - 40 - ICMP_HEADER);
            let header = Ipv6Repr {
                src_addr: about.dst_addr(),
                dst_addr: about.src_addr(),
                next_header: IpProtocol::Icmpv6,
                payload_len: ICMP_HEADER + octets,
                hop_limit: HOP_LIMIT,
            };
            let mut answer = answer(40 + ICMP_HEADER + octets);
            let ip = &mut answer[ETHERNET_HEADER..];
            header.emit(&mut Ipv6Packet::new_unchecked(&mut *ip));
            ip[40 + ICMP_HEADER..].copy_from_slice(&packet[..octets]);
            let mut message = Icmpv6Packet::new_unchecked(&mut ip[40..]);
            message.set_msg_type(Icmpv6Message::DstUnreachable);
            message.set_msg_code(Icmpv6DstUnreachable::PortUnreachable.into());
            message.fill_checksum(&header.src_addr, &header.dst_addr);
            Some((IpAddress::Ipv6(header.dst_addr), answer))
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smoltcp::wire::{EthernetAddress, UdpPacket};

    /// A frame with a datagram of so many octets from one of two hosts to the other.
    fn datagram(source: IpAddress, destination: IpAddress, payload: usize) -> Vec<u8> {
        let header = crate::wire::ip_header(source);
        let mut frame = vec![0; ETHERNET_HEADER + header + 8 + payload];
        crate::wire::emit_ip(
            &mut frame[ETHERNET_HEADER..],
            (source, destination),
            8 + payload,
            crate::envelope::Envelope::ORDINARY,
        );
        let next_header = match source {
            IpAddress::Ipv4(_) => ETHERNET_HEADER + 9,
            IpAddress::Ipv6(_) => ETHERNET_HEADER + 6,
        };
        frame[next_header] = IpProtocol::Udp.into();
        if let IpAddress::Ipv4(_) = source {
            Ipv4Packet::new_unchecked(&mut frame[ETHERNET_HEADER..]).fill_checksum();
        }
        let mut packet = UdpPacket::new_unchecked(&mut frame[ETHERNET_HEADER + header..]);
        packet.set_src_port(4000);
        packet.set_dst_port(9000);
        packet.set_len((8 + payload) as u16);
        packet.fill_checksum(&source, &destination);
        let ethernet = [1, 2].map(|last| EthernetAddress([2, 0, 0, 0, 0, last]));
        crate::wire::emit_ethernet(&mut frame, ethernet[0], ethernet[1], destination);
        frame
    }

    fn pairs() -> [(IpAddress, IpAddress); 2] {
        let v6 = |last| IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
        [
            (IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2)),
            (v6(1), v6(2)),
        ]
    }

    /// The quotation that RFC 1812 section 4.3.2.3 wants: 576 octets less both headers.
    const QUOTATION: usize = 548;

    #[test]
    fn an_answer_quotes_as_much_as_the_profile_says() {
        let (source, destination) = pairs()[0];
        for (quotation, payload, expected) in [
            (548, 1000, 576),
            (540, 1000, 568),
            (28, 1000, 56),
            (548, 10, 66),
        ] {
            let datagram = datagram(source, destination, payload);
            let (_, answer) = port_unreachable(&datagram, quotation).unwrap();
            assert_eq!(answer.len(), ETHERNET_HEADER + expected, "{quotation}");
        }
    }

    #[test]
    fn an_answer_is_understood_and_never_longer_than_a_path_must_carry() {
        for (source, destination) in pairs() {
            for payload in [0, 1, 512, 1400, 2000] {
                let (peer, answer) =
                    port_unreachable(&datagram(source, destination, payload), QUOTATION).unwrap();
                assert_eq!(peer, source);
                let certain = match source {
                    IpAddress::Ipv4(_) => 576,
                    IpAddress::Ipv6(_) => IPV6_CERTAIN,
                };
                assert!(answer.len() <= ETHERNET_HEADER + certain, "{payload}");
                let quoted = Quoted {
                    protocol: QuotedProtocol::Udp,
                    local: IpEndpoint::new(source, 4000),
                    remote: IpEndpoint::new(destination, 9000),
                };
                assert_eq!(
                    error_in(&answer, 0),
                    Some((Said::Unreachable(Unreachable::Port), quoted))
                );
            }
        }
    }

    /// Nothing that comes off the wire may panic, and a damaged error is none.
    #[test]
    fn a_damaged_error_says_nothing() {
        for (source, destination) in pairs() {
            let datagram = datagram(source, destination, 100);
            let (_, answer) = port_unreachable(&datagram, QUOTATION).unwrap();
            for length in 0..answer.len() {
                let _ = error_in(&answer[..length], 0);
                let _ = port_unreachable(&answer[..length], QUOTATION);
            }
            for place in ETHERNET_HEADER..answer.len() {
                for bit in 0..8 {
                    let mut damaged = answer.clone();
                    damaged[place] ^= 1 << bit;
                    let found = error_in(&damaged, 0);
                    // IPv6 has no checksum over its header: only its addresses and what they cover.
                    let covered = source.version() == smoltcp::wire::IpVersion::Ipv4
                        || place >= ETHERNET_HEADER + 8;
                    assert!(found.is_none() || !covered, "octet {place}, bit {bit}");
                }
            }
        }
    }
}
