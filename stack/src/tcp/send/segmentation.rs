//! Which new segment may go out: the windows, silly windows, Nagle's algorithm, and PSH.

use smoltcp::time::{Duration, Instant};

use super::burst::{Cut, Ending, Pace, Patience, Room, goal, segment_most};
use super::loss::Recovery;
use super::transmission::Limits;
use super::{Sender, Transmission};
use crate::profile::{FinTiming, Nagle, Push, Segmentation};
use crate::tcp::in_flight::{Control, PacketEnd};

impl Sender {
    /// The next segment of what was not sent.
    pub(super) fn new_segment(&mut self, limits: Limits, now: Instant) -> Option<Transmission> {
        if self.next == 0 {
            let written = (self.written - 1).max(0) as usize;
            return self.syn.then_some(Transmission {
                start: 0,
                octets: written.min(self.syn_room),
                control: Control::Syn,
                push: false,
                keeps_push: false,
                packet_end: PacketEnd::No,
                again: None,
            });
        }
        if self.next < self.written && self.rules.segmentation == Segmentation::Bursts {
            return self.segment_of_burst(limits, now);
        }
        self.single_segment(limits)
    }

    fn single_segment(&self, limits: Limits) -> Option<Transmission> {
        let data = (self.written - self.next).max(0);
        let usable = (self.unacknowledged + self.window - self.next).max(0);
        let octets = data.min(usable).min(self.mss as i64);
        let is_last = octets == data;
        let fin = self.carries_fin(octets);
        if octets == 0 && !fin {
            return None;
        }
        if !fin && limits == Limits::All && !self.is_worth_sending(octets as usize, is_last) {
            return None;
        }
        if !fin && limits == Limits::PeerOnly && octets < (self.mss as i64).min(data) {
            return None;
        }
        let pipe = self.pipe();
        if limits == Limits::All && !self.congestion.allows(pipe, octets as usize) {
            return None;
        }
        let end = self.next + octets;
        let ends_write = |&write: &i64| self.next < write && write <= end;
        let push = octets > 0
            && match self.rules.push {
                Push::EndOfWrite | Push::EndOfBurst => self.pushes.iter().any(ends_write),
                Push::EmptiesBuffer => end == self.written,
                Push::EmptiesBufferOrHalfWindow => {
                    end == self.written
                        || self.next >= self.last_push + (self.max_window / 2).max(1)
                }
            };
        Some(self.transmission(octets, fin, push, push))
    }

    /// Sender's silly window avoidance and Nagle's algorithm (RFC 9293 sections 3.8.6.2.1 and
    /// 3.7.4).
    fn is_worth_sending(&self, octets: usize, is_last: bool) -> bool {
        if octets >= self.mss {
            return true;
        }
        if is_last {
            return !self.holds_small();
        }
        // The window cuts the segment short: it is worth sending once it is half of the largest
        // window.
        octets as i64 >= self.max_window / 2
    }

    /// Whether a segment that is not full has to wait.
    fn holds_small(&self) -> bool {
        let waits = match self.rules.nagle {
            Nagle::Off => false,
            Nagle::AnyUnacknowledged => !self.in_flight.is_empty(),
            Nagle::SentBefore => !self.in_flight.is_empty() && !self.began_idle,
            Nagle::SmallUnacknowledged => self.small_end > self.unacknowledged,
        };
        let is_corked = (self.cork || self.more_follows) && !self.pushed_once;
        // Urgent data waits for nothing (Linux: tcp_nagle_test; BSD: tcp_output, SND.UP).
        !self.is_urgent() && (is_corked || (waits && !self.no_delay))
    }

    /// Whether the FIN goes with so many octets more.
    fn carries_fin(&self, octets: i64) -> bool {
        if !self.fin {
            return false;
        }
        let end = self.next + octets;
        let edge = self.unacknowledged + self.window;
        let may_join = octets == 0 || self.rules.fin != FinTiming::Alone;
        may_join && end == self.written && end < edge
    }

    fn transmission(&self, octets: i64, fin: bool, push: bool, keeps_push: bool) -> Transmission {
        Transmission {
            start: self.next,
            octets: octets as usize,
            control: if fin { Control::Fin } else { Control::None },
            push,
            keeps_push,
            packet_end: PacketEnd::No,
            again: None,
        }
    }

    /// Something has changed that may let what waits go out.
    pub(crate) fn wake(&mut self) {
        self.pieces.wake();
    }

    /// The peer's largest window has grown: segments are no longer than half of it where the
    /// profile says so.
    pub(super) fn bound_segments(&mut self) {
        if !self.rules.half_window {
            return;
        }
        self.mss = match self.rules.segmentation {
            Segmentation::Bursts => segment_most(self.max_window, self.negotiated_mss),
            Segmentation::Single => {
                let half = usize::try_from(self.max_window / 2).unwrap_or(0).max(1);
                self.negotiated_mss.min(half)
            }
        };
    }

    /// The path has been measured: it says how much goes out together.
    pub(crate) fn on_measured(&mut self, smoothed: Duration, least: Duration) {
        self.smoothed = smoothed;
        self.least = least;
        let makes_bursts = self.rules.segmentation == Segmentation::Bursts;
        if !makes_bursts && !self.counts_memory() {
            // Nothing asks for the length of a burst.
            return;
        }
        let pace = Pace {
            mss: self.mss as u64,
            window: self.congestion.segments().max(self.in_flight.len()) as u64,
            starts_slowly: self.congestion.window() < self.congestion.threshold() / 2,
            smoothed,
            least,
            segments_least: self.rules.burst_least,
            more_near: self.rules.burst_near,
        };
        self.burst_most = pace.segments_most();
    }

    /// Puts a write of `count` octets behind what waits, with segments of its own up to each break.
    pub(super) fn write_pieces(&mut self, count: usize, breaks: Vec<usize>, ending: Ending) {
        let alone = Ending {
            pushes: true,
            record: true,
            is_short: false,
        };
        let mut begin = 0;
        for end in breaks.into_iter().filter(|end| *end < count) {
            let written = self.written + begin as i64;
            self.pieces.write(written, (end - begin) as i64, alone);
            begin = end;
        }
        let written = self.written + begin as i64;
        self.pieces.write(written, (count - begin) as i64, ending);
    }

    /// The write that comes next is broken there.
    pub(crate) fn break_write(&mut self, breaks: Vec<usize>) {
        self.breaks = breaks;
    }

    /// Whether the `octets` that were written last stand in one piece with what was written before
    /// and waits.
    pub(crate) fn joins_piece(&self, octets: usize) -> bool {
        let (next, goal) = (self.next, goal(self.max_window, self.mss as i64));
        self.pieces.takes_more(next, goal) >= octets as i64
    }

    /// Whether the first segment that waits does not fit into the peer's window.
    pub(crate) fn waits_for_window(&self) -> bool {
        let edge = self.unacknowledged + self.window;
        let first = self.unsent().min(self.mss) as i64;
        first > 0 && self.next.max(1) + first > edge && !self.waits_for_congestion()
    }

    /// What limits the bursts that a write makes before it waits for room: they wait for nothing.
    pub(super) fn room_to_fill(&self) -> Room {
        let mut room = self.room_of_burst(Instant::ZERO);
        room.patience.hurries = true;
        room
    }

    fn room_of_burst(&self, now: Instant) -> Room {
        let segments = self.congestion.segments();
        let free = self.congestion.free_of(segments, self.pipe());
        // Half of the window at a time: two bursts at least are in the network.
        let half = (segments / 2).max(1);
        let mss = self.mss as i64;
        let octets = |segments: usize| mss.saturating_mul(segments.try_into().unwrap_or(i64::MAX));
        let patience = Patience {
            hurries: self.fin || self.recovery != Recovery::No,
            idle: self.sent_at.map(|at| now - at),
            oldest: self.in_flight.oldest_sent_at().map(|at| now - at),
            smoothed: self.smoothed,
            window: octets(segments),
            free: octets(free),
            peers_window: self.window,
            full: octets(self.burst_most),
        };
        Room {
            next: self.next,
            edge: self.unacknowledged + self.window,
            mss,
            max_window: self.max_window,
            segments: free.min(half).min(self.burst_most),
            holds_small: self.holds_small() && !self.fin,
            patience,
        }
    }

    /// The next segment of the burst that is being sent, or of one that begins.
    fn cut(&mut self, now: Instant) -> Option<Cut> {
        let going = self.pieces.go_on(self.next, self.mss as i64);
        if going.is_some() || self.pieces.is_asleep() {
            return going;
        }
        self.pieces.poll(self.room_of_burst(now))
    }

    fn segment_of_burst(&mut self, limits: Limits, now: Instant) -> Option<Transmission> {
        let cut = match limits {
            Limits::All => self.cut(now)?,
            Limits::PeerOnly => self.pieces.force(self.room_of_burst(now), true)?,
            Limits::WindowOnly => Cut {
                pushed: true,
                ..self.pieces.force(self.room_of_burst(now), false)?
            },
        };
        self.burst_end = cut.burst_end;
        let (push, keeps_push) = match self.rules.push {
            Push::EndOfBurst => (cut.pushed || cut.ends_burst, cut.pushed),
            Push::EndOfWrite => (cut.pushed, cut.pushed),
            Push::EmptiesBuffer | Push::EmptiesBufferOrHalfWindow => {
                let empties = self.next + cut.octets == self.written;
                (empties, empties)
            }
        };
        Some(Transmission {
            packet_end: cut.packet_end,
            ..self.transmission(cut.octets, self.carries_fin(cut.octets), push, keeps_push)
        })
    }
}
