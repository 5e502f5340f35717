//! Bursts: what a sender hands down together where segments are cut below it (segmentation
//! offload), which on Linux is everywhere.
//!
//! What was written and not sent stands in pieces. Writes fill a piece up to a goal, half of the
//! largest window that the peer has offered; a piece is handed down when it is full or its write
//! ends, as far as the windows let it pass, and what stays grows from the piece behind it. A burst
//! is at most half of the congestion window and about what the path carries in a millisecond. None
//! of this can be seen but in two things: where PSH stands, and that a window's last segment may be
//! a small one.
//!
//! Left out: the bounds that come from memory (`tcp_small_queue_check`, fragments of a page).

use std::collections::VecDeque;

use smoltcp::time::Duration;

use crate::tcp::in_flight::PacketEnd;

/// The most octets that are handed down together: what an IP packet can count, less the room for
/// headers (sk_gso_max_size).
const OCTETS_MOST: u64 = 65_536 - 321;
/// A burst carries what the path does in this part of a second, as a power of two
/// (sk_pacing_shift).
const PACE_SHIFT: u32 = 10;
/// Each time the round trip grows by two to this power of microseconds, the share of
/// [`OCTETS_MOST`] that is added to a burst halves (tcp_tso_rtt_log).
const NEARNESS_SHIFT: u32 = 9;
/// An octet count has so many binary places: beyond them nothing is left to halve.
const OCTET_PLACES: u64 = 32;
/// Below this a peer's window counts as tiny, and a piece may fill all of it (TCP_MSS_DEFAULT).
const TINY_WINDOW: i64 = 536;

/// No bound is tighter than a datagram that everybody takes, without headers.
const OCTETS_LEAST: i64 = 68 - 20;
/// A burst waits for more only where another went out so recently.
const RECENT: Duration = Duration::from_millis(1);
/// A burst goes out if it takes at least this part of the window (tcp_tso_win_divisor).
const WINDOW_DIVISOR: i64 = 3;

/// When the sender looks at what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Attempt {
    /// Not now.
    #[default]
    No,
    /// It hands down one burst of the first piece.
    Head,
    /// It hands down what it may, small segments included.
    Full,
    /// It hands down what it may.
    Normal,
}

/// What was written and not sent, as it is handed down (Linux: an skb of the write queue).
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    end: i64,
    /// Whether it is pushed: its last segment carries PSH, whenever it is sent.
    push: bool,
    /// Whether a record ends with it, so that nothing is added to it (MSG_EOR).
    record: bool,
}

/// What a program has written at once.
#[derive(Clone, Copy, Debug)]
struct Write {
    end: i64,
    ending: Ending,
}

/// How what a program has written ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Whether its end is pushed: it did not say that more follows.
    pub(super) pushes: bool,
    /// Whether a record ends with it (MSG_EOR).
    pub(super) record: bool,
    /// Whether it ends for want of room: what is there goes out, small segments included.
    pub(super) is_short: bool,
}

/// How full the buffer is that a write goes into, where memory counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling {
    /// Behind the last octet that was written before.
    pub(super) written: i64,
    /// SND.UNA
    pub(super) unacknowledged: i64,
    /// The packets that were handed down and are not acknowledged.
    pub(super) packets: i64,
    /// What each takes beside its payload.
    pub(super) overhead: i64,
    /// The buffer.
    pub(super) size: i64,
    /// How many octets that were not sent are too many.
    pub(super) unsent_most: i64,
}

/// How much of a write finds room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) octets: i64,
    /// How far the stream will have been sent when there is no more room.
    pub(super) sent: i64,
}

/// A burst that is being sent.
#[derive(Clone, Copy, Debug)]
struct Burst {
    end: i64,
    /// Whether the piece that ends with it is pushed.
    push: bool,
    /// Whether a record ends with it.
    record: bool,
    /// Whether it is more than one segment.
    several: bool,
}

/// What limits a burst.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// SND.NXT
    pub(super) next: i64,
    /// SND.UNA + SND.WND
    pub(super) edge: i64,
    pub(super) mss: i64,
    /// The largest window that the peer has offered.
    pub(super) max_window: i64,
    /// The segments that may be handed down together now.
    pub(super) segments: usize,
    /// Whether a segment that is not full has to wait (Nagle's algorithm).
    pub(super) holds_small: bool,
    pub(super) patience: Patience,
}

impl Room {
    /// The same once a burst is on its way.
    fn behind(mut self, burst: &Burst) -> Self {
        let mss = self.mss.max(1);
        let segments = (burst.end - self.next + mss - 1) / mss;
        self.next = burst.end;
        self.patience.free -= segments * mss;
        let free = self.patience.free / mss;
        self.segments = self.segments.min(usize::try_from(free).unwrap_or(0));
        self
    }
}

/// What decides whether a burst waits to become larger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Whether waiting is out of the question: something was lost, or the stream ends here.
    pub(super) hurries: bool,
    /// How long ago something was sent; none: never.
    pub(super) idle: Option<Duration>,
    /// How long ago the oldest unacknowledged segment was sent; none: everything is acknowledged.
    pub(super) oldest: Option<Duration>,
    /// The smoothed round-trip time.
    pub(super) smoothed: Duration,
    /// The congestion window, in octets.
    pub(super) window: i64,
    /// What of it is free, in octets.
    pub(super) free: i64,
    /// SND.WND
    pub(super) peers_window: i64,
    /// The octets of a burst as large as the path's speed makes it.
    pub(super) full: i64,
}

impl Patience {
    /// Whether a burst of `octets`, of which the peer's window takes `in_window`, waits for the
    /// next acknowledgment, which is near and will let more pass (tcp_tso_should_defer).
    /// `is_last`: it is all that was written.
    fn defers(self, octets: i64, in_window: i64, is_last: bool) -> bool {
        let limit = in_window.min(self.free);
        let fraction = self.peers_window.min(self.window) / WINDOW_DIVISOR;
        if self.hurries
            || self.idle.is_none_or(|idle| idle > RECENT)
            || limit >= self.full
            || (!is_last && limit >= octets)
            || limit >= fraction
        {
            return false;
        }
        // Waiting pays where the acknowledgment is expected soon, or overdue.
        let soon = (self.smoothed / 2).min(RECENT);
        self.oldest.is_some_and(|age| self.smoothed <= age + soon)
    }
}

/// A segment of a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) octets: i64,
    pub(super) packet_end: PacketEnd,
    /// Where its burst ends.
    pub(super) burst_end: i64,
    /// Whether a burst of several segments ends with it.
    pub(super) ends_burst: bool,
    /// Whether a pushed piece ends with it.
    pub(super) pushed: bool,
}

/// What was written and not sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    /// In the order of the stream; the first begins at SND.NXT.
    pieces: VecDeque<Piece>,
    /// Writes that are not all in pieces yet.
    writes: VecDeque<Write>,
    /// Behind the last octet that is in a piece.
    filled: i64,
    /// Whether nothing of the first such write is.
    begins: bool,
    /// Behind the last octet that was pushed (pushed_seq).
    pushed: i64,
    attempt: Attempt,
    burst: Option<Burst>,
}

impl Pieces {
    /// Takes a write of `count` octets behind `written`.
    pub(super) fn write(&mut self, written: i64, count: i64, ending: Ending) {
        if self.writes.is_empty() {
            self.attempt = Attempt::No;
            self.begins = true;
            self.filled = written;
        }
        self.writes.push_back(Write {
            end: written + count,
            ending,
        });
    }

    /// Something has changed: what waits may be looked at again.
    pub(super) fn wake(&mut self) {
        self.attempt = Attempt::Normal;
    }

    /// The next segment of a burst that is being sent, of so much payload at most; none between two
    /// bursts. A burst that was begun is sent whatever has changed.
    #[inline(always)]
    pub(super) fn go_on(&mut self, next: i64, mss: i64) -> Option<Cut> {
        let burst = self.burst?;
        let octets = mss.min(burst.end - next);
        let ends = next + octets == burst.end;
        if ends {
            self.burst = None;
        }
        Some(Cut {
            octets,
            packet_end: match (ends, burst.record) {
                (false, _) => PacketEnd::No,
                (true, false) => PacketEnd::Yes,
                (true, true) => PacketEnd::OfRecord,
            },
            burst_end: burst.end,
            ends_burst: ends && burst.several,
            pushed: ends && burst.push,
        })
    }

    /// Whether no burst is begun, whatever room there is, until something changes.
    pub(super) fn is_asleep(&self) -> bool {
        self.attempt == Attempt::No && self.writes.is_empty()
    }

    /// The next segment, where there is one to send. What was written is put into pieces one by
    /// one, and each is looked at before the next is filled (tcp_sendmsg).
    pub(super) fn poll(&mut self, room: Room) -> Option<Cut> {
        loop {
            if self.burst.is_none() {
                self.burst = self.next_burst(room);
            }
            if self.burst.is_some() {
                return self.go_on(room.next, room.mss);
            }
            self.attempt = self.fill(room)?;
        }
    }

    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// How much of a write of `count` octets is taken: each packet is filled that is begun, and one
    /// is begun while the buffer is not full (tcp_sendmsg_locked, sk_stream_memory_free). What is
    /// handed down meanwhile leaves packets that are not full, so that it is looked at as well.
    pub(super) fn taken(
        &self,
        count: i64,
        ending: Ending,
        mut room: Room,
        filling: Filling,
    ) -> Taken {
        let written = filling.written;
        let mut ahead = self.clone();
        ahead.write(written, count, ending);
        let mut packets = filling.packets;
        loop {
            while let Some(burst) = ahead.next_burst(room) {
                room = room.behind(&burst);
                packets += 1;
            }
            let queued = ahead.filled - filling.unacknowledged
                + (packets + ahead.pieces.len() as i64) * filling.overhead;
            let is_full =
                queued >= filling.size || ahead.filled - room.next.max(1) >= filling.unsent_most;
            if is_full && ahead.begins_piece(room) {
                return Taken {
                    octets: (ahead.filled - written).max(0),
                    sent: room.next,
                };
            }
            match ahead.fill(room) {
                Some(attempt) if !ahead.writes.is_empty() => ahead.attempt = attempt,
                Some(_) | None => {
                    return Taken {
                        octets: count,
                        sent: room.next,
                    };
                }
            }
        }
    }

    /// The burst that goes out next, if one does now.
    #[inline(always)]
    fn next_burst(&mut self, room: Room) -> Option<Burst> {
        let attempt = self.attempt;
        if attempt == Attempt::Head {
            self.attempt = Attempt::No;
        }
        match attempt {
            Attempt::No => None,
            Attempt::Head | Attempt::Full | Attempt::Normal => self.plan(room, attempt),
        }
    }

    /// Whether what is written next begins a piece.
    fn begins_piece(&self, room: Room) -> bool {
        self.takes_more(room.next, goal(room.max_window, room.mss)) <= 0
    }

    /// Fills the last piece, or a new one, from what was written. The end of a write is pushed, and
    /// so is a full piece that ends half of the peer's largest window behind the last push
    /// (forced_push).
    fn fill(&mut self, room: Room) -> Option<Attempt> {
        self.attempt = Attempt::No;
        let Write { end, ending } = *self.writes.front()?;
        let goal = goal(room.max_window, room.mss);
        let free = goal - (self.filled - self.start_of_last(room.next));
        let begins = std::mem::take(&mut self.begins);
        let free = match self.pieces.back_mut() {
            Some(tail) if free > 0 && !tail.record => {
                // What goes on is not the end of a write any more.
                tail.push &= !begins;
                free
            }
            Some(_) | None => {
                self.pieces.push_back(Piece::default());
                goal
            }
        };
        self.filled = end.min(self.filled + free);
        self.pushed = self.pushed.max(1);
        let ends = self.filled == end;
        let forced = self.filled > self.pushed + room.max_window / 2;
        if let Some(piece) = self.pieces.back_mut() {
            piece.end = self.filled;
            piece.push |= ends && ending.pushes || forced;
            piece.record |= ends && ending.record;
        }
        if ends && ending.pushes || forced {
            self.pushed = self.filled;
        }
        if ends {
            self.writes.pop_front();
            self.begins = true;
            return Some(match ending.is_short {
                true => Attempt::Full,
                false => Attempt::Normal,
            });
        }
        Some(match forced {
            true => Attempt::Full,
            false if self.pieces.len() == 1 => Attempt::Head,
            false => Attempt::No,
        })
    }

    /// How many octets more the last piece takes; none where there is none.
    pub(super) fn takes_more(&self, next: i64, goal: i64) -> i64 {
        match self.pieces.back() {
            Some(tail) if !tail.record => goal - (self.filled - self.start_of_last(next)),
            Some(_) | None => 0,
        }
    }

    /// Where the last piece begins, or would.
    fn start_of_last(&self, next: i64) -> i64 {
        let before = self.pieces.len().checked_sub(2);
        before.map_or(next, |index| self.pieces[index].end)
    }

    /// A burst of the first piece, as far as there is room (tcp_write_xmit).
    #[inline(always)]
    fn plan(&mut self, room: Room, attempt: Attempt) -> Option<Burst> {
        let Room {
            next,
            edge,
            mss,
            segments,
            max_window: _,
            holds_small,
            patience,
        } = room;
        if segments == 0 {
            return None;
        }
        let most = segments as i64 * mss;
        self.grow(next + most);
        let head = *self.pieces.front()?;
        let octets = head.end - next;
        if next + octets.min(mss) > edge {
            return None;
        }
        let holds_small = holds_small && attempt == Attempt::Normal;
        let is_last = self.pieces.len() == 1;
        if octets <= mss {
            let waits = is_last && octets < mss && holds_small;
            return (!waits).then(|| self.hand_down(next, head.end, mss));
        }
        if attempt != Attempt::Head && patience.defers(octets, edge - next, is_last) {
            return None;
        }
        // tcp_mss_split_point
        let in_window = octets.min(edge - next);
        let limit = if most <= in_window || (!is_last && most <= edge - next) {
            most
        } else if holds_small {
            in_window - in_window % mss
        } else {
            in_window
        };
        let end = next + octets.min(limit);
        Some(self.hand_down(next, end, mss))
    }

    /// The first piece takes from the one behind it what is missing to a burst up to `end`
    /// (tcp_grow_skb).
    fn grow(&mut self, end: i64) {
        let (Some(&head), Some(&behind)) = (self.pieces.front(), self.pieces.get(1)) else {
            return;
        };
        if end <= head.end || head.record {
            return;
        }
        self.pieces[0].end = end.min(behind.end);
        if end >= behind.end {
            self.pieces[0].push |= behind.push;
            self.pieces[0].record |= behind.record;
            self.pieces.remove(1);
        }
    }

    /// Takes what ends at `end` from the first piece; what is left of it keeps the push.
    #[inline(always)]
    fn hand_down(&mut self, next: i64, end: i64, mss: i64) -> Burst {
        let whole = self.pieces.pop_front_if(|head| head.end == end);
        Burst {
            end,
            push: whole.is_some_and(|piece| piece.push),
            record: whole.is_some_and(|piece| piece.record),
            several: end - next > mss,
        }
    }

    /// One segment of the first piece, whatever the congestion window and Nagle's algorithm say
    /// (tcp_send_loss_probe, tcp_write_wakeup). `in_full`: only if all of it lies in the window.
    pub(super) fn force(&mut self, room: Room, in_full: bool) -> Option<Cut> {
        let head = *self.pieces.front()?;
        let full = (head.end - room.next).min(room.mss);
        let octets = full.min(room.edge - room.next);
        if octets <= 0 || in_full && octets < full {
            return None;
        }
        self.burst = Some(self.hand_down(room.next, room.next + octets, room.mss));
        self.go_on(room.next, room.mss)
    }

    /// Everything up to `next` was sent past all of this: an octet into a closed window, or what a
    /// SYN has brought.
    pub(super) fn skip_to(&mut self, next: i64) {
        while self.pieces.pop_front_if(|head| head.end <= next).is_some() {}
        while self
            .writes
            .pop_front_if(|write| write.end <= next)
            .is_some()
        {
            self.begins = true;
        }
        if !self.writes.is_empty() {
            self.filled = self.filled.max(next);
        }
    }
}

/// The most octets that go into a peer's window at once: half of the largest it has offered, or all
/// of a tiny one; none offered bounds nothing (tcp_bound_to_half_wnd).
fn bound_to_half(max_window: i64, octets: i64) -> i64 {
    let bound = if max_window > TINY_WINDOW {
        max_window / 2
    } else {
        max_window
    };
    if bound > 0 {
        octets.min(bound.max(OCTETS_LEAST))
    } else {
        octets
    }
}

/// The most payload of a segment where segments are made in bursts (tcp_sync_mss).
pub(super) fn segment_most(max_window: i64, mss: usize) -> usize {
    bound_to_half(max_window, mss as i64) as usize
}

/// What a piece is filled up to, in octets: whole segments, one at least (tcp_xmit_size_goal).
pub(super) fn goal(max_window: i64, mss: i64) -> i64 {
    let octets = bound_to_half(max_window, OCTETS_MOST as i64);
    (octets - octets % mss).max(mss)
}

/// What is known of how fast the path is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) mss: u64,
    /// The congestion window, or what is in the network where that is more, in segments.
    pub(super) window: u64,
    /// Whether the congestion window is below half of the slow start threshold.
    pub(super) starts_slowly: bool,
    /// The smoothed round-trip time.
    pub(super) smoothed: Duration,
    /// The shortest round-trip time.
    pub(super) least: Duration,
    /// The segments that a burst has where there are as many (tcp_min_tso_segs).
    pub(super) segments_least: usize,
    /// Whether there are more for a near peer.
    pub(super) more_near: bool,
}

impl Pace {
    /// The segments that are handed down together (tcp_tso_autosize): what goes out in about a
    /// millisecond at twice the rate that fills the window once a round trip, or 1.2 times beyond
    /// slow start; more to peers that are near.
    pub(super) fn segments_most(self) -> usize {
        let percent = if self.starts_slowly { 200 } else { 120 };
        let round_trip = self.smoothed.total_micros().max(1);
        // A product that does not fit is far beyond what a burst can be.
        let octets = self
            .mss
            .saturating_mul(self.window)
            .saturating_mul(10_000 * percent);
        let paced = (octets / round_trip) >> PACE_SHIFT;
        let halvings = self.least.total_micros() >> NEARNESS_SHIFT;
        let near = if self.more_near && halvings < OCTET_PLACES {
            OCTETS_MOST >> halvings
        } else {
            0
        };
        let octets = paced.saturating_add(near).min(OCTETS_MOST);
        ((octets / self.mss) as usize).max(self.segments_least)
    }
}
