//! Octets that a call sends.

use std::ops::Deref;
use std::sync::Arc;

use crate::scenario::script::{Argument, Call, Statement};

/// The most octets of one call.
pub(super) const OCTETS_MAX: usize = 16 << 20;

/// Octets that share their memory with others of the same run: a large one is made once, before
/// it is due.
#[derive(Clone, Debug, Default)]
pub(super) struct Octets {
    all: Arc<[u8]>,
    length: usize,
}

impl Octets {
    /// So many of what a script does not say: the alphabet over and over, or zeros.
    pub(super) fn filler(length: usize, zeros: bool) -> Self {
        const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        let mut all = match zeros {
            true => vec![0; length],
            false => ALPHABET.repeat(length.div_ceil(ALPHABET.len())),
        };
        all.truncate(length);
        all.as_slice().into()
    }

    /// The first of them, or all where there are fewer.
    pub(super) fn first(&self, length: usize) -> Self {
        Self {
            all: Arc::clone(&self.all),
            length: length.min(self.length),
        }
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self {
            all: octets.into(),
            length: octets.len(),
        }
    }
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.all.get(..self.length).unwrap_or_default()
    }
}

/// How many octets the calls of a host send at once as far as a script says, at most.
pub(super) fn sent_most(statements: &[Statement], host: &str) -> usize {
    let calls = statements.iter().filter_map(Statement::call);
    let own = calls.filter(|call| call.host.value == host);
    let sends = own.filter(|call| ["write", "send", "sendto"].contains(&call.name.value.as_str()));
    let lengths = sends.filter_map(|call: &Call| {
        let numbers = call.arguments.iter().skip(1).map(|it| &it.value);
        let lengths = numbers.filter_map(Argument::integer);
        lengths.filter_map(|it| usize::try_from(it).ok()).max()
    });
    lengths.filter(|it| *it <= OCTETS_MAX).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_same_octets() {
        let all = Octets::filler(30, false);
        assert_eq!(&*all, b"abcdefghijklmnopqrstuvwxyzabcd");
        assert_eq!(&*all.first(3), b"abc");
        assert_eq!(all.first(99).len(), 30);
        assert_eq!(&*Octets::filler(2, true), [0, 0]);
        assert!(Octets::default().is_empty());
    }
}
