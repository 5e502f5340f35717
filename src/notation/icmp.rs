//! ICMP messages and packetdrill's names for them.

use std::fmt;

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
    /// Whether it reports an error about another packet, rather than asking or answering.
    pub const fn is_error(self) -> bool {
        match self {
            Self::V4 { kind, .. } => matches!(kind, 3 | 4 | 5 | 11 | 12),
            // RFC 4443 section 2.1: error messages are those with types from 0 to 127.
            Self::V6 { kind, .. } => kind < 128,
        }
    }

    /// The name of its type, where it has one.
    fn kind_name(self) -> Option<&'static str> {
        let name = match self {
            Self::V4 { kind, .. } => match kind {
                0 => "echo_reply",
                3 => "unreachable",
                4 => "source_quench",
                5 => "redirect",
                8 => "echo_request",
                11 => "time_exceeded",
                12 => "parameter_problem",
                13 => "timestamp_request",
                14 => "timestamp_reply",
                _ => return None,
            },
            Self::V6 { kind, .. } => match kind {
                1 => "unreachable",
                2 => "packet_too_big",
                3 => "time_exceeded",
                4 => "parameter_problem",
                128 => "echo_request",
                129 => "echo_reply",
                130 => "listener_query",
                133 => "router_solicitation",
                134 => "router_advertisement",
                135 => "neighbor_solicitation",
                136 => "neighbor_advertisement",
                137 => "redirect",
                143 => "listener_report",
                _ => return None,
            },
        };
        Some(name)
    }

    /// The name of its code, where it has one.
    fn code_name(self) -> Option<&'static str> {
        let name = match self {
            Self::V4 { kind: 3, code } => match code {
                0 => "net_unreachable",
                1 => "host_unreachable",
                2 => "protocol_unreachable",
                3 => "port_unreachable",
                4 => "frag_needed",
                5 => "source_route_failed",
                9 => "net_prohibited",
                10 => "host_prohibited",
                13 => "packet_filtered",
                _ => return None,
            },
            Self::V6 { kind: 1, code } => match code {
                0 => "no_route",
                1 => "admin_prohibited",
                2 => "beyond_scope",
                3 => "address_unreachable",
                4 => "port_unreachable",
                _ => return None,
            },
            Self::V4 { kind: 11, code } | Self::V6 { kind: 3, code } => match code {
                0 => "ttl_exceeded",
                1 => "reassembly_exceeded",
                _ => return None,
            },
            Self::V4 { .. } | Self::V6 { .. } => return None,
        };
        Some(name)
    }

    const fn numbers(self) -> (u8, u8) {
        match self {
            Self::V4 { kind, code } | Self::V6 { kind, code } => (kind, code),
        }
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
