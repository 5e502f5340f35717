//! The options of a TCP header.

use std::fmt;

use super::octets::u32_at;

/// The kinds of options (IANA's registry of TCP parameters).
pub mod kind {
    /// The end of the list (RFC 9293 section 3.2).
    pub const END_OF_LIST: u8 = 0;
    /// Padding (RFC 9293 section 3.2).
    pub const NO_OPERATION: u8 = 1;
    /// The maximum segment size (RFC 9293 section 3.7.1).
    pub const MAXIMUM_SEGMENT_SIZE: u8 = 2;
    /// The window scale (RFC 7323 section 2).
    pub const WINDOW_SCALE: u8 = 3;
    /// SACK permitted (RFC 2018 section 2).
    pub const SACK_PERMITTED: u8 = 4;
    /// SACK blocks (RFC 2018 section 3).
    pub const SACK: u8 = 5;
    /// Timestamps (RFC 7323 section 3).
    pub const TIMESTAMPS: u8 = 8;
    /// The signature of RFC 2385.
    pub const MD5: u8 = 19;
    /// The cookie of RFC 7413.
    pub const FAST_OPEN: u8 = 34;
    /// The counters of RFC 9768, those of ECT(0) first.
    pub const ACCURATE_ECN_0: u8 = 172;
    /// The counters of RFC 9768, those of ECT(1) first.
    pub const ACCURATE_ECN_1: u8 = 174;
    /// The first of two for experiments, which begin with an identifier (RFC 6994).
    pub const EXPERIMENT: u8 = 254;
}

/// One option of a TCP header.
///
/// Read here and not with `smoltcp::wire::TcpOption`, which keeps three of the four SACK blocks
/// that fit and refuses the whole header for one bad option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// `eol`: the end of the option list. What follows it is padding.
    EndOfList,
    /// `nop`: padding between options.
    NoOperation,
    /// `mss N`: the largest segment its sender can receive, in octets.
    MaximumSegmentSize(u16),
    /// `wscale N`: by how many bits window fields of its sender are to be shifted.
    WindowScale(u8),
    /// `sackOK`: its sender understands selective acknowledgments.
    SackPermitted,
    /// `sack L:R L:R`: blocks of sequence space that arrived out of order, each from its first
    /// number to the one after its last.
    Sack(Vec<(u32, u32)>),
    /// `TS val N ecr N`
    Timestamps {
        /// TSval: the sender's clock.
        value: u32,
        /// TSecr: the last clock value that the sender saw of its peer.
        echo_reply: u32,
    },
    /// An option of another kind, or of a known kind and the wrong length.
    Other {
        /// The option's kind.
        kind: u8,
        /// What follows its kind and length.
        data: Vec<u8>,
    },
    /// An option that says it is longer than the header: its octets and all that follow. None of
    /// them can be read.
    Malformed(Vec<u8>),
}

impl TcpOption {
    /// Reads options up to the end of the list, the end of the header or the first malformed one.
    pub(super) fn read_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut options = Vec::new();
        while !bytes.is_empty() {
            let (option, len) = Self::read(bytes);
            let is_last = matches!(option, Self::EndOfList | Self::Malformed(_));
            options.push(option);
            if is_last {
                break;
            }
            bytes = &bytes[len..];
        }
        options
    }

    /// The first option of `bytes` and how many octets it takes, at least one and at most all.
    fn read(bytes: &[u8]) -> (Self, usize) {
        let malformed = || (Self::Malformed(bytes.to_vec()), bytes.len());
        let (kind, len) = match *bytes {
            [kind::END_OF_LIST, ..] => return (Self::EndOfList, 1),
            [kind::NO_OPERATION, ..] => return (Self::NoOperation, 1),
            [kind, len, ..] => (kind, len),
            [] | [_] => return malformed(),
        };
        let Some(data) = bytes.get(2..usize::from(len)) else {
            return malformed();
        };
        let pair = |bytes: &[u8]| u32_at(bytes, 0).zip(u32_at(bytes, 4));
        let option = match (kind, data) {
            (kind::MAXIMUM_SEGMENT_SIZE, &[high, low]) => {
                Self::MaximumSegmentSize(u16::from_be_bytes([high, low]))
            }
            (kind::WINDOW_SCALE, &[shift]) => Self::WindowScale(shift),
            (kind::SACK_PERMITTED, []) => Self::SackPermitted,
            (kind::SACK, blocks) if !blocks.is_empty() && blocks.len().is_multiple_of(8) => {
                Self::Sack(blocks.chunks_exact(8).filter_map(pair).collect())
            }
            (kind::TIMESTAMPS, &[a, b, c, d, e, f, g, h]) => Self::Timestamps {
                value: u32::from_be_bytes([a, b, c, d]),
                echo_reply: u32::from_be_bytes([e, f, g, h]),
            },
            _ => Self::Other {
                kind,
                data: data.to_vec(),
            },
        };
        (option, usize::from(len))
    }

    /// Appends its octets.
    pub(crate) fn write(&self, octets: &mut Vec<u8>) {
        let mut put = |kind: u8, data: &[u8]| {
            octets.push(kind);
            octets.push(u8::try_from(2 + data.len()).unwrap_or(u8::MAX));
            octets.extend(data);
        };
        match self {
            Self::EndOfList => octets.push(kind::END_OF_LIST),
            Self::NoOperation => octets.push(kind::NO_OPERATION),
            Self::MaximumSegmentSize(size) => {
                put(kind::MAXIMUM_SEGMENT_SIZE, &size.to_be_bytes());
            }
            Self::WindowScale(shift) => put(kind::WINDOW_SCALE, &[*shift]),
            Self::SackPermitted => put(kind::SACK_PERMITTED, &[]),
            Self::Sack(blocks) => {
                let edges = blocks.iter().flat_map(|(left, right)| [left, right]);
                let data: Vec<u8> = edges.flat_map(|edge| edge.to_be_bytes()).collect();
                put(kind::SACK, &data);
            }
            Self::Timestamps { value, echo_reply } => {
                let data = [value.to_be_bytes(), echo_reply.to_be_bytes()].concat();
                put(kind::TIMESTAMPS, &data);
            }
            Self::Other { kind, data } => put(*kind, data),
            Self::Malformed(rest) => octets.extend(rest),
        }
    }

    /// The option with the numbers of its blocks `by` higher, modulo 2³².
    pub fn moved(&self, by: u32) -> Self {
        let Self::Sack(blocks) = self else {
            return self.clone();
        };
        let blocks = blocks.iter();
        let moved = blocks.map(|(left, right)| (left.wrapping_add(by), right.wrapping_add(by)));
        Self::Sack(moved.collect())
    }

    /// Its kind. None of what cannot be read.
    pub fn kind(&self) -> Option<u8> {
        Some(match self {
            Self::EndOfList => kind::END_OF_LIST,
            Self::NoOperation => kind::NO_OPERATION,
            Self::MaximumSegmentSize(_) => kind::MAXIMUM_SEGMENT_SIZE,
            Self::WindowScale(_) => kind::WINDOW_SCALE,
            Self::SackPermitted => kind::SACK_PERMITTED,
            Self::Sack(_) => kind::SACK,
            Self::Timestamps { .. } => kind::TIMESTAMPS,
            Self::Other { kind, .. } => *kind,
            Self::Malformed(_) => return None,
        })
    }

    /// How much room it takes in a header, in octets.
    pub fn length(&self) -> usize {
        match self {
            Self::EndOfList | Self::NoOperation => 1,
            Self::SackPermitted => 2,
            Self::WindowScale(_) => 3,
            Self::MaximumSegmentSize(_) => 4,
            Self::Timestamps { .. } => 10,
            Self::Sack(blocks) => 2 + 8 * blocks.len(),
            Self::Other { data, .. } => 2 + data.len(),
            Self::Malformed(rest) => rest.len(),
        }
    }
}

impl fmt::Display for TcpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndOfList => f.write_str("eol"),
            Self::NoOperation => f.write_str("nop"),
            Self::MaximumSegmentSize(octets) => write!(f, "mss {octets}"),
            Self::WindowScale(shift) => write!(f, "wscale {shift}"),
            Self::SackPermitted => f.write_str("sackOK"),
            Self::Sack(blocks) => {
                f.write_str("sack")?;
                blocks
                    .iter()
                    .try_for_each(|(left, right)| write!(f, " {left}:{right}"))
            }
            Self::Timestamps { value, echo_reply } => {
                write!(f, "TS val {value} ecr {echo_reply}")
            }
            Self::Other {
                kind: kind::MD5,
                data,
            } => {
                f.write_str("md5 ")?;
                data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
            Self::Other { kind, data } => write!(f, "kind {kind} length {}", 2 + data.len()),
            Self::Malformed(_) => f.write_str("malformed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_order_and_never_beyond_the_header() {
        let sack_of_four: Vec<u8> = [5, 34].into_iter().chain((0..32).map(|n| n / 4)).collect();
        let rows: [(&[u8], &str); 9] = [
            (
                &[2, 4, 5, 180, 4, 2, 1, 3, 3, 7],
                "mss 1460,sackOK,nop,wscale 7",
            ),
            (&[8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9], "TS val 1 ecr 2,eol"),
            (
                &sack_of_four,
                "sack 0:16843009 33686018:50529027 67372036:84215045 101058054:117901063",
            ),
            (&[2, 3, 5, 1], "kind 2 length 3,nop"),
            (&[254, 4, 1, 2], "kind 254 length 4"),
            (&[5, 2], "kind 5 length 2"),
            (&[1, 2, 0, 1], "nop,malformed"),
            (&[2, 9, 1], "malformed"),
            (&[3], "malformed"),
        ];
        for (bytes, expected) in rows {
            let read = TcpOption::read_all(bytes);
            let printed: Vec<String> = read.iter().map(ToString::to_string).collect();
            assert_eq!(printed.join(","), expected, "{bytes:?}");
        }
    }

    #[test]
    fn options_are_written_as_they_were_read() {
        let sack: Vec<u8> = [5, 18].into_iter().chain(0..16).collect();
        let rows: [&[u8]; 7] = [
            &[2, 4, 5, 180, 4, 2, 1, 3, 3, 7],
            &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0],
            &sack,
            &[2, 3, 5, 1],
            &[254, 4, 1, 2],
            &[1, 2, 0, 1],
            &[3],
        ];
        for bytes in rows {
            let read = TcpOption::read_all(bytes);
            let mut written = Vec::new();
            read.iter().for_each(|option| option.write(&mut written));
            assert_eq!(written, bytes);
            let length: usize = read.iter().map(TcpOption::length).sum();
            assert_eq!(length, bytes.len(), "{bytes:?}");
        }
    }
}
