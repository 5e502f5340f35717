//! The control bits of a TCP segment.

use std::fmt;

/// The control bits of a segment (RFC 9293 section 3.1, RFC 3168, RFC 9768), as they lie in the
/// thirteenth and fourteenth octet of its header. The three reserved bits are kept.
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
    /// Accurate ECN, once the nonce sum (RFC 9768 section 3.1).
    pub const AE: Self = Self(0x100);

    /// All bits of the field, those that are reserved included.
    const FIELD: u16 = 0xfff;

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

    /// The bits of a header. What lies above the twelve of the field is left out.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::FIELD)
    }

    /// The bits as they lie in a header.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The eight control bits as they lie in the fourteenth octet of the header.
    pub const fn octet(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// Whether all of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that have a name and are set in only one of the two.
    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        let named = Self::LETTERS.iter().fold(0, |all, (flag, _)| all | flag.0);
        Self((self.0 ^ other.0) & named)
    }

    /// The bit that a letter stands for.
    pub(crate) fn from_letter(letter: char) -> Option<Self> {
        let found = Self::LETTERS.iter().find(|(_, it)| *it == letter);
        found.map(|(flag, _)| *flag)
    }
}

/// The letters, or `-` where there is none: `S.`, `FP.`, `-`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = Self::LETTERS
            .iter()
            .filter(|(flag, _)| self.contains(*flag))
            .map(|(_, letter)| letter)
            .peekable();
        if set.peek().is_none() {
            return f.write_str("-");
        }
        set.try_for_each(|letter| write!(f, "{letter}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_packetdrill_writes_them() {
        let rows = [
            (Flags::default(), "-"),
            (Flags::ACK, "."),
            (Flags::FIN.union(Flags::PSH).union(Flags::ACK), "FP."),
            (Flags::RST.union(Flags::ACK), "R."),
            (Flags::CWR.union(Flags::ECE).union(Flags::SYN), "SEW"),
            (Flags::URG.union(Flags::AE), "UA"),
        ];
        for (flags, expected) in rows {
            assert_eq!(flags.to_string(), expected);
        }
    }

    #[test]
    fn flags_are_written_as_they_are_read() {
        for bits in 0..=u8::MAX {
            let flags = Flags::from_bits(bits.into());
            let written = flags.to_string();
            let read = written
                .chars()
                .filter_map(Flags::from_letter)
                .fold(Flags::default(), Flags::union);
            assert_eq!(read, flags, "{written}");
        }
    }
}
