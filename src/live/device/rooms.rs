//! Buffers for packets that are read from a device. A large packet keeps the buffer that it was
//! read into, so that it is not copied; the buffer is used again once nobody has a part of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// At most so many buffers are kept for later: as many as the packets of the largest window take.
const SPARE_MAX: usize = 256;

/// A packet keeps its buffer where it fills this part of it, and is copied where it does not: what
/// waits to be read takes so many times its size at most.
const KEPT_PART: usize = 4;

/// The buffers that are in use by nobody.
type Spare = Arc<Mutex<Vec<Box<[u8]>>>>;

/// Where packets are read to, one after another.
pub(super) struct Rooms {
    size: usize,
    spare: Spare,
    next: Box<[u8]>,
}

impl Rooms {
    /// Buffers for packets of so many octets at most.
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            spare: Spare::default(),
            next: vec![0; size].into(),
        }
    }

    /// Where the next packet goes.
    pub(super) fn next(&mut self) -> &mut [u8] {
        &mut self.next
    }

    /// The packet that was read last, with its length. The next one goes to another buffer, or to
    /// the same where the packet was copied.
    pub(super) fn take(&mut self, length: usize) -> Bytes {
        if length < self.size / KEPT_PART {
            return Bytes::copy_from_slice(&self.next[..length]);
        }
        let spare = lock(&self.spare).pop();
        let next = spare.unwrap_or_else(|| vec![0; self.size].into());
        let taken = Taken {
            octets: std::mem::replace(&mut self.next, next),
            length: length.min(self.size),
            spare: Arc::clone(&self.spare),
        };
        Bytes::from_owner(taken)
    }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").finish_non_exhaustive()
    }
}

/// A buffer with a packet.
struct Taken {
    octets: Box<[u8]>,
    length: usize,
    spare: Spare,
}

impl AsRef<[u8]> for Taken {
    fn as_ref(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut spare = lock(&self.spare);
        if spare.len() < SPARE_MAX {
            spare.push(std::mem::take(&mut self.octets));
        }
    }
}

/// A panic leaves the list whole.
fn lock(spare: &Spare) -> std::sync::MutexGuard<'_, Vec<Box<[u8]>>> {
    spare.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_used_again_once_its_packet_is_gone() {
        let mut rooms = Rooms::new(8);
        rooms.next()[..3].copy_from_slice(b"one");
        let one = rooms.take(3);
        let part = one.slice(1..);
        rooms.next()[..3].copy_from_slice(b"two");
        let two = rooms.take(3);
        assert_eq!((&*one, &*two), (&b"one"[..], &b"two"[..]));
        let place = one.as_ptr();
        drop(one);
        assert!(lock(&rooms.spare).is_empty());
        assert_eq!(&*part, b"ne");
        drop(part);
        drop(rooms.take(8));
        assert_eq!(rooms.next().as_ptr(), place);
        // One that fills little of it is copied.
        drop(rooms.take(1));
        assert_eq!(rooms.next().as_ptr(), place);
    }
}
