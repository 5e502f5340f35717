//! The type and code of an ICMP message, as a script names them.

use hangup_stack::network::IpFamily;
use smoltcp::wire::IpVersion;

use crate::wire::IcmpName;

/// The type of an ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpType {
    /// `icmp 3`
    Number(u8),
    /// `icmp unreachable`
    Name(&'static IcmpName),
}

/// The code of an ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpCode {
    /// `icmp 3 3`
    Number(u8),
    /// `icmp unreachable port_unreachable`
    Name(&'static IcmpName),
}

impl IcmpType {
    /// The number in the header. None: the protocol has no such type.
    pub fn number(self, family: IpFamily) -> Option<u8> {
        match self {
            Self::Number(number) => Some(number),
            Self::Name(name) => name.number(version(family)),
        }
    }
}

impl IcmpCode {
    /// The number in the header. None: the protocol has no such code.
    pub fn number(self, family: IpFamily) -> Option<u8> {
        match self {
            Self::Number(number) => Some(number),
            Self::Name(name) => name.number(version(family)),
        }
    }
}

fn version(family: IpFamily) -> IpVersion {
    match family {
        IpFamily::V4 => IpVersion::Ipv4,
        IpFamily::V6 => IpVersion::Ipv6,
    }
}
