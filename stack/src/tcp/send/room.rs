//! How much of a write is taken, and when there is room for another: by octets, or by the memory of
//! the packets that hold them.

use super::Sender;
use super::burst::{Ending, Filling};
use crate::memory;
use crate::profile::SendBufferCounts;

/// A buffer grows for so many segments at least (TCP_INIT_CWND).
const SEGMENTS_LEAST: usize = 10;
/// How many congestion windows a buffer holds (tcp_sndbuf_expand: CUBIC's 1.7, and some).
const FLIGHTS: usize = 2;

impl Sender {
    /// Rounds the buffer, as the profile has it, to segments that carry `payload` octets beside
    /// options of `options` octets.
    pub(crate) fn round_limit(&mut self, payload: usize, options: usize) {
        self.buffer.size = self.rules.rounding.of(self.buffer.size, payload, options);
    }

    /// The handshake has told how long a segment the peer takes, options included.
    pub(crate) fn open_buffer(&mut self, segment: usize) {
        self.buffer.segment = segment;
        if self.counts_memory() {
            self.grow_buffer();
        }
    }

    /// SO_SNDBUF, as the connection has it.
    pub(crate) fn limit(&self) -> usize {
        self.buffer.size
    }

    /// The application sets SO_SNDBUF.
    pub(crate) fn set_limit(&mut self, octets: usize) {
        self.buffer.set(octets, &self.rules.buffer);
        self.buffer.lacks_room &= !self.has_room();
    }

    /// Whether memory takes room in the buffer, and not octets.
    pub(crate) fn counts_memory(&self) -> bool {
        self.rules.buffer.counts == SendBufferCounts::Memory
    }

    /// Whether poll tells of room.
    pub(crate) fn has_room(&self) -> bool {
        // The second half of tcp_stream_memory_free: half of what may wait unsent is free.
        let may_wait = self.unsent().saturating_mul(2) < self.unsent_most;
        match self.rules.buffer.counts {
            SendBufferCounts::Payload => {
                self.room() > 0 && (self.unsent_most == usize::MAX || may_wait)
            }
            // sk_stream_is_writeable: a third is free, which is half of what is taken.
            SendBufferCounts::Memory => {
                let queued = self.memory();
                self.buffer.size.saturating_sub(queued) >= (queued / 2).max(1) && may_wait
            }
        }
    }

    /// Octets the application can still write, where octets count.
    fn room(&self) -> usize {
        let room = self.buffer.size.saturating_sub(self.queue.len());
        match self.unsent_most.checked_sub(self.unsent()) {
            None | Some(0) => 0,
            Some(_) if self.unsent_most == usize::MAX => room,
            // The last packet of a write goes over the mark, by whole segments.
            Some(octets) => room.min(octets.next_multiple_of(self.mss.max(1))),
        }
    }

    /// The memory of what was written and not acknowledged (sk_wmem_queued). Packets that losses
    /// take apart count as one here.
    fn memory(&self) -> usize {
        let packets = self.in_flight.packets() + self.pieces.len();
        self.queue.len() + packets * self.rules.buffer.overhead
    }

    /// How many octets of a write are taken.
    pub(super) fn takes(&mut self, octets: usize, ending: Ending) -> usize {
        let taken = match self.rules.buffer.counts {
            SendBufferCounts::Payload => octets.min(self.room()),
            SendBufferCounts::Memory if self.surely_takes(octets) => octets,
            SendBufferCounts::Memory => self.takes_by_memory(octets, ending),
        };
        if taken < octets && !self.counts_memory() {
            self.buffer.lack(self.next);
        }
        taken
    }

    /// Whether a write finds room even if each of its segments is a packet.
    fn surely_takes(&self, octets: usize) -> bool {
        let packets = 2 + octets / self.mss.max(1) + self.breaks.len();
        let memory = self.memory() + octets + packets * self.rules.buffer.overhead;
        memory < self.buffer.size && self.unsent() + octets < self.unsent_most
    }

    fn takes_by_memory(&mut self, octets: usize, ending: Ending) -> usize {
        let filling = Filling {
            written: self.written,
            unacknowledged: self.unacknowledged.max(1),
            packets: self.in_flight.packets() as i64,
            overhead: self.rules.buffer.overhead as i64,
            size: i64::try_from(self.buffer.size).unwrap_or(i64::MAX),
            unsent_most: i64::try_from(self.unsent_most).unwrap_or(i64::MAX),
        };
        let room = self.room_to_fill();
        let count = i64::try_from(octets).unwrap_or(i64::MAX);
        let taken = self.pieces.taken(count, ending, room, filling);
        if taken.octets < count {
            self.buffer.lack(taken.sent);
        }
        usize::try_from(taken.octets).unwrap_or(0)
    }

    /// How a write ends that has found no room for all of it.
    pub(super) fn ending_for_want_of_room(&self, asked: Ending) -> Ending {
        let is_short = self.counts_memory();
        Ending {
            pushes: asked.pushes || is_short,
            record: false,
            is_short,
        }
    }

    /// Poll has told that there is no room: the next that comes makes the buffer grow.
    pub(crate) fn note_lack(&mut self) {
        if self.counts_memory() && !self.buffer.lacks_room {
            self.buffer.lack(self.next);
        }
    }

    /// Whether somebody was told that there is no room, and nobody since that there is.
    pub(crate) fn lacks_room(&self) -> bool {
        self.buffer.lacks_room
    }

    /// A segment has come: room is looked for once it is answered.
    pub(super) fn expect_room(&mut self) {
        self.buffer.is_due = self.buffer.lacks_room;
    }

    /// The connection has nothing to say for now.
    pub(crate) fn note_room(&mut self) {
        if !self.buffer.lacks_room {
            return;
        }
        if !self.counts_memory() {
            self.buffer.lacks_room = !self.has_room();
        } else if std::mem::take(&mut self.buffer.is_due) {
            self.look_for_room();
        }
    }

    /// What begins at `start` is on its way.
    pub(super) fn look_for_room_behind(&mut self, start: i64) {
        if self.buffer.lacks_room && start >= self.buffer.lacks_from && self.counts_memory() {
            self.look_for_room();
        }
    }

    /// Lets the buffer grow where somebody waits for room and the congestion window is not full
    /// (tcp_new_space, tcp_should_expand_sndbuf).
    fn look_for_room(&mut self) {
        if self.congestion.free_segments(self.pipe()) > 0 {
            self.grow_buffer();
        }
        self.buffer.lacks_room = !self.has_room();
    }

    /// tcp_sndbuf_expand
    fn grow_buffer(&mut self) {
        if self.buffer.is_set {
            return;
        }
        let segments = self.congestion.segments().max(SEGMENTS_LEAST);
        let segments = segments.max(self.rack.degree() + 1);
        let size = memory::of_segment(self.buffer.segment)
            .saturating_mul(segments.saturating_mul(FLIGHTS));
        self.buffer.size = self.buffer.size.max(size.min(self.rules.buffer.most));
    }
}
