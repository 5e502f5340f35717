//! How large the receive buffer is, and what makes it grow.

use smoltcp::time::{Duration, Instant};

use super::{Receiver, Reception};
use crate::tcp::window::Heard;

impl Receiver {
    /// The receive buffer, in octets, as SO_RCVBUF tells it.
    pub(crate) fn settled(&self) -> usize {
        self.buffer.settled()
    }

    /// The application has set the buffer.
    pub(crate) fn resize(&mut self, octets: usize) {
        if self.reception == Reception::Open {
            self.buffer.resize(octets);
        }
    }

    /// Whether so little of the buffer is free that acknowledgments are better not hurried.
    pub(crate) fn is_cramped(&self) -> bool {
        self.buffer.is_cramped()
    }

    /// The handshake is finished.
    pub(crate) fn open(&mut self, now: Instant) {
        self.buffer.open(self.offered, self.read, now);
    }

    /// Whether anything is measured for the growth of the buffer.
    pub(crate) fn is_tuned(&self) -> bool {
        self.buffer.is_tuned()
    }

    /// The round-trip time as it was measured for the growth of the buffer; zero before.
    pub(crate) fn round_trip(&self) -> Duration {
        self.buffer.round_trip()
    }

    /// A segment with data has come, which is about to be taken.
    pub(crate) fn on_arriving(&mut self, heard: Heard) {
        self.buffer.on_arriving(heard, self.read == self.accepted);
    }
}
