//! IP headers of both versions.

use std::ops::Range;

use smoltcp::wire::{IpAddress, IpVersion, Ipv4Address, Ipv6Address};

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
    /// At what a host stops before it looks at a transport header.
    pub stop: Option<Stop>,
    /// Whether a transport header begins where `payload` does.
    pub has_transport: bool,
    /// Where what it carries stands in the octets that were decoded: all that is there of it,
    /// behind the extension headers.
    pub payload: Range<usize>,
    /// Whether less is there than the header says.
    pub is_cut: bool,
}

impl IpHeader {
    /// Which part of a datagram it is. None: all of it.
    pub fn fragment(&self) -> Option<Fragment> {
        match self.stop {
            Some(Stop::Fragment(fragment)) => Some(fragment),
            Some(Stop::Routing { .. } | Stop::Malformed) | None => None,
        }
    }
}

/// At what a host stops before it looks at a transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is a part of a datagram.
    Fragment(Fragment),
    /// A routing header of IPv6, behind which the checksum covers another destination.
    Routing {
        /// How much there is, that header included, in octets.
        len: usize,
    },
    /// An extension header of IPv6 that is cut short or says that it is longer than the datagram.
    Malformed,
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

/// Reads the header of a datagram that stands at `at` of what is decoded.
///
/// What calls itself IPv4 and has the version number of IPv6 is read as IPv6.
pub(super) fn read(version: IpVersion, bytes: &[u8], at: usize) -> Ip {
    let is_v6 = bytes.first().is_some_and(|first| first >> 4 == 6);
    let (version, header) = match version {
        IpVersion::Ipv4 if !is_v6 => (version, v4(bytes, at)),
        IpVersion::Ipv4 | IpVersion::Ipv6 => (IpVersion::Ipv6, v6(bytes, at)),
    };
    Ip { version, header }
}

fn v4(bytes: &[u8], at: usize) -> Option<IpHeader> {
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
    let start = header_len.min(end);
    let is_cut = total > bytes.len();
    let [.., hop_limit, protocol, _, _, a, b, c, d, e, f, g, h] = *header;
    let field = u16::from_be_bytes([header[6], header[7]]);
    let fragment = Fragment {
        protocol,
        offset: 8 * usize::from(field & 0x1fff),
        len: end - start,
        is_last: field & 0x2000 == 0,
    };
    let is_whole = fragment.offset == 0 && fragment.is_last;
    // Half a segment is no segment. But of a first part that is cut off its beginning is read,
    // because an ICMP error quotes no more.
    let begins = is_whole || (is_cut && fragment.offset == 0);
    Some(IpHeader {
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
        stop: (!is_whole).then_some(Stop::Fragment(fragment)),
        has_transport: begins && header_len <= bytes.len(),
        payload: at + start..at + end,
        is_cut,
    })
}

fn v6(bytes: &[u8], at: usize) -> Option<IpHeader> {
    let (header, rest) = bytes.split_first_chunk::<V6>()?;
    let address = |at: usize| {
        let octets = header[at..].first_chunk::<16>().copied();
        IpAddress::Ipv6(Ipv6Address::from(octets.unwrap_or_default()))
    };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let rest = &rest[..length.min(rest.len())];
    let behind = past_extensions(header[6], rest);
    let end = at + V6 + rest.len();
    let word = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    Some(IpHeader {
        from: address(8),
        to: address(24),
        service: header[0] << 4 | header[1] >> 4,
        hop_limit: header[7],
        own: OwnFields::V6 {
            flow_label: word & 0xf_ffff,
        },
        protocol: behind.protocol,
        length,
        stop: behind.stop,
        has_transport: behind.payload.is_some(),
        payload: end - behind.payload.unwrap_or(0)..end,
        is_cut: length > bytes.len() - V6,
    })
}

/// What follows the extension headers of an IPv6 datagram.
struct Behind {
    protocol: u8,
    /// How many octets. None: they cannot be read.
    payload: Option<usize>,
    stop: Option<Stop>,
}

/// Passes the extension headers.
fn past_extensions(mut next: u8, mut bytes: &[u8]) -> Behind {
    let mut stop = None;
    // Each turn takes at least eight octets away, so this ends.
    loop {
        let len = match (next, bytes) {
            // RFC 8200 section 4.3: the length is in units of 8 octets, without the first 8.
            (protocol::HOP_BY_HOP | protocol::DESTINATION_OPTIONS, &[_, len, ..]) => {
                Some(8 * (usize::from(len) + 1))
            }
            (protocol::ROUTING, _) => {
                stop.get_or_insert(Stop::Routing { len: bytes.len() });
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
                stop.get_or_insert(Stop::Fragment(fragment));
                // A fragment header whose datagram is whole is passed (RFC 6946).
                (fragment.offset == 0 && fragment.is_last).then_some(8)
            }
            (protocol::HOP_BY_HOP | protocol::DESTINATION_OPTIONS | protocol::FRAGMENT, _) => None,
            _ => {
                return Behind {
                    protocol: next,
                    payload: Some(bytes.len()),
                    stop,
                };
            }
        };
        let rest = len.and_then(|len| bytes.get(len..));
        let (Some(rest), Some(&following)) = (rest, bytes.first()) else {
            stop.get_or_insert(Stop::Malformed);
            return Behind {
                protocol: next,
                payload: None,
                stop,
            };
        };
        (next, bytes) = (following, rest);
    }
}
