//! The error queue of a socket: what the system says of octets that its program has written, for
//! programs that have asked.

use smoltcp::time::Instant;

/// What a program wants to hear of what it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// That its memory is its own again: nothing was copied by the call (MSG_ZEROCOPY).
    pub release: bool,
    /// When the last octet is handed to the queue of the device.
    pub queued: bool,
    /// When the device sends it.
    pub sent: bool,
    /// When the peer has acknowledged it.
    pub acknowledged: bool,
}

impl Wish {
    /// Whether it asks for any time.
    pub fn asks_for_time(self) -> bool {
        self.queued || self.sent || self.acknowledged
    }

    /// Whether it asks for nothing.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// Where an octet is when its time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the queue of the device.
    Queue,
    /// Before the device.
    Device,
    /// With the peer.
    Peer,
}

/// An entry of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The memory of some writes is the program's again.
    Released {
        /// The number of the first of them; a socket counts them from 0.
        first: u32,
        /// The number of the last.
        last: u32,
        /// Whether the octets were copied on their way all the same.
        copied: bool,
    },
    /// The time of an octet.
    Stamped {
        /// Where it was.
        place: Place,
        /// Its relative sequence number: the first of the stream has 1.
        octet: u64,
        /// The time.
        at: Instant,
    },
}
