//! Packet fields that only packetdrill scripts name, compared in the packets that a host sent:
//! those of the IP header, and the packet inside an ICMP message.

use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::notation::Tracker;
use crate::scenario::detail::{IcmpBody, IpFields, QuotedPacket};
use crate::wire::{FrameKind, OwnFields, Packet, Quoted, Transport};

/// In what the IP header of a frame is not what is said.
pub(crate) fn ip_fault(fields: &IpFields, packet: &Packet) -> Option<String> {
    if *fields == IpFields::default() {
        return None;
    }
    let Some(header) = packet.ip.as_ref().and_then(|ip| ip.header.as_ref()) else {
        return Some("it is no IP packet".to_owned());
    };
    if let Some(service) = &fields.service
        && !service.value.holds(header.service)
    {
        return Some(format!("its type of service is {:#04x}", header.service));
    }
    if let Some(hop_limit) = &fields.hop_limit
        && hop_limit.value != header.hop_limit
    {
        return Some(format!("its time to live is {}", header.hop_limit));
    }
    match (&fields.flow_label, header.own) {
        (Some(said), OwnFields::V6 { flow_label: label }) if said.value != label => {
            Some(format!("its flow label is {label:#x}"))
        }
        (Some(_), OwnFields::V4 { .. }) => Some("it has no flow label".to_owned()),
        (Some(_) | None, OwnFields::V4 { .. } | OwnFields::V6 { .. }) => None,
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
pub(crate) fn icmp_fault(body: &IcmpBody, packet: &Packet, tracker: &Tracker) -> Option<String> {
    if *body == IcmpBody::default() {
        return None;
    }
    let header = packet.ip.as_ref().and_then(|ip| ip.header.as_ref());
    let (Some(header), FrameKind::Icmp(icmp)) = (header, &packet.kind) else {
        return Some("it is no ICMP message".to_owned());
    };
    let Some(rest) = icmp.rest else {
        return Some("it is no ICMP message".to_owned());
    };
    let said = icmp_rest(body, header.from);
    let looked_at = match (&body.mtu, &body.identifier, header.from) {
        (None, None, _) => 0..0,
        (Some(_), _, IpAddress::Ipv4(_)) => 2..4,
        (Some(_), _, IpAddress::Ipv6(_)) => 0..4,
        (None, Some(_), _) => 0..2,
    };
    if rest[looked_at.clone()] != said[looked_at] {
        let what = if body.mtu.is_some() { "mtu" } else { "id" };
        return Some(format!("its `{what}` is another"));
    }
    let quoted = body.quoted.as_ref()?;
    if let QuotedPacket::Raw { length } = quoted.value {
        let is_so = header.length == usize::from(length);
        return (!is_so).then(|| format!("the message has {} octets", header.length));
    }
    let is_so = icmp
        .quoted
        .as_ref()
        .is_some_and(|it| quotes(quoted.value, it, tracker));
    (!is_so).then(|| "it quotes another packet".to_owned())
}

/// Whether a packet that is quoted is what is said.
fn quotes(said: QuotedPacket, packet: &Quoted, tracker: &Tracker) -> bool {
    let (Some(header), Some(transport)) = (&packet.ip.header, &packet.transport) else {
        return false;
    };
    match said {
        QuotedPacket::Segment {
            start,
            length,
            is_absolute,
        } => {
            // Where the quotation is cut, the length of the header is not known.
            let (ports, sequence, header_len) = match transport {
                Transport::Segment(it) => {
                    let ports = (it.source_port, it.destination_port);
                    (Some(ports), Some(it.seq), Some(it.header_len))
                }
                Transport::SegmentStart(it) => (it.ports, it.seq, it.header_len),
                Transport::Udp(_)
                | Transport::UdpStart { .. }
                | Transport::Icmp(_)
                | Transport::IcmpStart { .. } => return false,
            };
            let (Some((from, to)), Some(sequence)) = (ports, sequence) else {
                return false;
            };
            let origin = tracker.initial_sequence_number(
                IpEndpoint::new(header.from, from),
                IpEndpoint::new(header.to, to),
            );
            let origin = if is_absolute { 0 } else { origin.unwrap_or(0) };
            let as_long = header_len.is_none_or(|it| header.length == it + usize::from(length));
            sequence.wrapping_sub(origin) == start && as_long
        }
        QuotedPacket::Udp { length } => {
            let is_udp = matches!(transport, Transport::Udp(_) | Transport::UdpStart { .. });
            is_udp && header.length == 8 + usize::from(length)
        }
        // It quotes nothing.
        QuotedPacket::Raw { .. } => false,
    }
}
