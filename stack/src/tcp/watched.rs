//! What a connection tells its program of octets that it has written (the error queue).

use smoltcp::time::Instant;

use super::Connection;
use super::marks::Taken;
use crate::error_queue::{Report, Wish};

impl Connection {
    /// The `octets` that were written last are the beginning of a write of `whole` octets, of which
    /// the program wants to hear.
    pub(crate) fn watch_write(&mut self, octets: usize, whole: usize, wish: Wish) {
        let begin = self.send.written() - octets as i64;
        let taken = Taken {
            begin,
            end: begin + whole.max(octets) as i64,
            next: self.send.next(),
            joins: self.send.joins_piece(octets),
        };
        self.marks.take(wish, taken);
    }

    /// The write that is watched has ended, perhaps before all of it was taken.
    pub(crate) fn cut_write(&mut self) {
        self.marks.cut(self.send.written());
    }

    /// The next entry of the error queue.
    pub(crate) fn take_report(&mut self) -> Option<Report> {
        self.marks.take_report()
    }

    /// How many entries the error queue has, and how many have been made.
    pub(crate) fn reports(&self) -> (usize, u64) {
        self.marks.reports()
    }

    /// A segment was sent that begins at `start`; the data of a SYN begins behind it.
    pub(super) fn mark_sent(&mut self, start: i64, octets: usize, now: Instant) {
        let begin = start.max(1);
        self.marks.on_sent(begin, begin + octets as i64, now);
    }

    pub(super) fn mark_acknowledged(&mut self, now: Instant) {
        self.marks.on_acknowledged(self.send.unacknowledged(), now);
    }
}
