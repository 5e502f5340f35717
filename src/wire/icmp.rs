//! ICMP messages, and their names.
//!
//! The names are packetdrill's as far as it has them. A name stands for one number in ICMP and
//! another in ICMPv6, so that a scenario can be run over both.

use std::fmt;

use smoltcp::wire::IpVersion;

/// An ICMP message: its type and code, and which of the two protocols they are numbers of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpMessage {
    /// ICMP over IPv4 (RFC 792).
    V4 {
        /// The type field.
        kind: u8,
        /// The code field.
        code: u8,
    },
    /// ICMPv6 (RFC 4443).
    V6 {
        /// The type field.
        kind: u8,
        /// The code field.
        code: u8,
    },
}

impl IcmpMessage {
    /// The message of these numbers.
    pub const fn new(version: IpVersion, kind: u8, code: u8) -> Self {
        match version {
            IpVersion::Ipv4 => Self::V4 { kind, code },
            IpVersion::Ipv6 => Self::V6 { kind, code },
        }
    }

    /// Which of the two protocols it is of.
    pub const fn version(self) -> IpVersion {
        match self {
            Self::V4 { .. } => IpVersion::Ipv4,
            Self::V6 { .. } => IpVersion::Ipv6,
        }
    }

    /// Its type and its code.
    pub const fn numbers(self) -> (u8, u8) {
        match self {
            Self::V4 { kind, code } | Self::V6 { kind, code } => (kind, code),
        }
    }

    /// Whether a packet follows its header: the one that it is about.
    pub(super) const fn quotes_a_packet(self) -> bool {
        match self {
            Self::V4 { .. } => self.is_error(),
            // The errors that are assigned (RFC 4443 section 2.1).
            Self::V6 { kind, .. } => self.is_error() && matches!(kind, 1..=4),
        }
    }

    /// Whether it reports an error about another packet, rather than asking or answering.
    pub const fn is_error(self) -> bool {
        match self {
            Self::V4 { kind, .. } => matches!(kind, 3 | 4 | 5 | 11 | 12),
            // RFC 4443 section 2.1: error messages are those with types from 0 to 127.
            Self::V6 { kind, .. } => kind < 128,
        }
    }

    /// The name of its type, where it is written with one.
    fn kind_name(self) -> Option<&'static str> {
        written(TYPES, self.version(), self.numbers().0)
    }

    /// The name of its code, where it is written with one.
    fn code_name(self) -> Option<&'static str> {
        let names = match self {
            Self::V4 { kind: 3, .. } | Self::V6 { kind: 1, .. } => UNREACHABLE,
            Self::V4 { kind: 11, .. } | Self::V6 { kind: 3, .. } => EXCEEDED,
            Self::V4 { .. } | Self::V6 { .. } => return None,
        };
        written(names, self.version(), self.numbers().1)
    }
}

impl fmt::Display for IcmpMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, code) = self.numbers();
        match self.kind_name() {
            Some(name) => write!(f, "icmp {name}")?,
            None => write!(f, "icmp {kind}")?,
        }
        match self.code_name() {
            Some(name) => write!(f, " {name}"),
            // A code of 0 that has no name says nothing.
            None if code == 0 => Ok(()),
            None => write!(f, " {code}"),
        }
    }
}

/// A name and the numbers it stands for. None: there is no such message in that protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpName {
    /// The name.
    pub name: &'static str,
    /// The number in ICMP (RFC 792).
    v4: Option<u8>,
    /// The number in ICMPv6 (RFC 4443).
    v6: Option<u8>,
    /// Who reads it.
    read: Read,
    /// Whether a message with one of the numbers is written so.
    is_written: bool,
}

/// Which scripts may use a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// Those of scenarios and of packetdrill.
    Everywhere,
    /// Those of packetdrill.
    Packetdrill,
    /// None: traces alone.
    Nowhere,
}

impl IcmpName {
    /// The type of a name, as scenarios may write it.
    pub fn types() -> impl Iterator<Item = &'static Self> {
        TYPES.iter().filter(|it| it.read == Read::Everywhere)
    }

    /// The code of a name, as scenarios may write it.
    pub fn codes() -> impl Iterator<Item = &'static Self> {
        codes().filter(|it| it.read == Read::Everywhere)
    }

    /// The type of a name that a script of packetdrill may use.
    pub fn packetdrill_type(name: &str) -> Option<&'static Self> {
        let mut known = TYPES.iter().filter(|it| it.read != Read::Nowhere);
        known.find(|it| it.name == name)
    }

    /// The code of a name that a script of packetdrill may use.
    pub fn packetdrill_code(name: &str) -> Option<&'static Self> {
        let mut known = codes().filter(|it| it.read != Read::Nowhere);
        known.find(|it| it.name == name)
    }

    /// The number that it stands for.
    pub fn number(&self, version: IpVersion) -> Option<u8> {
        match version {
            IpVersion::Ipv4 => self.v4,
            IpVersion::Ipv6 => self.v6,
        }
    }

    /// A name that traces write and every script reads.
    const fn of(name: &'static str, v4: Option<u8>, v6: Option<u8>) -> Self {
        Self {
            name,
            v4,
            v6,
            read: Read::Everywhere,
            is_written: true,
        }
    }

    /// Read by scripts of packetdrill, and not by those of scenarios.
    const fn in_packetdrill(self) -> Self {
        Self {
            read: Read::Packetdrill,
            ..self
        }
    }

    /// Read by scripts of packetdrill alone, and not written.
    const fn only_packetdrill(self) -> Self {
        self.in_packetdrill().only_read()
    }

    /// Written in traces, and read by no script.
    const fn in_traces(self) -> Self {
        Self {
            read: Read::Nowhere,
            ..self
        }
    }

    /// Read, and not written: another name is.
    const fn only_read(self) -> Self {
        Self {
            is_written: false,
            ..self
        }
    }
}

/// The codes that have names, of whatever type.
fn codes() -> impl Iterator<Item = &'static IcmpName> {
    [UNREACHABLE, EXCEEDED, PROBLEM].into_iter().flatten()
}

/// The name that a number is written with.
fn written(names: &'static [IcmpName], version: IpVersion, number: u8) -> Option<&'static str> {
    let mut written = names.iter().filter(|it| it.is_written);
    let found = written.find(|it| it.number(version) == Some(number));
    found.map(|it| it.name)
}

/// The types (RFC 792, RFC 950, RFC 4443, RFC 4861).
const TYPES: &[IcmpName] = &[
    IcmpName::of("unreachable", Some(3), Some(1)),
    IcmpName::of("packet_too_big", None, Some(2)),
    IcmpName::of("time_exceeded", Some(11), Some(3)),
    IcmpName::of("parameter_problem", Some(12), Some(4)),
    IcmpName::of("echo_request", Some(8), Some(128)),
    IcmpName::of("echo_reply", Some(0), Some(129)),
    IcmpName::of("source_quench", Some(4), None),
    IcmpName::of("redirect", Some(5), Some(137)),
    IcmpName::of("timestamp_request", Some(13), None).in_packetdrill(),
    IcmpName::of("timestamp_reply", Some(14), None).in_packetdrill(),
    IcmpName::of("information_request", Some(15), None).only_packetdrill(),
    IcmpName::of("information_reply", Some(16), None).only_packetdrill(),
    IcmpName::of("address_mask_request", Some(17), None).only_packetdrill(),
    IcmpName::of("address_mask_reply", Some(18), None).only_packetdrill(),
    IcmpName::of("listener_query", None, Some(130)).in_traces(),
    IcmpName::of("router_solicitation", None, Some(133)).in_traces(),
    IcmpName::of("router_advertisement", None, Some(134)).in_traces(),
    IcmpName::of("neighbor_solicitation", None, Some(135)).in_traces(),
    IcmpName::of("neighbor_advertisement", None, Some(136)).in_traces(),
    IcmpName::of("listener_report", None, Some(143)).in_traces(),
];

/// The codes of `unreachable` (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1; RFC
/// 4443 section 3.1).
const UNREACHABLE: &[IcmpName] = &[
    IcmpName::of("no_route", None, Some(0)).in_packetdrill(),
    IcmpName::of("net_unreachable", Some(0), Some(0)),
    IcmpName::of("address_unreachable", None, Some(3)).in_packetdrill(),
    IcmpName::of("host_unreachable", Some(1), Some(3)),
    IcmpName::of("protocol_unreachable", Some(2), None),
    IcmpName::of("port_unreachable", Some(3), Some(4)),
    IcmpName::of("frag_needed", Some(4), None),
    IcmpName::of("packet_filtered", Some(13), None).in_packetdrill(),
    IcmpName::of("admin_prohibited", Some(13), Some(1)),
    IcmpName::of("source_route_failed", Some(5), None).in_packetdrill(),
    IcmpName::of("net_unknown", Some(6), None).only_packetdrill(),
    IcmpName::of("host_unknown", Some(7), None).only_packetdrill(),
    IcmpName::of("source_host_isolated", Some(8), None).only_packetdrill(),
    IcmpName::of("net_prohibited", Some(9), None).in_packetdrill(),
    IcmpName::of("host_prohibited", Some(10), None).in_packetdrill(),
    IcmpName::of("net_unreachable_for_tos", Some(11), None).only_packetdrill(),
    IcmpName::of("host_unreachable_for_tos", Some(12), None).only_packetdrill(),
    IcmpName::of("precedence_violation", Some(14), None).only_packetdrill(),
    IcmpName::of("precedence_cutoff", Some(15), None).only_packetdrill(),
    IcmpName::of("beyond_scope", None, Some(2)).in_traces(),
    IcmpName::of("not_neighbour", None, Some(2)).only_packetdrill(),
];

/// The codes of `time_exceeded` (RFC 792, RFC 4443 section 3.3).
const EXCEEDED: &[IcmpName] = &[
    IcmpName::of("ttl_exceeded", Some(0), Some(0)),
    IcmpName::of("reassembly_time_exceeded", Some(1), Some(1)).only_read(),
    IcmpName::of("reassembly_exceeded", Some(1), Some(1)).in_traces(),
    IcmpName::of("ttl_exceeded_in_transit", Some(0), None).only_packetdrill(),
    IcmpName::of("frag_reass_exceeded", Some(1), None).only_packetdrill(),
    IcmpName::of("exceeded_hop_limit", None, Some(0)).only_packetdrill(),
    IcmpName::of("exceeded_frag_time", None, Some(1)).only_packetdrill(),
];

/// The codes of `parameter_problem` (RFC 4443 section 3.4).
const PROBLEM: &[IcmpName] = &[
    IcmpName::of("header_field", None, Some(0)).only_packetdrill(),
    IcmpName::of("unknown_next_header", None, Some(1)).only_packetdrill(),
    IcmpName::of("unknown_option", None, Some(2)).only_packetdrill(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_names_and_unknown_ones_numbers() {
        let rows = [
            (
                IcmpMessage::V4 { kind: 3, code: 3 },
                "icmp unreachable port_unreachable",
                true,
            ),
            (
                IcmpMessage::V6 { kind: 1, code: 4 },
                "icmp unreachable port_unreachable",
                true,
            ),
            (
                IcmpMessage::V4 { kind: 3, code: 15 },
                "icmp unreachable 15",
                true,
            ),
            (
                IcmpMessage::V4 { kind: 11, code: 0 },
                "icmp time_exceeded ttl_exceeded",
                true,
            ),
            (
                IcmpMessage::V6 { kind: 2, code: 0 },
                "icmp packet_too_big",
                true,
            ),
            (
                IcmpMessage::V4 { kind: 8, code: 0 },
                "icmp echo_request",
                false,
            ),
            (
                IcmpMessage::V6 { kind: 135, code: 0 },
                "icmp neighbor_solicitation",
                false,
            ),
            (IcmpMessage::V4 { kind: 200, code: 0 }, "icmp 200", false),
            (IcmpMessage::V6 { kind: 200, code: 7 }, "icmp 200 7", false),
        ];
        for (message, expected, is_error) in rows {
            assert_eq!(message.to_string(), expected);
            assert_eq!(message.is_error(), is_error, "{expected}");
        }
    }
}
