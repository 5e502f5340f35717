//! A queue of octets that grows as it is used: smoltcp's ring buffer, doubled when it is full.
//!
//! A connection that never carries much data never allocates much, and one that holds a gigabyte
//! can.

use smoltcp::storage::RingBuffer;

/// The first allocation, in octets.
const FIRST: usize = 4096;

/// A queue of octets; octets may also be written behind its end before those between have come.
#[derive(Debug)]
pub(crate) struct Octets {
    ring: RingBuffer<'static, u8>,
}

impl Octets {
    pub(crate) fn new() -> Self {
        Self {
            ring: RingBuffer::new(Vec::new()),
        }
    }

    /// How many octets are queued.
    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    /// Queues octets at the end.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.reserve(octets.len());
        let queued = self.ring.enqueue_slice(octets);
        debug_assert_eq!(queued, octets.len(), "room was made for all of them");
    }

    /// Writes octets `offset` behind the end, where they wait for [`Octets::commit`].
    pub(crate) fn write_ahead(&mut self, offset: usize, octets: &[u8]) {
        self.reserve(offset + octets.len());
        let written = self.ring.write_unallocated(offset, octets);
        debug_assert_eq!(written, octets.len(), "room was made for all of them");
    }

    /// Takes the next `count` octets that were written ahead into the queue.
    pub(crate) fn commit(&mut self, count: usize) {
        self.ring.enqueue_unallocated(count);
    }

    /// Copies octets from `offset` behind the front; returns how many there were.
    pub(crate) fn copy_from(&mut self, offset: usize, into: &mut [u8]) -> usize {
        self.ring.read_allocated(offset, into)
    }

    /// Takes octets from the front; returns how many there were.
    pub(crate) fn pop(&mut self, into: &mut [u8]) -> usize {
        self.ring.dequeue_slice(into)
    }

    /// Throws octets away from the front.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.ring.dequeue_allocated(count);
    }

    fn reserve(&mut self, more: usize) {
        let needed = self.ring.len() + more;
        let capacity = self.ring.capacity();
        if needed <= capacity {
            return;
        }
        let mut grown = RingBuffer::new(vec![0; needed.next_power_of_two().max(FIRST)]);
        let queued = self.ring.len();
        let all = |ring: &mut RingBuffer<'static, u8>| {
            let mut octets = vec![0; capacity];
            let read = ring.read_allocated(0, &mut octets);
            debug_assert_eq!(read, queued);
            // What was written ahead lies behind the queue and moves with it.
            let window = ring.window();
            let mut ahead = read;
            while ahead < read + window {
                let part = ring.get_unallocated(ahead - read, window);
                if part.is_empty() {
                    break;
                }
                let count = part.len();
                octets[ahead..ahead + count].copy_from_slice(part);
                ahead += count;
            }
            octets
        };
        let octets = all(&mut self.ring);
        let copied = grown.write_unallocated(0, &octets);
        debug_assert_eq!(copied, capacity, "the new ring is larger");
        grown.enqueue_unallocated(queued);
        self.ring = grown;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_queue_however_it_grows(
            steps in proptest::collection::vec((0usize..6000, 0usize..5000, 0usize..3000), 1..20)
        ) {
            let mut octets = Octets::new();
            let mut model = std::collections::VecDeque::new();
            let mut next = 0u8;
            let mut fresh = |count: usize| -> Vec<u8> {
                (0..count).map(|_| { next = next.wrapping_add(1); next }).collect()
            };
            for (push, pop, ahead) in steps {
                let data = fresh(push);
                octets.push(&data);
                model.extend(&data);
                // A later part first, then the gap before it: both must survive growing.
                let gap = fresh(ahead);
                let late = fresh(ahead);
                octets.write_ahead(ahead, &late);
                octets.write_ahead(0, &gap);
                octets.commit(2 * ahead);
                model.extend(gap.iter().chain(&late));
                let mut popped = vec![0; pop];
                let count = octets.pop(&mut popped);
                let expected: Vec<u8> = model.drain(..pop.min(model.len())).collect();
                prop_assert_eq!(&popped[..count], &expected[..]);
                prop_assert_eq!(octets.len(), model.len());
            }
        }
    }
}
