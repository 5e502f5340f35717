//! Versions of the Windows Sockets specification, and how they are negotiated.

/// A version of the Windows Sockets specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The number before the point.
    pub major: u8,
    /// The number after the point.
    pub minor: u8,
}

impl Version {
    /// The highest version there is.
    pub const HIGHEST: Self = Self { major: 2, minor: 2 };

    /// The version in a WORD, where the low octet is the major number: MAKEWORD(2, 2) is 0x0202.
    pub const fn from_word(word: u16) -> Self {
        let [major, minor] = word.to_le_bytes();
        Self { major, minor }
    }

    /// The version as a WORD.
    pub const fn word(self) -> u16 {
        u16::from_le_bytes([self.major, self.minor])
    }

    /// Whether a process of this version may make no call while another one waits.
    pub(crate) const fn forbids_nesting(self) -> bool {
        self.major < 2
    }

    /// The highest supported version that is not higher than the requested one.
    pub(crate) fn negotiate(requested: Self) -> Option<Self> {
        SUPPORTED
            .into_iter()
            .rev()
            .find(|supported| *supported <= requested)
    }
}

/// WSAStartup: the versions that Ws2_32.dll supports, from the lowest.
const SUPPORTED: [Version; 5] = [
    Version { major: 1, minor: 0 },
    Version { major: 1, minor: 1 },
    Version { major: 2, minor: 0 },
    Version { major: 2, minor: 1 },
    Version { major: 2, minor: 2 },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table on the page of WSAStartup for a DLL that supports 1.0 to 2.2, and what
    /// lies between and beyond them.
    #[test]
    fn negotiation() {
        for (requested, granted) in [
            (0x0000, None),
            (0x0900, None),
            (0x0001, Some((1, 0))),
            (0x0101, Some((1, 1))),
            (0x0901, Some((1, 1))),
            (0x0002, Some((2, 0))),
            (0x0102, Some((2, 1))),
            (0x0202, Some((2, 2))),
            (0x0302, Some((2, 2))),
            (0x0003, Some((2, 2))),
            (0xffff, Some((2, 2))),
        ] {
            let version = Version::negotiate(Version::from_word(requested));
            assert_eq!(
                version.map(|v| (v.major, v.minor)),
                granted,
                "requested {requested:#06x}"
            );
        }
    }
}
