//! The names that scripts give to ICMP messages. A name stands for one number in ICMP and another
//! in ICMPv6, so that a scenario can be run over both.

use hangup_stack::network::IpFamily;

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

/// A name and the numbers it stands for. None: there is no such message in that protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpName {
    /// The name.
    pub name: &'static str,
    /// The number in ICMP (RFC 792).
    pub v4: Option<u8>,
    /// The number in ICMPv6 (RFC 4443).
    pub v6: Option<u8>,
}

impl IcmpType {
    /// The number in the header. None: the protocol has no such type.
    pub fn number(self, family: IpFamily) -> Option<u8> {
        match self {
            Self::Number(number) => Some(number),
            Self::Name(name) => name.number(family),
        }
    }
}

impl IcmpCode {
    /// The number in the header. None: the protocol has no such code.
    pub fn number(self, family: IpFamily) -> Option<u8> {
        match self {
            Self::Number(number) => Some(number),
            Self::Name(name) => name.number(family),
        }
    }
}

impl IcmpName {
    fn number(&self, family: IpFamily) -> Option<u8> {
        match family {
            IpFamily::V4 => self.v4,
            IpFamily::V6 => self.v6,
        }
    }
}

/// The types that have names.
pub const TYPES: &[IcmpName] = &[
    name("unreachable", Some(3), Some(1)),
    name("packet_too_big", None, Some(2)),
    name("time_exceeded", Some(11), Some(3)),
    name("parameter_problem", Some(12), Some(4)),
    name("echo_request", Some(8), Some(128)),
    name("echo_reply", Some(0), Some(129)),
    name("source_quench", Some(4), None),
    name("redirect", Some(5), Some(137)),
];

/// The codes that have names; all but the last two are codes of `unreachable`.
pub const CODES: &[IcmpName] = &[
    name("net_unreachable", Some(0), Some(0)),
    name("host_unreachable", Some(1), Some(3)),
    name("protocol_unreachable", Some(2), None),
    name("port_unreachable", Some(3), Some(4)),
    name("frag_needed", Some(4), None),
    name("admin_prohibited", Some(13), Some(1)),
    name("ttl_exceeded", Some(0), Some(0)),
    name("reassembly_time_exceeded", Some(1), Some(1)),
];

const fn name(name: &'static str, v4: Option<u8>, v6: Option<u8>) -> IcmpName {
    IcmpName { name, v4, v6 }
}
