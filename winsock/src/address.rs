//! The addresses of sockets: sockaddr_in, sockaddr_in6 and sockaddr_tp.

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
            Self::Inet(endpoint) => write!(f, "{endpoint}"),
            Self::Iso(IsoAddress { selector, network }) => {
                write!(f, "{}@{network}", selector.escape_ascii())
            }
        }
    }
}
