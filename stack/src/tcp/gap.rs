//! Data that waits for earlier data: what the peer is told of it, and how long it is kept (RFC 9293
//! section 3.10.7.4 lets a receiver keep it, and asks for nothing).

use smoltcp::time::{Duration, Instant};

use super::acknowledge::Gap;
use super::recv::Taken;
use super::segment::Segment;
use super::timer::Timer;
use super::{Connection, State};
use crate::event::Fact;

/// The stretches that a peer needs to hear of at once, as they grow (Linux:
/// TCP_SACK_BLOCKS_EXPECTED).
const BLOCKS_EXPECTED: usize = 2;

impl Connection {
    /// A segment with data has come, which may have closed a gap.
    pub(super) fn watch_gap(&mut self, filled: bool, now: Instant) {
        let lifetime = self.config.profile.window.gap_lifetime;
        if self.recv.out_of_order() == 0 {
            self.timers.stop(Timer::Gap);
        } else if lifetime.total_micros() > 0 && (filled || !self.timers.is_set(Timer::Gap)) {
            let expiry = self.expiry(now, lifetime);
            self.timers.set(Timer::Gap, expiry);
        }
    }

    /// The peer has sent anything at all.
    pub(super) fn hear_beside_gap(&mut self, now: Instant) {
        let timeouts = self.config.profile.window.gap_timeouts;
        // What a segment has ended waits for nothing.
        if timeouts > 0 && self.state != State::Closed && self.recv.out_of_order() > 0 {
            let expiry = self.expiry(now, self.rto.timeout() * timeouts);
            self.timers.set(Timer::Gap, expiry);
        }
    }

    /// What waits has waited for long enough: the peer will send it again, as nothing but the data
    /// before it was acknowledged (RFC 2018 section 8 lets a receiver do that even where it has
    /// reported the data).
    #[cold]
    pub(super) fn on_gap_timeout(&mut self) {
        let octets = self.recv.drop_gaps();
        if octets > 0 {
            self.facts.push_back(Fact::Discarded { octets });
        }
    }

    /// Duplicate acknowledgments that wait are sent before a segment makes the peer forget what it
    /// was to learn: it begins a third stretch, or makes one grow behind the two that grew last. A
    /// stretch that begins is not told yet, one that grows is (Linux: tcp_sack_new_ofo_skb).
    ///
    /// Returns whether one was sent.
    #[cold]
    pub(super) fn tell_before_another_block(&mut self, start: i64, end: i64, now: Instant) -> bool {
        let stretches = self.recv.stretches(false);
        let touched = stretches
            .iter()
            .position(|&(left, right)| start <= right && end >= left);
        if touched.unwrap_or(stretches.len()) < BLOCKS_EXPECTED {
            return false;
        }
        let mut acknowledgment = Segment::default();
        self.header(self.send.bare_start(), now, &mut acknowledgment);
        if let Some(&(left, right)) = touched.and_then(|it| stretches.get(it)) {
            // It is told in the place that it had.
            let wire = |left, right| (self.acknowledgment(left), self.acknowledgment(right));
            let (before, grown) = (wire(left, right), wire(left.min(start), right.max(end)));
            let blocks = acknowledgment.options.sack.iter_mut().flatten();
            blocks
                .filter(|it| **it == before)
                .for_each(|it| *it = grown);
        }
        self.replies.push_back(acknowledgment);
        self.after_acknowledgment(false, now);
        true
    }

    /// A segment has come behind a gap. `alone`: it says more than that.
    #[cold]
    pub(super) fn answer_to_gap(&mut self, taken: &Taken, alone: bool, now: Instant) {
        let unacknowledged = self.recv.acknowledged() - self.last_acknowledgment;
        let is_second =
            unacknowledged > self.recv.segment_octets() as i64 && self.recv.window_keeps_up();
        let smoothed = self.rto.smoothed().unwrap_or(Duration::MAX);
        let gap = Gap {
            at: self.recv.acknowledged(),
            round_trip: self.recv.round_trip().min(smoothed),
            window_grew: taken.grew,
            has_told: taken.has_told,
            alone: alone || is_second || !self.negotiated.selective,
        };
        self.acknowledger.on_gap(gap, now);
    }
}
