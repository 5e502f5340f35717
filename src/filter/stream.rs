//! The reassembly of TCP streams, for the protocols that Wireshark finds in them.
//!
//! Wireshark shows a message that spans several segments at the segment that completes it. One
//! thing differs, segments out of order: Wireshark takes such a segment for the beginning of a
//! message, which it seldom is; here neither it nor any later octet is shown until the missing ones
//! arrive.

use std::collections::BTreeMap;

use super::conversation::Endpoint;

/// How many octets of one direction may wait for the rest of their message. A message that is
/// longer than this cannot be said by any header that is read here.
const WAITING_MAX: usize = 1 << 20;

/// The payload of a segment, and where it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a> {
    pub(super) stream: u32,
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    /// The sequence number of its first octet, as it is on the wire.
    pub(super) seq: u32,
    pub(super) octets: &'a [u8],
}

/// What is not taken yet of each direction of each stream.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<(u32, Endpoint), StreamState>);

#[derive(Debug)]
struct StreamState {
    /// The sequence number of the octet that comes next.
    next: u32,
    waiting: Vec<u8>,
}

impl Streams {
    /// Adds a segment. Returns what waits, where the segment has added to it: the caller takes from
    /// its front.
    pub(super) fn add(&mut self, payload: &Payload<'_>) -> Option<&mut Vec<u8>> {
        let Payload {
            stream,
            from,
            seq,
            octets,
            ..
        } = *payload;
        let direction = self.0.entry((stream, from)).or_insert(StreamState {
            next: seq,
            waiting: Vec::new(),
        });
        let known = direction.next.wrapping_sub(seq);
        // Below half of the numbers it begins at or before what comes next.
        let new = octets.get(usize::try_from(known).ok().filter(|_| known < 1 << 31)?..)?;
        if new.is_empty() || direction.waiting.len() + new.len() > WAITING_MAX {
            return None;
        }
        let count = u32::try_from(new.len()).unwrap_or(0);
        direction.next = direction.next.wrapping_add(count);
        direction.waiting.extend(new);
        Some(&mut direction.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn each_octet_comes_once_and_in_its_order() {
        let end = |port| (Ipv4Addr::LOCALHOST.into(), port);
        let text = b"0123456789";
        let mut streams = Streams::default();
        // The first octet and the length of each segment, and what waits behind it.
        let rows: [(u32, usize, Option<&[u8]>); 6] = [
            (0, 2, Some(b"01")),
            (0, 2, None),
            (1, 3, Some(b"0123")),
            (6, 2, None),
            (4, 2, Some(b"012345")),
            (2, 8, Some(b"0123456789")),
        ];
        for (at, length, expected) in rows {
            // The numbers go over their end in the middle.
            let payload = Payload {
                stream: 0,
                from: end(1),
                to: end(2),
                seq: at.wrapping_sub(5),
                octets: &text[at as usize..][..length],
            };
            let waiting = streams.add(&payload);
            assert_eq!(waiting.map(|it| &it[..]), expected, "{at} {length}");
        }
    }
}
