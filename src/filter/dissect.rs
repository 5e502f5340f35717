//! The fields of the packets of a trace, as Wireshark shows them.
//!
//! The packets come decoded, damaged ones as far as they can be read, and ICMP errors with the
//! packet that they quote. The dissector adds the fields that Wireshark derives from other packets:
//! relative numbers, datagrams reassembled from fragments, and messages reassembled from segments.
//!
//! Left out: fragments of IPv6 datagrams, which no stack here sends, and the protocols
//! that Wireshark finds behind well-known ports, which no filter here can name - all but ISO
//! transport behind port 102.

use smoltcp::wire::{IpAddress, IpVersion};

use super::conversation::{Conversations, Moment};
use super::fields::Field;
use super::iso;
use super::reassemble::{Key, Part, Reassembly};
use super::stream::Streams;
use super::tcp::{self, Place};
use super::value::Value;
use crate::notation::Names;
use crate::wire::{
    ExportedPdu, FrameKind, Icmp, Ip, IpHeader, OwnFields, Packet, Quoted, Remains, Segment,
    Transport, ethertype,
};

/// The header of UDP in octets.
const UDP: usize = 8;

/// The fields of a packet, in the order in which Wireshark shows them.
type Fields = Vec<(Field, Value)>;

/// Shows packets in their order, and learns of connections from them.
#[derive(Debug, Default)]
pub(super) struct Dissector {
    conversations: Conversations,
    reassembly: Reassembly,
    streams: Streams,
    names: Names,
}

impl Dissector {
    /// One that knows the names of some addresses.
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// Adds the fields of an Ethernet frame: `packet` is what was decoded from `octets`, and stands
    /// at a place of the trace.
    pub(super) fn ethernet(
        &mut self,
        now: Moment,
        packet: &Packet,
        octets: &[u8],
        fields: &mut Fields,
    ) {
        self.conversations.go_to(now);
        fields.push((Field::Eth, Value::Present));
        if packet.ethertype == Some(ethertype::ARP) {
            fields.push((Field::Arp, Value::Present));
            number(Field::ArpOpcode, arp_operation(packet), fields);
        }
        let Some(header) = packet.ip.as_ref().and_then(|ip| self.datagram(ip, fields)) else {
            return;
        };
        let place = Place::of(header, false);
        match (&packet.kind, packet.remains.as_deref()) {
            (FrameKind::Segment(segment), _) => self.segment(segment, octets, place, fields),
            (FrameKind::Udp(datagram), _) => {
                let len = u16::try_from(UDP + datagram.len).ok();
                let ports = (datagram.source_port, datagram.destination_port);
                udp((Some(ports.0), Some(ports.1), len), fields);
            }
            (FrameKind::Icmp(icmp), _) => self.icmp(icmp, octets, fields),
            (_, Some(Remains::Transport(transport))) => {
                self.transport(transport, octets, place, fields);
            }
            (_, Some(Remains::ArpOperation(_)) | None) => self.part(header, octets, place, fields),
        }
    }

    /// Adds the fields of a packet that an ICMP error quotes.
    fn quoted(&mut self, quoted: &Quoted, octets: &[u8], fields: &mut Fields) {
        let Some(header) = self.datagram(&quoted.ip, fields) else {
            return;
        };
        let place = Place::of(header, true);
        match &quoted.transport {
            Some(transport) => self.transport(transport, octets, place, fields),
            None => self.part(header, octets, place, fields),
        }
    }

    /// Adds the fields of what the parts of a datagram carry, where this one completes it. A part
    /// that is cut off is not put together with others.
    fn part(&mut self, header: &IpHeader, octets: &[u8], place: Place, fields: &mut Fields) {
        let (
            Some(fragment),
            OwnFields::V4 { identification, .. },
            (IpAddress::Ipv4(from), IpAddress::Ipv4(to)),
        ) = (header.fragment(), header.own, (header.from, header.to))
        else {
            return;
        };
        let Some(bytes) = octets
            .get(header.payload.clone())
            .filter(|_| !header.is_cut)
        else {
            return;
        };
        let key = Key {
            from,
            to,
            protocol: header.protocol,
            identification,
        };
        let part = Part {
            offset: fragment.offset,
            bytes,
            is_last: fragment.is_last,
        };
        if let Some(whole) = self.reassembly.add(key, part)
            && let Some(transport) = Transport::read(header.protocol, &whole, 0)
        {
            self.transport(&transport, &whole, place, fields);
        }
    }

    fn transport(
        &mut self,
        transport: &Transport,
        octets: &[u8],
        place: Place,
        fields: &mut Fields,
    ) {
        match transport {
            Transport::Segment(segment) => self.segment(segment, octets, place, fields),
            Transport::SegmentStart(start) => tcp::start(start, place, fields),
            Transport::Udp(datagram) => {
                let len = u16::try_from(UDP + datagram.len).ok();
                let ports = (datagram.source_port, datagram.destination_port);
                udp((Some(ports.0), Some(ports.1), len), fields);
            }
            Transport::UdpStart {
                source_port,
                destination_port,
                len,
            } => udp((*source_port, *destination_port, *len), fields),
            Transport::Icmp(message) => self.icmp(message, octets, fields),
            Transport::IcmpStart {
                version,
                kind,
                code,
            } => icmp(*version, (*kind, *code), fields),
        }
    }

    fn segment(&mut self, segment: &Segment, octets: &[u8], place: Place, fields: &mut Fields) {
        let payload = octets.get(segment.payload.clone()).unwrap_or_default();
        let stream = tcp::segment(segment, place, &mut self.conversations, fields);
        tcp::payload(segment, payload, fields);
        if let Some(stream) = stream {
            let carried = tcp::carried(segment, payload, place, stream);
            if let Some(carried) = carried {
                iso::segment(&carried, &mut self.streams, fields);
            }
        }
    }

    /// Adds the fields of an IP header. Returns what can be read of it.
    fn datagram<'a>(&self, ip: &'a Ip, fields: &mut Fields) -> Option<&'a IpHeader> {
        let (protocol, ends) = match ip.version {
            IpVersion::Ipv4 => (
                Field::Ip,
                [
                    (Field::IpSrc, Field::IpSrcHost),
                    (Field::IpDst, Field::IpDstHost),
                ],
            ),
            IpVersion::Ipv6 => (
                Field::Ipv6,
                [
                    (Field::Ipv6Src, Field::Ipv6SrcHost),
                    (Field::Ipv6Dst, Field::Ipv6DstHost),
                ],
            ),
        };
        fields.push((protocol, Value::Present));
        let header = ip.header.as_ref()?;
        if let OwnFields::V4 { dont_fragment, .. } = header.own {
            fields.push((Field::IpFlagsDf, Value::Boolean(dont_fragment)));
        }
        for (address, (field, host)) in [header.from, header.to].into_iter().zip(ends) {
            let name = self.names.name(address).map(str::to_owned);
            fields.push((field, Value::address(address)));
            fields.push((
                host,
                Value::Text(name.unwrap_or_else(|| address.to_string())),
            ));
        }
        Some(header)
    }

    fn icmp(&mut self, message: &Icmp, octets: &[u8], fields: &mut Fields) {
        let (kind, code) = message.message.numbers();
        icmp(message.message.version(), (Some(kind), Some(code)), fields);
        if let Some(quoted) = &message.quoted {
            self.quoted(quoted, octets, fields);
        }
    }
}

/// The operation of an ARP packet, as far as it is there.
fn arp_operation(packet: &Packet) -> Option<u16> {
    match (&packet.kind, packet.remains.as_deref()) {
        (FrameKind::Arp(operation), _) => Some(operation.number()),
        (_, Some(Remains::ArpOperation(number))) => Some(*number),
        _ => None,
    }
}

/// Adds the fields of a UDP header: its ports and its length, as far as they are there.
fn udp((source, destination, len): (Option<u16>, Option<u16>, Option<u16>), fields: &mut Fields) {
    fields.push((Field::Udp, Value::Present));
    number(Field::UdpSrcport, source, fields);
    number(Field::UdpDstport, destination, fields);
    number(Field::UdpLength, len, fields);
}

/// Adds the fields of an ICMP header: its type and code, as far as they are there.
fn icmp(version: IpVersion, (kind, code): (Option<u8>, Option<u8>), fields: &mut Fields) {
    let (protocol, kind_field, code_field) = match version {
        IpVersion::Ipv4 => (Field::Icmp, Field::IcmpType, Field::IcmpCode),
        IpVersion::Ipv6 => (Field::Icmpv6, Field::Icmpv6Type, Field::Icmpv6Code),
    };
    fields.push((protocol, Value::Present));
    number(kind_field, kind, fields);
    number(code_field, code, fields);
}

/// Adds the fields of a socket call: an exported PDU whose body is a line for the syslog dissector.
pub(super) fn exported_pdu(octets: &[u8], fields: &mut Fields) {
    fields.push((Field::ExportedPdu, Value::Present));
    let pdu = ExportedPdu::read(octets);
    let ends = [
        (pdu.source, Field::IpSrc, Field::Ipv6Src),
        (pdu.destination, Field::IpDst, Field::Ipv6Dst),
    ];
    for (address, v4, v6) in ends {
        let field = address.map(|address| match address {
            IpAddress::Ipv4(_) => (v4, Value::address(address)),
            IpAddress::Ipv6(_) => (v6, Value::address(address)),
        });
        fields.extend(field);
    }
    if let Some(ports) = pdu.ports {
        number(Field::ExportedPduSrcPort, Some(ports.source), fields);
        number(Field::ExportedPduDstPort, Some(ports.destination), fields);
    }
    if let Some(text) = pdu.text {
        fields.push((Field::Syslog, Value::Present));
        fields.push((Field::SyslogMsg, Value::Text(text.into_owned())));
    }
}

/// Adds a number, where it is there.
fn number<T: Into<u64>>(field: Field, value: Option<T>, fields: &mut Fields) {
    fields.extend(value.map(|value| (field, Value::Number(value.into()))));
}
