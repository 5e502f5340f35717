//! Taking the packets of a trace apart, as Wireshark does.
//!
//! The octets are read here and not through [`decode`], because Wireshark shows more of a packet
//! than a script can name: what an ICMP error quotes, and what can be read of a packet that the
//! link damaged.
//!
//! What it leaves out: fragments of IPv6 datagrams, which no stack here sends, and the protocols
//! that Wireshark finds behind well-known ports, which no filter here can name - all but ISO
//! transport behind port 102.
//!
//! [`decode`]: crate::notation::decode

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::conversation::Conversations;
use super::fields::Field;
use super::iso;
use super::reassemble::{Key, Part, Reassembly};
use super::stream::Streams;
use super::tcp;
use super::value::Value;

/// How many packets may be quoted within each other. A frame has room for thousands.
const QUOTED_MAX: usize = 16;

/// Where a transport header stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    /// Whether an ICMP error quotes it.
    pub(super) is_quoted: bool,
}

/// Takes packets apart in their order, and learns of connections from them.
#[derive(Debug, Default)]
pub(super) struct Dissector {
    conversations: Conversations,
    reassembly: Reassembly,
    streams: Streams,
}

impl Dissector {
    /// Adds the fields of an Ethernet frame.
    pub(super) fn ethernet(&mut self, bytes: &[u8], fields: &mut Vec<(Field, Value)>) {
        fields.push((Field::Eth, Value::Present));
        let Some(ethertype) = u16_at(bytes, 12) else {
            return;
        };
        let payload = &bytes[14..];
        match ethertype {
            0x0800 => self.ip(payload, 0, fields),
            0x0806 => {
                fields.push((Field::Arp, Value::Present));
                number(Field::ArpOpcode, u16_at(payload, 6), fields);
            }
            0x86dd => self.ipv6(payload, 0, fields),
            _ => {}
        }
    }

    /// Adds the fields of a datagram that calls itself IPv4, and of what is in it. `quoted` is how
    /// many ICMP errors are around it.
    fn ip(&mut self, bytes: &[u8], quoted: usize, fields: &mut Vec<(Field, Value)>) {
        if bytes.first().is_some_and(|first| first >> 4 == 6) {
            return self.ipv6(bytes, quoted, fields);
        }
        fields.push((Field::Ip, Value::Present));
        let Some(header) = bytes.first_chunk::<20>() else {
            return;
        };
        let header_len = 4 * usize::from(header[0] & 0xf);
        let total = match usize::from(u16::from_be_bytes([header[2], header[3]])) {
            // A sending host's own capture may show a datagram whose length its card fills in.
            0 => bytes.len(),
            total => total,
        };
        if header[0] >> 4 != 4 || header_len < header.len() || total < header_len {
            return;
        }
        let [.., a, b, c, d, e, f, g, h] = *header;
        let (from, to) = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
        fields.push((Field::IpSrc, Value::ipv4(from)));
        fields.push((Field::IpDst, Value::ipv4(to)));
        let Some(payload) = bytes.get(header_len..total.min(bytes.len())) else {
            return;
        };
        let place = Place {
            from: from.into(),
            to: to.into(),
            is_quoted: quoted > 0,
        };
        let fragment = u16::from_be_bytes([header[6], header[7]]);
        let (has_more, offset) = (fragment & 0x2000 != 0, 8 * usize::from(fragment & 0x1fff));
        if !has_more && offset == 0 {
            return self.transport(header[9], payload, place, quoted, fields);
        }
        if total > bytes.len() {
            // A part that is cut off is not put together with others; a first one is shown as it
            // is, because an ICMP error quotes no more.
            if offset == 0 {
                self.transport(header[9], payload, place, quoted, fields);
            }
            return;
        }
        let key = Key {
            from,
            to,
            protocol: header[9],
            identification: u16::from_be_bytes([header[4], header[5]]),
        };
        let part = Part {
            offset,
            bytes: payload,
            is_last: !has_more,
        };
        if let Some(whole) = self.reassembly.add(key, part) {
            self.transport(header[9], &whole, place, quoted, fields);
        }
    }

    /// Adds the fields of an IPv6 datagram, and of what is in it.
    fn ipv6(&mut self, bytes: &[u8], quoted: usize, fields: &mut Vec<(Field, Value)>) {
        fields.push((Field::Ipv6, Value::Present));
        let Some((header, rest)) = bytes.split_first_chunk::<40>() else {
            return;
        };
        let octets = |at: usize| {
            let address = header[at..].first_chunk::<16>().copied();
            Ipv6Addr::from(address.unwrap_or_default())
        };
        let (from, to) = (octets(8), octets(24));
        fields.push((Field::Ipv6Src, Value::ipv6(from)));
        fields.push((Field::Ipv6Dst, Value::ipv6(to)));
        let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let Some((next, payload)) = past_extensions(header[6], &rest[..len.min(rest.len())]) else {
            return;
        };
        let place = Place {
            from: from.into(),
            to: to.into(),
            is_quoted: quoted > 0,
        };
        self.transport(next, payload, place, quoted, fields);
    }

    fn transport(
        &mut self,
        protocol: u8,
        bytes: &[u8],
        place: Place,
        quoted: usize,
        fields: &mut Vec<(Field, Value)>,
    ) {
        match protocol {
            1 => {
                fields.push((Field::Icmp, Value::Present));
                number(Field::IcmpType, bytes.first().copied(), fields);
                number(Field::IcmpCode, bytes.get(1).copied(), fields);
                let is_error = matches!(bytes, [3 | 4 | 5 | 11 | 12, ..]);
                if let (true, Some(about)) = (is_error && quoted < QUOTED_MAX, bytes.get(8..)) {
                    self.ip(about, quoted + 1, fields);
                }
            }
            6 => {
                fields.push((Field::Tcp, Value::Present));
                let carried = tcp::segment(bytes, place, &mut self.conversations, fields);
                if let Some(payload) = carried {
                    iso::segment(&payload, &mut self.streams, fields);
                }
            }
            17 => {
                fields.push((Field::Udp, Value::Present));
                number(Field::UdpSrcport, u16_at(bytes, 0), fields);
                number(Field::UdpDstport, u16_at(bytes, 2), fields);
                number(Field::UdpLength, u16_at(bytes, 4), fields);
            }
            58 => {
                fields.push((Field::Icmpv6, Value::Present));
                number(Field::Icmpv6Type, bytes.first().copied(), fields);
                number(Field::Icmpv6Code, bytes.get(1).copied(), fields);
                let is_error = matches!(bytes, [1..=4, ..]);
                if let (true, Some(about)) = (is_error && quoted < QUOTED_MAX, bytes.get(8..)) {
                    self.ipv6(about, quoted + 1, fields);
                }
            }
            _ => {}
        }
    }
}

/// What follows the extension headers of an IPv6 datagram. None where it is cut off, or a fragment.
fn past_extensions(mut next: u8, mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    // Each turn takes at least eight octets away, so this ends.
    loop {
        (next, bytes) = match (next, bytes) {
            // Hop-by-hop options, routing and destination options: RFC 8200 sections 4.3 to 4.6.
            (0 | 43 | 60, &[following, len, ..]) => {
                (following, bytes.get(8 * (usize::from(len) + 1)..)?)
            }
            // A fragment header whose datagram is whole (RFC 6946).
            (44, &[following, _, 0, 0 | 2 | 4 | 6, ..]) => (following, bytes.get(8..)?),
            (0 | 43 | 44 | 60, _) => return None,
            _ => return Some((next, bytes)),
        };
    }
}

/// Adds the fields of a socket call: an exported PDU whose body is a line for the syslog dissector.
pub(super) fn exported_pdu(bytes: &[u8], fields: &mut Vec<(Field, Value)>) {
    fields.push((Field::ExportedPdu, Value::Present));
    let mut rest = bytes;
    while let (Some(tag), Some(len)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let end = 4 + usize::from(len);
        let (Some(value), Some(after)) = (rest.get(4..end), rest.get(end..)) else {
            return;
        };
        rest = after;
        let v4 = value.first_chunk::<4>().copied();
        let v4 = v4.map(|octets| Value::ipv4(Ipv4Addr::from(octets)));
        let v6 = value.first_chunk::<16>().copied();
        let v6 = v6.map(|octets| Value::ipv6(Ipv6Addr::from(octets)));
        let port = u32_at(value, 0).map(|port| Value::Number(port.into()));
        // The tags of epan/exported_pdu.h of Wireshark.
        let (field, value) = match tag {
            0 => break,
            20 => (Field::IpSrc, v4),
            21 => (Field::IpDst, v4),
            22 => (Field::Ipv6Src, v6),
            23 => (Field::Ipv6Dst, v6),
            25 => (Field::ExportedPduSrcPort, port),
            26 => (Field::ExportedPduDstPort, port),
            _ => continue,
        };
        fields.extend(value.map(|value| (field, value)));
    }
    let text = String::from_utf8_lossy(rest).into_owned();
    fields.push((Field::Syslog, Value::Present));
    fields.push((Field::SyslogMsg, Value::Text(text)));
}

/// Adds a number, where it is there.
fn number<T: Into<u64>>(field: Field, value: Option<T>, fields: &mut Vec<(Field, Value)>) {
    fields.extend(value.map(|value| (field, Value::Number(value.into()))));
}

/// The number of two octets at a place.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let octets = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*octets))
}

/// The number of four octets at a place.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let octets = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*octets))
}
