//! What the application wrote and the peer has not acknowledged: octets in chunks that segments
//! share.
//!
//! A write is copied once, into a chunk, or it is a chunk itself where the application shares it. A
//! segment's payload is a part of a chunk, whoever holds it: the network, the receiver, the
//! receiver's application. Only a payload that lies across two chunks is copied again.

use std::collections::VecDeque;
use std::ops::Deref;

use bytes::{Bytes, BytesMut};

/// The least room of a chunk, in octets: enough for what most connections ever write.
const CHUNK_LEAST: usize = 512;

/// The most room that is made for later writes, in octets.
const CHUNK_MOST: usize = 64 * 1024;

/// A chunk has room for so many times what waits in the queue: a writer that is far ahead of the
/// network needs few chunks, and one whose octets leave at once takes no more than it writes.
const ROOM_AHEAD: usize = 2;

/// A shorter write is copied although it could be shared: segments would lie across many.
const SHARED_LEAST: usize = 4 * 1024;

/// What an application writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Octets<'a> {
    /// They are its own.
    Copied(&'a [u8]),
    /// It shares them.
    Shared(&'a Bytes),
}

impl Deref for Octets<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Copied(octets) => octets,
            Self::Shared(octets) => octets,
        }
    }
}

/// A queue of octets. Places in it are counted from its front.
#[derive(Debug, Default)]
pub(crate) struct Written {
    chunks: VecDeque<Bytes>,
    /// The last chunk, which still grows.
    growing: BytesMut,
    len: usize,
    /// A chunk and the place of its first octet: where the last part was taken from, since the next
    /// is mostly beside it.
    cursor: (usize, usize),
    /// How many octets have left the first chunk.
    gone: usize,
}

impl Written {
    /// How many octets are queued.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Queues the first `count` of some octets at the end.
    pub(crate) fn push(&mut self, octets: Octets<'_>, count: usize) {
        match octets {
            Octets::Shared(octets) if count >= SHARED_LEAST => {
                self.freeze();
                self.chunks.push_back(octets.slice(..count));
                self.len += count;
            }
            Octets::Shared(_) | Octets::Copied(_) => self.copy(&octets[..count]),
        }
    }

    fn copy(&mut self, octets: &[u8]) {
        if self.growing.capacity() - self.growing.len() < octets.len() {
            self.freeze();
            let room = (ROOM_AHEAD * self.len).clamp(CHUNK_LEAST, CHUNK_MOST);
            self.growing.reserve(octets.len().max(room));
        }
        self.growing.extend_from_slice(octets);
        self.len += octets.len();
    }

    /// A part of what is queued.
    ///
    /// # Panics
    /// Where less is queued.
    pub(crate) fn part(&mut self, place: usize, count: usize) -> Bytes {
        assert!(place + count <= self.len, "a part lies in the queue");
        // Most parts are of the chunk that the last one was of.
        let (index, first) = self.cursor;
        if let Some(chunk) = self.chunks.get(index)
            && let Some(within) = place.checked_sub(first)
        {
            let begin = within + if index == 0 { self.gone } else { 0 };
            if begin + count <= chunk.len() {
                return chunk.slice(begin..begin + count);
            }
        }
        self.part_elsewhere(place, count)
    }

    /// A part that is not of the chunk that the last one was of.
    #[inline(never)]
    fn part_elsewhere(&mut self, place: usize, count: usize) -> Bytes {
        if place + count > self.len - self.growing.len() {
            self.freeze();
        }
        let (mut index, mut first) = if place < self.cursor.1 {
            (0, 0)
        } else {
            self.cursor
        };
        while index < self.chunks.len() && place >= first + self.octets_of(index) {
            first += self.octets_of(index);
            index += 1;
        }
        self.cursor = (index, first);
        let Some(chunk) = self.chunks.get(index) else {
            return Bytes::new();
        };
        let begin = place - first + if index == 0 { self.gone } else { 0 };
        if begin + count <= chunk.len() {
            return chunk.slice(begin..begin + count);
        }
        let mut part = BytesMut::with_capacity(count);
        part.extend_from_slice(&chunk[begin..]);
        for chunk in self.chunks.range(index + 1..) {
            let missing = count - part.len();
            part.extend_from_slice(&chunk[..missing.min(chunk.len())]);
            if part.len() == count {
                break;
            }
        }
        part.freeze()
    }

    /// Throws octets away from the front.
    pub(crate) fn drop_front(&mut self, count: usize) {
        let count = count.min(self.len);
        if count > self.len - self.growing.len() {
            self.freeze();
        }
        self.len -= count;
        self.gone += count;
        if self.len == 0 {
            // A connection that has nothing to send holds no memory: another one, whose memory is
            // warm in the processor's caches, does better with it.
            self.growing = BytesMut::new();
        }
        let mut chunks = 0;
        while let Some(chunk) = self.chunks.front()
            && self.gone >= chunk.len()
        {
            self.gone -= chunk.len();
            self.chunks.pop_front();
            chunks += 1;
        }
        let (index, first) = self.cursor;
        self.cursor = match index.checked_sub(chunks) {
            Some(index) if index > 0 => (index, first - count),
            Some(_) | None => (0, 0),
        };
    }

    /// What remains of a chunk.
    fn octets_of(&self, index: usize) -> usize {
        self.chunks[index].len() - if index == 0 { self.gone } else { 0 }
    }

    /// Ends what has been written of the growing chunk; its room stays for the next write.
    fn freeze(&mut self) {
        if !self.growing.is_empty() {
            self.chunks.push_back(self.growing.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_queue_whose_parts_can_be_shared(
            steps in proptest::collection::vec(
                (0usize..9000, any::<prop::sample::Index>(), 0usize..9000, 0usize..8000),
                1..40,
            )
        ) {
            let mut written = Written::default();
            let mut model = Vec::new();
            let mut next = 0u8;
            for (push, place, count, drop) in steps {
                let octets: Vec<u8> =
                    (0..push).map(|_| { next = next.wrapping_add(1); next }).collect();
                let shared = Bytes::from(octets);
                match push.is_multiple_of(2) {
                    true => written.push(Octets::Copied(&shared), push),
                    false => written.push(Octets::Shared(&shared), push),
                }
                model.extend(shared);
                let place = place.index(model.len() + 1);
                let count = count.min(model.len() - place);
                prop_assert_eq!(&written.part(place, count)[..], &model[place..place + count]);
                written.drop_front(drop);
                model.drain(..drop.min(model.len()));
                prop_assert_eq!(written.len(), model.len());
            }
        }
    }
}
