//! Octet strings of bounded length.

use std::fmt;

/// At most `MAX` octets. A field of the wire with such a type always fits.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounded<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Bounded<MAX> {
    /// How many octets fit.
    pub const MAX: usize = MAX;

    /// No octets.
    pub const EMPTY: Self = Self(Vec::new());

    /// These octets; none where there are too many.
    pub fn new(octets: &[u8]) -> Option<Self> {
        (octets.len() <= MAX).then(|| Self(octets.to_vec()))
    }

    /// As many of these octets as fit.
    pub fn cut(octets: &[u8]) -> Self {
        Self(octets[..octets.len().min(MAX)].to_vec())
    }

    /// The octets.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The octets.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> fmt::Debug for Bounded<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
