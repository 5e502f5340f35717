//! The reassembly of fragmented IPv4 datagrams.
//!
//! Wireshark shows the payload of a fragmented datagram at the fragment that completes it, and
//! nowhere else, so the order of arrival decides which frame a filter selects.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// How many datagrams may be incomplete at a time. Of more, the new ones stay in parts.
const INCOMPLETE_MAX: usize = 1024;

/// What the parts of one datagram have in common (RFC 791 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) from: Ipv4Addr,
    pub(super) to: Ipv4Addr,
    pub(super) protocol: u8,
    pub(super) identification: u16,
}

/// A part of a datagram's payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// Where it begins, in octets. Up to 65528.
    pub(super) offset: usize,
    /// What it has.
    pub(super) bytes: &'a [u8],
    /// Whether nothing follows it.
    pub(super) is_last: bool,
}

/// The datagrams that are not complete yet.
#[derive(Debug, Default)]
pub(super) struct Reassembly(BTreeMap<Key, Incomplete>);

#[derive(Debug, Default)]
struct Incomplete {
    /// The octets so far, with zeros in gaps.
    bytes: Vec<u8>,
    /// Which octets have arrived: from the first to the one after the last.
    arrived: Vec<(usize, usize)>,
    /// How long the payload is, once its last part is there.
    len: Option<usize>,
}

impl Reassembly {
    /// Adds a part. Returns the whole payload where this part completes it.
    pub(super) fn add(&mut self, key: Key, part: Part<'_>) -> Option<Vec<u8>> {
        if self.0.len() >= INCOMPLETE_MAX && !self.0.contains_key(&key) {
            return None;
        }
        let datagram = self.0.entry(key).or_default();
        datagram.add(part);
        if !datagram.is_complete() {
            return None;
        }
        let mut datagram = self.0.remove(&key)?;
        datagram.bytes.truncate(datagram.len?);
        Some(datagram.bytes)
    }
}

impl Incomplete {
    fn add(&mut self, part: Part<'_>) {
        let end = part.offset + part.bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[part.offset..end].copy_from_slice(part.bytes);
        self.arrived.push((part.offset, end));
        self.arrived.sort_unstable();
        // Ranges that are within others would only cost time.
        self.arrived.dedup_by(|next, before| {
            let touches = next.0 <= before.1;
            if touches {
                before.1 = before.1.max(next.1);
            }
            touches
        });
        if part.is_last {
            self.len = Some(end);
        }
    }

    fn is_complete(&self) -> bool {
        let (Some(len), Some((0, end))) = (self.len, self.arrived.first()) else {
            return false;
        };
        *end >= len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_completes_a_datagram_gives_it() {
        let key = |identification| Key {
            from: Ipv4Addr::new(192, 0, 2, 1),
            to: Ipv4Addr::new(192, 0, 2, 2),
            protocol: 17,
            identification,
        };
        let text = b"0123456789abcdefghij";
        let part = |offset: usize, end: usize| Part {
            offset,
            bytes: &text[offset..end],
            is_last: end == text.len(),
        };
        // The parts in their order of arrival; only the last one completes the datagram.
        let rows: [&[(usize, usize)]; 5] = [
            &[(0, 8), (8, 16), (16, 20)],
            &[(16, 20), (8, 16), (0, 8)],
            &[(0, 8), (0, 8), (16, 20), (8, 16)],
            &[(8, 20), (0, 16)],
            &[(0, 20)],
        ];
        let mut reassembly = Reassembly::default();
        for (index, parts) in rows.into_iter().enumerate() {
            let key = key(index as u16);
            let mut given: Vec<_> = parts
                .iter()
                .map(|(offset, end)| reassembly.add(key, part(*offset, *end)))
                .collect();
            assert_eq!(
                given.pop().flatten().as_deref(),
                Some(&text[..]),
                "{parts:?}"
            );
            assert!(given.iter().all(Option::is_none), "{parts:?}");
        }
        assert!(reassembly.0.is_empty());
    }
}
