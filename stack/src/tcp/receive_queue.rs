//! The receive queue: the payloads of segments that have arrived and were not read, shared with the
//! frames they came in.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Buf, Bytes};

/// A queue of octets; what belongs behind its end may come before what lies between.
#[derive(Debug, Default)]
pub(crate) struct ReceiveQueue {
    queue: VecDeque<Bytes>,
    len: usize,
    /// Pieces that wait behind a gap, by their place in the stream, counted from its first octet.
    /// They do not overlap.
    ahead: BTreeMap<u64, Bytes>,
    /// The place of the end of the queue in the stream.
    end: u64,
}

impl ReceiveQueue {
    /// How many octets are queued.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Queues octets at the end.
    pub(crate) fn push(&mut self, octets: Bytes) {
        self.end += octets.len() as u64;
        self.len += octets.len();
        if !octets.is_empty() {
            self.queue.push_back(octets);
        }
    }

    /// Keeps octets that belong `offset` behind the end until [`ReceiveQueue::close_gap`]. What has
    /// come before stays.
    pub(crate) fn keep_ahead(&mut self, offset: usize, mut octets: Bytes) {
        let mut place = self.end + offset as u64;
        let before = self.ahead.range(..=place).next_back();
        if let Some((&start, piece)) = before {
            let covered = (start + piece.len() as u64).saturating_sub(place) as usize;
            octets.advance(covered.min(octets.len()));
            place += covered as u64;
        }
        while !octets.is_empty() {
            let next = self.ahead.range(place..).next();
            let (room, covered) = match next {
                Some((&start, piece)) => ((start - place) as usize, piece.len()),
                None => (octets.len(), 0),
            };
            let part = octets.split_to(room.min(octets.len()));
            let used = part.len();
            if used > 0 {
                self.ahead.insert(place, part);
            }
            let covered = covered.min(octets.len());
            octets.advance(covered);
            place += (used + covered) as u64;
        }
    }

    /// Queues the next `count` octets, all of which wait at the end.
    pub(crate) fn close_gap(&mut self, count: usize) {
        let until = self.end + count as u64;
        while self.end < until {
            let Some(mut piece) = self.ahead.remove(&self.end) else {
                debug_assert!(false, "all of it has come");
                return;
            };
            let more = piece.split_off(piece.len().min((until - self.end) as usize));
            self.push(piece);
            if !more.is_empty() {
                self.ahead.insert(self.end, more);
            }
        }
    }

    /// Throws away what waits behind a gap.
    pub(crate) fn drop_ahead(&mut self) {
        self.ahead.clear();
    }

    /// Copies octets from the front; returns how many there were.
    pub(crate) fn peek(&self, into: &mut [u8]) -> usize {
        let mut copied = 0;
        for piece in &self.queue {
            let count = piece.len().min(into.len() - copied);
            into[copied..copied + count].copy_from_slice(&piece[..count]);
            copied += count;
            if copied == into.len() {
                break;
            }
        }
        copied
    }

    /// Takes octets from the front; returns how many there were.
    pub(crate) fn pop(&mut self, into: &mut [u8]) -> usize {
        let copied = self.peek(into);
        self.drop_front(copied);
        copied
    }

    /// Throws octets away from the front.
    pub(crate) fn drop_front(&mut self, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while let Some(piece) = self.queue.front_mut() {
            if left < piece.len() {
                piece.advance(left);
                break;
            }
            left -= piece.len();
            self.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The octet at a place of the stream.
    fn octet(place: usize) -> u8 {
        (place % 251) as u8
    }

    fn stretch(start: usize, count: usize) -> Bytes {
        (start..start + count).map(octet).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_queue_in_whatever_order_the_pieces_come(
            steps in proptest::collection::vec((0usize..60, 0usize..50, 0usize..80), 1..60)
        ) {
            let mut queue = ReceiveQueue::default();
            // What has come, octet by octet, and how far it was queued and read.
            let mut come = vec![false; 8000];
            let (mut end, mut read) = (0, 0);
            for (offset, count, pop) in steps {
                queue.keep_ahead(offset, stretch(end + offset, count));
                come[end + offset..end + offset + count].fill(true);
                let closed = come[end..].iter().take_while(|&&come| come).count();
                queue.close_gap(closed);
                end += closed;
                let in_order = stretch(end, pop / 8);
                queue.ahead_is_clear(pop / 8).then(|| {
                    queue.push(in_order);
                    come[end..end + pop / 8].fill(true);
                    end += pop / 8;
                });
                let mut octets = vec![0; pop];
                let popped = queue.pop(&mut octets);
                prop_assert_eq!(&octets[..popped], &stretch(read, popped)[..]);
                prop_assert_eq!(popped, pop.min(end - read));
                read += popped;
                prop_assert_eq!(queue.len(), end - read);
            }
        }
    }

    impl ReceiveQueue {
        /// Whether nothing waits in the next `count` octets.
        fn ahead_is_clear(&self, count: usize) -> bool {
            self.ahead.range(..self.end + count as u64).next().is_none()
        }
    }
}
