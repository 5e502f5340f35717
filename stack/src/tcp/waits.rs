//! What a connection waits for while it has something to send.

use smoltcp::time::Instant;

use super::Connection;
use super::send::Sender;
use crate::spent::Wait;

impl Connection {
    /// Notes what the connection waits for, once it has nothing to say for now.
    pub(super) fn note_wait(&mut self, now: Instant) {
        self.send.note_room();
        self.spent.turn(wait_of(&self.send), now);
    }
}

/// What a sender waits for (Linux: tcp_chrono_start, of which the last that holds counts).
fn wait_of(send: &Sender) -> Wait {
    if send.unacknowledged().max(1) >= send.written() + i64::from(send.has_fin()) {
        Wait::Nothing
    } else if send.unsent() == 0 && send.lacks_room() {
        Wait::Buffer
    } else if send.waits_for_window() {
        Wait::Window
    } else {
        Wait::Network
    }
}
