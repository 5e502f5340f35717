//! Rooms for packets that are read from a device: each is used again once nobody has a part of its
//! packet any more, so that a large packet is read where it stays.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// How many rooms are kept for later at most: those of the largest window there is are in use.
const SPARE_MAX: usize = 256;

/// The rooms that are in use by nobody.
type Spare = Arc<Mutex<Vec<Box<[u8]>>>>;

/// Where packets are read to, one after another.
pub(super) struct Rooms {
    size: usize,
    spare: Spare,
    next: Box<[u8]>,
}

impl Rooms {
    /// Rooms for packets of so many octets at most.
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

    /// The packet that was read last, with its length. The next one goes to another room.
    pub(super) fn take(&mut self, length: usize) -> Bytes {
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

/// A room with a packet.
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
        drop(rooms.take(0));
        assert_eq!(rooms.next().as_ptr(), place);
    }
}
