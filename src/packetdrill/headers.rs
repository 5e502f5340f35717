//! The parts of a packet that only packetdrill's scripts name: fields of its IP header, and the
//! inside of an ICMP message. They are put into what is forged, and compared in what was sent.

use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpAddress, IpEndpoint, IpProtocol, Ipv4Packet, Ipv6Packet,
};

use crate::notation::Tracker;
use crate::scenario::detail::{IcmpBody, IpFields, QuotedPacket, Service};

/// Header in octets.
const ETHERNET: usize = 14;
const ICMP: usize = 8;

/// Puts the fields that are said into the IP header of a whole frame.
pub(crate) fn mark(frame: &mut [u8], fields: &IpFields) {
    if *fields == IpFields::default() || frame.len() < ETHERNET {
        return;
    }
    let ethertype = EthernetFrame::new_unchecked(&*frame).ethertype();
    let service = fields.service.as_ref().map(|it| it.value.octet);
    let hop_limit = fields.hop_limit.as_ref().map(|it| it.value);
    let octets = &mut frame[ETHERNET..];
    match ethertype {
        EthernetProtocol::Ipv4 => {
            let mut header = Ipv4Packet::new_unchecked(octets);
            if let Some(octet) = service {
                header.set_dscp(octet >> 2);
                header.set_ecn(octet & Service::ECN);
            }
            if let Some(hop_limit) = hop_limit {
                header.set_hop_limit(hop_limit);
            }
            header.fill_checksum();
        }
        EthernetProtocol::Ipv6 => {
            let mut header = Ipv6Packet::new_unchecked(octets);
            if let Some(octet) = service {
                header.set_traffic_class(octet);
            }
            if let Some(hop_limit) = hop_limit {
                header.set_hop_limit(hop_limit);
            }
            if let Some(label) = &fields.flow_label {
                header.set_flow_label(label.value);
            }
        }
        EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => {}
    }
}

/// An IP packet as far as scripts name its parts.
#[derive(Clone, Copy, Debug)]
struct IpPacket<'a> {
    service: u8,
    hop_limit: u8,
    /// None: it is of IPv4.
    flow_label: Option<u32>,
    protocol: IpProtocol,
    addresses: (IpAddress, IpAddress),
    /// What is said to follow the header, in octets; the packet may be cut.
    length: usize,
    payload: &'a [u8],
}

impl<'a> IpPacket<'a> {
    fn of_frame(frame: &'a [u8]) -> Option<Self> {
        let ethernet = EthernetFrame::new_checked(frame).ok()?;
        match ethernet.ethertype() {
            EthernetProtocol::Ipv4 | EthernetProtocol::Ipv6 => Self::read(frame.get(ETHERNET..)?),
            EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => None,
        }
    }

    /// Reads a packet of which the end may be missing, as it is where one is quoted.
    fn read(octets: &'a [u8]) -> Option<Self> {
        const V4: usize = 20;
        const V6: usize = 40;
        match octets.first()? >> 4 {
            4 if octets.len() >= V4 => {
                let packet = Ipv4Packet::new_unchecked(octets);
                let header = usize::from(packet.header_len());
                Some(Self {
                    service: packet.dscp() << 2 | packet.ecn(),
                    hop_limit: packet.hop_limit(),
                    flow_label: None,
                    protocol: packet.next_header(),
                    addresses: (packet.src_addr().into(), packet.dst_addr().into()),
                    length: usize::from(packet.total_len()).checked_sub(header)?,
                    payload: octets.get(header..)?,
                })
            }
            6 if octets.len() >= V6 => {
                let packet = Ipv6Packet::new_unchecked(octets);
                Some(Self {
                    service: packet.traffic_class(),
                    hop_limit: packet.hop_limit(),
                    flow_label: Some(packet.flow_label()),
                    protocol: packet.next_header(),
                    addresses: (packet.src_addr().into(), packet.dst_addr().into()),
                    length: packet.payload_len().into(),
                    payload: octets.get(V6..)?,
                })
            }
            _ => None,
        }
    }

    /// Two octets of what follows the header.
    fn number(&self, at: usize) -> Option<u16> {
        let octets = self.payload.get(at..at + 2)?;
        Some(u16::from_be_bytes(octets.try_into().ok()?))
    }
}

/// In what the IP header of a frame is not what is said.
pub(crate) fn ip_fault(fields: &IpFields, frame: &[u8]) -> Option<String> {
    if *fields == IpFields::default() {
        return None;
    }
    let Some(packet) = IpPacket::of_frame(frame) else {
        return Some("it is no IP packet".to_owned());
    };
    if let Some(service) = &fields.service
        && !service.value.holds(packet.service)
    {
        return Some(format!("its type of service is {:#04x}", packet.service));
    }
    if let Some(hop_limit) = &fields.hop_limit
        && hop_limit.value != packet.hop_limit
    {
        return Some(format!("its time to live is {}", packet.hop_limit));
    }
    match (&fields.flow_label, packet.flow_label) {
        (Some(said), Some(label)) if said.value != label => {
            Some(format!("its flow label is {label:#x}"))
        }
        (Some(_), None) => Some("it has no flow label".to_owned()),
        _ => None,
    }
}

/// The four octets behind the checksum of an ICMP message, which say what of it depends on its
/// type (RFC 792, RFC 1191 section 4, RFC 4443 section 3.2).
pub(crate) fn icmp_rest(body: &IcmpBody, address: IpAddress) -> [u8; 4] {
    let mut rest = [0; 4];
    if let Some(identifier) = &body.identifier {
        rest[..2].copy_from_slice(&identifier.value.to_be_bytes());
    }
    if let Some(mtu) = &body.mtu {
        let octets = mtu.value.to_be_bytes();
        match address {
            IpAddress::Ipv4(_) => rest[2..].copy_from_slice(&octets[2..]),
            IpAddress::Ipv6(_) => rest = octets,
        }
    }
    rest
}

/// In what the inside of an ICMP message is not what is said.
pub(crate) fn icmp_fault(body: &IcmpBody, frame: &[u8], tracker: &Tracker) -> Option<String> {
    if *body == IcmpBody::default() {
        return None;
    }
    let packet = IpPacket::of_frame(frame).filter(|it| it.payload.len() >= ICMP);
    let Some(packet) = packet else {
        return Some("it is no ICMP message".to_owned());
    };
    let said = icmp_rest(body, packet.addresses.0);
    let looked_at = match (&body.mtu, &body.identifier, packet.addresses.0) {
        (None, None, _) => 0..0,
        (Some(_), _, IpAddress::Ipv4(_)) => 2..4,
        (Some(_), _, IpAddress::Ipv6(_)) => 0..4,
        (None, Some(_), _) => 0..2,
    };
    if packet.payload[4..ICMP][looked_at.clone()] != said[looked_at] {
        let what = if body.mtu.is_some() { "mtu" } else { "id" };
        return Some(format!("its `{what}` is another"));
    }
    let quoted = body.quoted.as_ref()?;
    if let QuotedPacket::Raw { length } = quoted.value {
        let is_so = packet.length == usize::from(length);
        return (!is_so).then(|| format!("the message has {} octets", packet.length));
    }
    let is_so = IpPacket::read(&packet.payload[ICMP..])
        .is_some_and(|it| quotes(quoted.value, &it, tracker));
    (!is_so).then(|| "it quotes another packet".to_owned())
}

/// Whether a packet that is quoted is what is said.
fn quotes(said: QuotedPacket, packet: &IpPacket<'_>, tracker: &Tracker) -> bool {
    match said {
        QuotedPacket::Segment {
            start,
            length,
            is_absolute,
        } => {
            let ports = packet.number(0).zip(packet.number(2));
            let sequence = packet.number(4).zip(packet.number(6));
            let (Some((from, to)), Some((high, low))) = (ports, sequence) else {
                return false;
            };
            let (source, destination) = packet.addresses;
            let origin = tracker.initial_sequence_number(
                IpEndpoint::new(source, from),
                IpEndpoint::new(destination, to),
            );
            let origin = if is_absolute { 0 } else { origin.unwrap_or(0) };
            let sent = (u32::from(high) << 16 | u32::from(low)).wrapping_sub(origin);
            // Where the quotation is cut, the length of the header is not known.
            let header = packet.payload.get(12).map(|it| usize::from(it >> 4) * 4);
            let as_long = header.is_none_or(|it| packet.length == it + usize::from(length));
            packet.protocol == IpProtocol::Tcp && sent == start && as_long
        }
        QuotedPacket::Udp { length } => {
            packet.protocol == IpProtocol::Udp && packet.length == 8 + usize::from(length)
        }
        // It quotes nothing.
        QuotedPacket::Raw { .. } => false,
    }
}
