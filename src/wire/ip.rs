//! IP headers of both versions.

use std::ops::Range;

use smoltcp::wire::{IpAddress, IpVersion, Ipv4Address, Ipv6Address};

use super::packet::{Kind, Other};
use super::transport::Transport;

/// The IP protocol numbers that are looked into (IANA's registry).
pub(super) mod protocol {
    use smoltcp::wire::IpVersion;

    pub(crate) const HOP_BY_HOP: u8 = 0;
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const ROUTING: u8 = 43;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const DESTINATION_OPTIONS: u8 = 60;

    /// Whether a version of IP carries a protocol: each has an ICMP of its own.
    pub(crate) fn is_of(version: IpVersion, protocol: u8) -> bool {
        match version {
            IpVersion::Ipv4 => protocol != ICMPV6,
            IpVersion::Ipv6 => protocol != ICMP,
        }
    }
}

/// The headers without options and extensions, in octets.
const V4: usize = 20;
const V6: usize = 40;

/// An IP datagram's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ip {
    /// The version.
    pub version: IpVersion,
    /// The fields. None: the header is cut short or contradicts itself.
    pub header: Option<IpHeader>,
}

/// The fields of an IP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpHeader {
    /// The source address.
    pub from: IpAddress,
    /// The destination address.
    pub to: IpAddress,
    /// The octet of the type of service or traffic class. Its low two bits are those of ECN (RFC
    /// 3168 section 5).
    pub service: u8,
    /// The time to live or hop limit.
    pub hop_limit: u8,
    /// The fields that only one of the versions has.
    pub own: OwnFields,
    /// The number of the protocol that it carries, behind the extension headers.
    pub protocol: u8,
    /// How much is said to follow the header, in octets. Of IPv6, extension headers included.
    pub length: usize,
    /// Which part of a datagram it is. None: all of it.
    pub fragment: Option<Fragment>,
    /// Where what it carries stands in the octets that were decoded: all that is there of it,
    /// behind the extension headers.
    pub payload: Range<usize>,
    /// Whether less is there than the header says.
    pub is_cut: bool,
}

/// The fields that only one version of IP has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnFields {
    /// Of IPv4.
    V4 {
        /// What the parts of one datagram have in common.
        identification: u16,
        /// DF: routers must not take it apart.
        dont_fragment: bool,
    },
    /// Of IPv6.
    V6 {
        /// The flow label.
        flow_label: u32,
    },
}

/// A part of an IP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The IP protocol number of the datagram's payload.
    pub protocol: u8,
    /// Where in the payload it begins, in octets.
    pub offset: usize,
    /// How many octets of the payload it has.
    pub len: usize,
    /// Whether it is the last part.
    pub is_last: bool,
}

/// A datagram as far as it could be read.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) ip: Ip,
    /// What a host makes of it before it looks at the transport header, if that is an end of it: a
    /// fragment, or an extension header that is not passed.
    pub(super) ends_as: Option<Kind>,
    /// The transport header, where one can be read.
    pub(super) transport: Option<Transport>,
}

/// Reads a datagram that stands at `at` of what is decoded and that `depth` ICMP errors are around.
///
/// What calls itself IPv4 and has the version number of IPv6 is read as IPv6.
pub(super) fn read(version: IpVersion, bytes: &[u8], at: usize, depth: usize) -> Datagram {
    let number = bytes.first().map(|first| first >> 4);
    let read = match version {
        IpVersion::Ipv4 if number != Some(6) => v4(bytes, at, depth),
        IpVersion::Ipv4 | IpVersion::Ipv6 => v6(bytes, at, depth),
    };
    let version = match (version, number) {
        (IpVersion::Ipv4, Some(6)) => IpVersion::Ipv6,
        (version, _) => version,
    };
    read.unwrap_or(Datagram {
        ip: Ip {
            version,
            header: None,
        },
        ends_as: None,
        transport: None,
    })
}

fn v4(bytes: &[u8], at: usize, depth: usize) -> Option<Datagram> {
    let header = bytes.first_chunk::<V4>()?;
    let header_len = 4 * usize::from(header[0] & 0xf);
    let total = match usize::from(u16::from_be_bytes([header[2], header[3]])) {
        // A sending host's own capture may show a datagram whose length its card fills in.
        0 => bytes.len(),
        total => total,
    };
    if header[0] >> 4 != 4 || header_len < V4 || total < header_len {
        return None;
    }
    let end = total.min(bytes.len());
    let payload = bytes.get(header_len..end).unwrap_or_default();
    let is_cut = total > bytes.len();
    let [.., hop_limit, protocol, _, _, a, b, c, d, e, f, g, h] = *header;
    let field = u16::from_be_bytes([header[6], header[7]]);
    let fragment = Fragment {
        protocol,
        offset: 8 * usize::from(field & 0x1fff),
        len: payload.len(),
        is_last: field & 0x2000 == 0,
    };
    let fragment = (fragment.offset > 0 || !fragment.is_last).then_some(fragment);
    // Half a segment is no segment. But of a first part that is cut off its beginning is read,
    // because an ICMP error quotes no more.
    let is_read =
        header_len <= bytes.len() && fragment.is_none_or(|fragment| is_cut && fragment.offset == 0);
    let transport = is_read
        .then(|| Transport::read_quoted(protocol, payload, at + header_len, depth))
        .flatten();
    let start = header_len.min(end);
    let header = IpHeader {
        from: Ipv4Address::new(a, b, c, d).into(),
        to: Ipv4Address::new(e, f, g, h).into(),
        service: header[1],
        hop_limit,
        own: OwnFields::V4 {
            identification: u16::from_be_bytes([header[4], header[5]]),
            dont_fragment: field & 0x4000 != 0,
        },
        protocol,
        length: total - header_len,
        fragment,
        payload: at + start..at + end,
        is_cut,
    };
    Some(Datagram {
        ip: Ip {
            version: IpVersion::Ipv4,
            header: Some(header),
        },
        ends_as: fragment.map(Kind::Fragment),
        transport,
    })
}

fn v6(bytes: &[u8], at: usize, depth: usize) -> Option<Datagram> {
    let (header, rest) = bytes.split_first_chunk::<V6>()?;
    let address = |at: usize| {
        let octets = header[at..].first_chunk::<16>().copied();
        IpAddress::Ipv6(Ipv6Address::from(octets.unwrap_or_default()))
    };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let rest = &rest[..length.min(rest.len())];
    let Behind {
        protocol,
        bytes: payload,
        ends_as,
    } = past_extensions(header[6], rest);
    let payload_at = at + V6 + rest.len() - payload.map_or(0, <[u8]>::len);
    let transport = payload.and_then(|it| Transport::read_quoted(protocol, it, payload_at, depth));
    let word = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    let header = IpHeader {
        from: address(8),
        to: address(24),
        service: word.to_be_bytes()[0] << 4 | word.to_be_bytes()[1] >> 4,
        hop_limit: header[7],
        own: OwnFields::V6 {
            flow_label: word & 0xf_ffff,
        },
        protocol,
        length,
        fragment: match ends_as {
            Some(Kind::Fragment(fragment)) => Some(fragment),
            _ => None,
        },
        payload: payload_at..at + V6 + rest.len(),
        is_cut: length > bytes.len() - V6,
    };
    Some(Datagram {
        ip: Ip {
            version: IpVersion::Ipv6,
            header: Some(header),
        },
        ends_as,
        transport,
    })
}

/// What follows the extension headers of an IPv6 datagram.
struct Behind<'a> {
    protocol: u8,
    /// None: it cannot be read.
    bytes: Option<&'a [u8]>,
    ends_as: Option<Kind>,
}

/// Passes the extension headers. A host that is asked what the packet is stops at a routing header,
/// behind which the checksum covers another destination, and at a fragment header.
fn past_extensions(mut next: u8, mut bytes: &[u8]) -> Behind<'_> {
    let mut ends_as = None;
    // Each turn takes at least eight octets away, so this ends.
    loop {
        let len = match (next, bytes) {
            // RFC 8200 section 4.3: the length is in units of 8 octets, without the first 8.
            (protocol::HOP_BY_HOP | protocol::DESTINATION_OPTIONS, &[_, len, ..]) => {
                Some(8 * (usize::from(len) + 1))
            }
            (protocol::ROUTING, _) => {
                ends_as.get_or_insert(Kind::Other(Other::Protocol {
                    number: next,
                    len: bytes.len(),
                }));
                bytes.get(1).map(|len| 8 * (usize::from(*len) + 1))
            }
            (protocol::FRAGMENT, &[protocol, _, high, low, _, _, _, _, ref part @ ..]) => {
                let field = u16::from_be_bytes([high, low]);
                let fragment = Fragment {
                    protocol,
                    offset: usize::from(field & !0b111),
                    len: part.len(),
                    is_last: field & 1 == 0,
                };
                ends_as.get_or_insert(Kind::Fragment(fragment));
                // A fragment header whose datagram is whole is passed (RFC 6946).
                (fragment.offset == 0 && fragment.is_last).then_some(8)
            }
            (protocol::HOP_BY_HOP | protocol::DESTINATION_OPTIONS | protocol::FRAGMENT, _) => None,
            _ => {
                return Behind {
                    protocol: next,
                    bytes: Some(bytes),
                    ends_as,
                };
            }
        };
        let rest = len.and_then(|len| bytes.get(len..));
        let (Some(rest), Some(&following)) = (rest, bytes.first()) else {
            ends_as.get_or_insert(Kind::Other(Other::Malformed("ipv6 extension header")));
            return Behind {
                protocol: next,
                bytes: None,
                ends_as,
            };
        };
        (next, bytes) = (following, rest);
    }
}
