//! The addresses of sockets: sockaddr_in, sockaddr_in6 and sockaddr_tp.

use core::net::SocketAddr;
use std::fmt;

use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};

/// Any address family.
pub const AF_UNSPEC: i32 = 0;
/// IPv4.
pub const AF_INET: i32 = 2;
/// ISO transport (the same number as AF_OSI).
pub const AF_ISO: i32 = 7;
/// IPv6.
pub const AF_INET6: i32 = 23;

/// The longest transport selector, in octets (ISO_MAX_ADDR_LENGTH of wshisotp.h is 64 for selector
/// and network address together; RFC 1277 and practice keep selectors to 32).
pub const SELECTOR_MAX: usize = 32;

/// Where a socket is bound or connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A port of an internet host: AF_INET or AF_INET6.
    Inet(IpEndpoint),
    /// A transport service access point: AF_ISO. The network address is the internet host whose
    /// TCP carries ISO transport, as RFC 1277 encodes it.
    Iso(IsoAddress),
}

/// The transport address of a user of ISO transport over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoAddress {
    /// The transport selector, at most [`SELECTOR_MAX`] octets; it may be empty.
    pub selector: Vec<u8>,
    /// The internet host and its TCP port (102 by RFC 2126).
    pub network: IpEndpoint,
}

impl IsoAddress {
    /// Reads what [`Address`]'s `Display` writes: `selector@192.0.2.1:102`.
    pub fn parse(text: &str) -> Option<Self> {
        let (selector, network) = text.rsplit_once('@')?;
        let network: SocketAddr = network.parse().ok()?;
        let selector = unescape(selector)?;
        (selector.len() <= SELECTOR_MAX).then(|| Self {
            selector,
            network: network.into(),
        })
    }
}

/// The octets that `escape_ascii` has written.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (octet, after) = match (first, after) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                (u8::from_str_radix(digits, 16).ok()?, after)
            }
            (b'\\', [escaped, after @ ..]) => {
                let octet = match escaped {
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b'\\' | b'\'' | b'"' => *escaped,
                    _ => return None,
                };
                (octet, after)
            }
            (b'\\', []) => return None,
            (octet, after) => (*octet, after),
        };
        octets.push(octet);
        rest = after;
    }
    Some(octets)
}

impl Address {
    /// The address family: AF_INET, AF_INET6 or AF_ISO.
    pub const fn family(&self) -> i32 {
        match self {
            Self::Inet(IpEndpoint {
                addr: IpAddress::Ipv4(_),
                ..
            }) => AF_INET,
            Self::Inet(IpEndpoint {
                addr: IpAddress::Ipv6(_),
                ..
            }) => AF_INET6,
            Self::Iso(_) => AF_ISO,
        }
    }

    /// The internet address, which every family here has.
    pub const fn endpoint(&self) -> IpEndpoint {
        match self {
            Self::Inet(endpoint) => *endpoint,
            Self::Iso(IsoAddress { network, .. }) => *network,
        }
    }

    /// Whether the address can be used with an internet socket of a family.
    pub(crate) fn inet_of(&self, family: IpFamily) -> Option<IpEndpoint> {
        match self {
            Self::Inet(endpoint) if IpFamily::of(endpoint.addr) == family => Some(*endpoint),
            Self::Inet(_) | Self::Iso(_) => None,
        }
    }
}

impl From<IpEndpoint> for Address {
    fn from(endpoint: IpEndpoint) -> Self {
        Self::Inet(endpoint)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(endpoint) => write!(f, "{}", socket_address(*endpoint)),
            Self::Iso(IsoAddress { selector, network }) => {
                let network = socket_address(*network);
                write!(f, "{}@{network}", selector.escape_ascii())
            }
        }
    }
}

/// The address in the usual notation, where an IPv6 address stands in brackets before its port.
fn socket_address(endpoint: IpEndpoint) -> SocketAddr {
    SocketAddr::new(endpoint.addr.into(), endpoint.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_addresses_are_read_as_they_are_written() {
        let selectors: [&[u8]; 5] = [b"", b"total", b"a@b:1", b"\\x", &[0, 255, b'"', b'\n']];
        for selector in selectors {
            let address = IsoAddress {
                selector: selector.to_vec(),
                network: IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 102),
            };
            let text = Address::Iso(address.clone()).to_string();
            assert_eq!(IsoAddress::parse(&text), Some(address), "{text}");
        }
        let long = format!("{}@192.0.2.1:102", "a".repeat(SELECTOR_MAX + 1));
        for text in [
            "",
            "a",
            "a@",
            "a@server:102",
            "\\@192.0.2.1:102",
            "\\xg0@192.0.2.1:1",
            &long,
        ] {
            assert_eq!(IsoAddress::parse(text), None, "{text}");
        }
    }
}
