//! A TCP segment with the numbers as they are on the wire.

use std::fmt;

use smoltcp::wire::{TcpPacket, TcpSeqNumber};

/// A TCP segment, its numbers absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The control bits.
    pub flags: Flags,
    /// The sequence number field.
    pub seq: u32,
    /// The acknowledgment number field, whether or not the ACK bit gives it a meaning.
    pub ack: u32,
    /// The window field as it is in the header, unscaled.
    pub window: u16,
    /// The urgent pointer field.
    pub urgent: u16,
    /// How many octets of payload it carries. SYN and FIN do not count.
    pub len: usize,
    /// Its options in their order, padding included.
    pub options: Vec<TcpOption>,
}

impl Segment {
    /// Reads the header that smoltcp has checked for length.
    pub(super) fn read(packet: &TcpPacket<&[u8]>) -> Self {
        Self {
            source_port: packet.src_port(),
            destination_port: packet.dst_port(),
            flags: Flags::read(packet),
            seq: number(packet.seq_number()),
            ack: number(packet.ack_number()),
            window: packet.window_len(),
            urgent: packet.urgent_at(),
            len: packet.payload().len(),
            options: TcpOption::read_all(packet.options()),
        }
    }
}

/// smoltcp keeps sequence numbers as signed integers; the bits are the field's.
fn number(seq: TcpSeqNumber) -> u32 {
    seq.0.cast_unsigned()
}

/// The control bits of a segment (RFC 9293 section 3.1, RFC 3168, RFC 9768).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u16);

impl Flags {
    /// The sender has no more data.
    pub const FIN: Self = Self(0x001);
    /// Synchronizes sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Resets the connection.
    pub const RST: Self = Self(0x004);
    /// Asks for delivery at once.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number field counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer field counts.
    pub const URG: Self = Self(0x020);
    /// ECN-Echo.
    pub const ECE: Self = Self(0x040);
    /// Congestion Window Reduced.
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN, once the nonce sum.
    pub const AE: Self = Self(0x100);

    /// The letters in the order in which they are written.
    const LETTERS: [(Self, char); 9] = [
        (Self::FIN, 'F'),
        (Self::SYN, 'S'),
        (Self::RST, 'R'),
        (Self::PSH, 'P'),
        (Self::URG, 'U'),
        (Self::ECE, 'E'),
        (Self::CWR, 'W'),
        (Self::AE, 'A'),
        (Self::ACK, '.'),
    ];

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The eight control bits as they lie in the fourteenth octet of the header.
    pub const fn octet(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// These flags and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn read(packet: &TcpPacket<&[u8]>) -> Self {
        let bits = [
            (Self::FIN, packet.fin()),
            (Self::SYN, packet.syn()),
            (Self::RST, packet.rst()),
            (Self::PSH, packet.psh()),
            (Self::ACK, packet.ack()),
            (Self::URG, packet.urg()),
            (Self::ECE, packet.ece()),
            (Self::CWR, packet.cwr()),
            (Self::AE, packet.ns()),
        ];
        bits.into_iter()
            .filter(|(_, set)| *set)
            .fold(Self::default(), |flags, (flag, _)| flags.with(flag))
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("-");
        }
        let set = Self::LETTERS
            .iter()
            .filter(|(flag, _)| self.contains(*flag));
        set.map(|(_, letter)| letter)
            .try_for_each(|letter| write!(f, "{letter}"))
    }
}

/// One option of a TCP header.
///
/// Read here and not with `smoltcp::wire::TcpOption`, which keeps three of the four SACK blocks
/// that fit and refuses the whole header for one bad option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// The end of the option list. What follows it is padding.
    EndOfList,
    /// Padding between options.
    NoOperation,
    /// The largest segment its sender can receive, in octets (RFC 9293 section 3.7.1).
    MaximumSegmentSize(u16),
    /// By how many bits window fields of its sender are to be shifted (RFC 7323 section 2).
    WindowScale(u8),
    /// Its sender understands selective acknowledgments (RFC 2018 section 2).
    SackPermitted,
    /// Blocks of sequence space that arrived out of order, each from its first number to the one
    /// after its last (RFC 2018 section 3).
    Sack(Vec<(u32, u32)>),
    /// Timestamps (RFC 7323 section 3).
    Timestamps {
        /// The sender's clock.
        value: u32,
        /// The last clock value that the sender saw of its peer.
        echo: u32,
    },
    /// An option of another kind, or of a known kind and the wrong length.
    Unknown {
        /// The option's kind.
        kind: u8,
        /// Its length field, which counts kind and length too.
        len: u8,
        /// What follows them.
        data: Vec<u8>,
    },
    /// An option that says it is longer than the header. Nothing after it can be read.
    Malformed,
}

impl TcpOption {
    /// Reads options up to the end of the list, the end of the header or the first malformed one.
    fn read_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut options = Vec::new();
        while !bytes.is_empty() {
            let (option, len) = Self::read(bytes);
            let is_last = matches!(option, Self::EndOfList | Self::Malformed);
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
        let (kind, len) = match *bytes {
            [0, ..] => return (Self::EndOfList, 1),
            [1, ..] => return (Self::NoOperation, 1),
            [kind, len, ..] => (kind, len),
            [] | [_] => return (Self::Malformed, bytes.len()),
        };
        let Some(data) = bytes.get(2..usize::from(len)) else {
            return (Self::Malformed, bytes.len());
        };
        let option = match (kind, data) {
            (2, &[high, low]) => Self::MaximumSegmentSize(u16::from_be_bytes([high, low])),
            (3, &[shift]) => Self::WindowScale(shift),
            (4, []) => Self::SackPermitted,
            (5, blocks) if !blocks.is_empty() && blocks.len().is_multiple_of(8) => {
                Self::Sack(blocks.chunks_exact(8).filter_map(pair).collect())
            }
            (8, clocks) if clocks.len() == 8 => match pair(clocks) {
                Some((value, echo)) => Self::Timestamps { value, echo },
                None => Self::Malformed,
            },
            _ => Self::Unknown {
                kind,
                len,
                data: data.to_vec(),
            },
        };
        (option, usize::from(len))
    }
}

/// Two numbers of four octets each.
fn pair(bytes: &[u8]) -> Option<(u32, u32)> {
    let (first, second) = bytes.split_first_chunk::<4>()?;
    let second = second.first_chunk::<4>()?;
    Some((u32::from_be_bytes(*first), u32::from_be_bytes(*second)))
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
            Self::Timestamps { value, echo } => write!(f, "TS val {value} ecr {echo}"),
            Self::Unknown { kind, len, .. } => write!(f, "kind {kind} length {len}"),
            Self::Malformed => f.write_str("malformed"),
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
            let printed: Vec<String> = TcpOption::read_all(bytes)
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(printed.join(","), expected, "{bytes:?}");
        }
    }

    #[test]
    fn flags_are_written_as_packetdrill_writes_them() {
        let rows = [
            (Flags::default(), "-"),
            (Flags::ACK, "."),
            (Flags::FIN.with(Flags::PSH).with(Flags::ACK), "FP."),
            (Flags::RST.with(Flags::ACK), "R."),
            (Flags::CWR.with(Flags::ECE).with(Flags::SYN), "SEW"),
            (Flags::URG.with(Flags::AE), "UA"),
        ];
        for (flags, expected) in rows {
            assert_eq!(flags.to_string(), expected);
        }
    }
}
