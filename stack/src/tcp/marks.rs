//! Octets of which a program wants to hear, and the error queue that it hears of them by.
//!
//! Octets that leave together have one time (Linux: an skb has one timestamp key), which is that of
//! the last write in it; and writes whose octets wait together are released together.

use std::collections::VecDeque;

use smoltcp::time::Instant;

use crate::error_queue::{Place, Report, Wish};

/// The most times in an error queue; what would come behind them is lost. Their memory counts
/// against the receive buffer: so many of small segments fit into the usual one (Linux 6.18).
const STAMPS_MAX: usize = 157;

/// The most entries of an error queue.
const REPORTS_MAX: usize = 1024;

/// What a program wants to hear, and what it has not heard yet.
#[derive(Debug, Default)]
pub(super) struct Marks {
    stamps: VecDeque<StampMark>,
    writes: VecDeque<WriteMark>,
    /// The number of the next write that is to be released.
    next_write: u32,
    queue: VecDeque<Report>,
    made: u64,
}

/// An octet whose times are wanted.
#[derive(Clone, Copy, Debug)]
struct StampMark {
    octet: i64,
    wish: Wish,
}

/// Writes that are released together.
#[derive(Clone, Copy, Debug)]
struct WriteMark {
    first: u32,
    last: u32,
    begin: i64,
    end: i64,
    /// Whether any of it was sent.
    left: bool,
}

/// A write that was taken, as positions of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) begin: i64,
    pub(super) end: i64,
    /// SND.NXT
    pub(super) next: i64,
    /// Whether it stands in one piece with what was written before it.
    pub(super) joins: bool,
}

impl Marks {
    pub(super) fn take(&mut self, wish: Wish, taken: Taken) {
        if wish.release {
            self.take_write(taken);
        }
        if wish.asks_for_time() {
            let octet = taken.end - 1;
            let waits = |mark: &mut StampMark| mark.octet >= taken.next;
            if taken.joins {
                self.stamps.pop_back_if(waits);
            }
            self.stamps.push_back(StampMark { octet, wish });
        }
    }

    fn take_write(&mut self, taken: Taken) {
        let Taken {
            begin, end, next, ..
        } = taken;
        let number = self.next_write;
        self.next_write = number.wrapping_add(1);
        match self.writes.back_mut() {
            // The same memory of the kernel's stands for both (msg_zerocopy_realloc).
            Some(before) if before.end == begin && before.end > next.max(1) => {
                before.last = number;
                before.end = end;
            }
            Some(_) | None => self.writes.push_back(WriteMark {
                first: number,
                last: number,
                begin,
                end,
                left: false,
            }),
        }
    }

    /// The last write has ended before all of it was taken.
    pub(super) fn cut(&mut self, written: i64) {
        if let Some(write) = self.writes.back_mut() {
            write.end = write.end.min(written);
        }
        if let Some(stamp) = self.stamps.back_mut() {
            stamp.octet = stamp.octet.min(written - 1);
        }
    }

    /// Octets have left, for the first time or again.
    #[inline]
    pub(super) fn on_sent(&mut self, begin: i64, end: i64, at: Instant) {
        if self.has_any() {
            self.look_at_sent(begin, end, at);
        }
    }

    fn has_any(&self) -> bool {
        !self.writes.is_empty() || !self.stamps.is_empty()
    }

    #[cold]
    fn look_at_sent(&mut self, begin: i64, end: i64, at: Instant) {
        for place in 0..self.writes.len() {
            let write = &mut self.writes[place];
            write.left |= write.begin < end && begin < write.end;
        }
        for place in 0..self.stamps.len() {
            let StampMark { octet, wish } = self.stamps[place];
            if !(begin..end).contains(&octet) {
                continue;
            }
            for (wanted, place) in [(wish.queued, Place::Queue), (wish.sent, Place::Device)] {
                if wanted {
                    self.push(stamped(place, octet, at));
                }
            }
        }
    }

    /// Everything before `unacknowledged` has arrived.
    #[inline]
    pub(super) fn on_acknowledged(&mut self, unacknowledged: i64, at: Instant) {
        if self.has_any() {
            self.look_at_acknowledged(unacknowledged, at);
        }
    }

    #[cold]
    fn look_at_acknowledged(&mut self, unacknowledged: i64, at: Instant) {
        while let Some(mark) = self.stamps.pop_front_if(|it| it.octet < unacknowledged) {
            if mark.wish.acknowledged {
                self.push(stamped(Place::Peer, mark.octet, at));
            }
        }
        while let Some(mark) = self.writes.pop_front_if(|it| it.end <= unacknowledged) {
            self.release(mark);
        }
    }

    /// What was written is thrown away.
    pub(super) fn on_end(&mut self) {
        self.stamps.clear();
        while let Some(mark) = self.writes.pop_front() {
            self.release(mark);
        }
    }

    /// The next entry of the error queue.
    pub(super) fn take_report(&mut self) -> Option<Report> {
        self.queue.pop_front()
    }

    /// How many entries the error queue has, and how many have been made.
    pub(super) fn reports(&self) -> (usize, u64) {
        (self.queue.len(), self.made)
    }

    /// Writes are released. The queue's last entry takes them where they come right behind those in
    /// it (skb_zerocopy_notify_extend); what an emulated device sends is copied, as what a tunnel
    /// or the loopback device does.
    fn release(&mut self, mark: WriteMark) {
        self.made += 1;
        if let Some(Report::Released { last, .. }) = self.queue.back_mut()
            && last.wrapping_add(1) == mark.first
        {
            *last = mark.last;
            return;
        }
        self.made -= 1;
        self.push(Report::Released {
            first: mark.first,
            last: mark.last,
            copied: mark.left,
        });
    }

    fn push(&mut self, report: Report) {
        let most = match report {
            Report::Stamped { .. } => STAMPS_MAX,
            Report::Released { .. } => REPORTS_MAX,
        };
        if self.queue.len() < most {
            self.queue.push_back(report);
            self.made += 1;
        }
    }
}

fn stamped(place: Place, octet: i64, at: Instant) -> Report {
    Report::Stamped {
        place,
        octet: octet as u64,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant::from_micros_const(7);
    const RELEASE: Wish = Wish {
        release: true,
        queued: false,
        sent: false,
        acknowledged: false,
    };
    const TIMES: Wish = Wish {
        release: false,
        queued: true,
        sent: true,
        acknowledged: true,
    };

    fn taken(begin: i64, end: i64, next: i64, joins: bool) -> Taken {
        Taken {
            begin,
            end,
            next,
            joins,
        }
    }

    fn released(first: u32, last: u32, copied: bool) -> Report {
        Report::Released {
            first,
            last,
            copied,
        }
    }

    #[test]
    fn writes_are_released_in_ranges() {
        let mut marks = Marks::default();
        marks.take(RELEASE, taken(1, 11, 1, false));
        // It waits behind the first, which was not sent.
        marks.take(RELEASE, taken(11, 21, 1, true));
        marks.on_sent(1, 21, AT);
        marks.take(RELEASE, taken(21, 31, 21, false));
        marks.on_sent(21, 31, AT);
        marks.on_acknowledged(20, AT);
        assert!(marks.queue.is_empty());
        marks.on_acknowledged(21, AT);
        assert_eq!(marks.queue, [released(0, 1, true)]);
        // What comes right behind is one entry with it, and wakes whoever waits all the same.
        marks.on_acknowledged(31, AT);
        assert_eq!(marks.queue, [released(0, 2, true)]);
        assert_eq!(marks.made, 2);
        // Once it was read, the next is an entry of its own; what never left was never copied.
        marks.queue.clear();
        marks.take(RELEASE, taken(31, 41, 31, false));
        marks.cut(35);
        marks.on_end();
        assert_eq!(marks.queue, [released(3, 3, false)]);
    }

    #[test]
    fn an_octet_has_its_times_in_their_order() {
        let mut marks = Marks::default();
        marks.take(TIMES, taken(1, 11, 1, false));
        // One piece has the time of its last write.
        marks.take(TIMES, taken(11, 21, 1, true));
        marks.take(TIMES, taken(21, 31, 1, false));
        marks.on_sent(1, 15, AT);
        assert!(marks.queue.is_empty());
        marks.on_sent(15, 31, AT);
        marks.on_acknowledged(21, AT);
        let times = [
            (Place::Queue, 20),
            (Place::Device, 20),
            (Place::Queue, 30),
            (Place::Device, 30),
            (Place::Peer, 20),
        ];
        let times = times.map(|(place, octet)| stamped(place, octet, AT));
        assert_eq!(marks.queue, times);
    }

    #[test]
    fn the_queue_has_an_end() {
        let mut marks = Marks::default();
        marks.take(TIMES, taken(1, 2, 1, false));
        for _ in 0..STAMPS_MAX {
            marks.on_sent(1, 2, AT);
        }
        assert_eq!(marks.queue.len(), STAMPS_MAX);
    }
}
