//! The acknowledgment field of a segment that arrives: what it says of our data, of the path, and
//! of the peer's window (RFC 9293 section 3.10.7.4, fifth check).

use smoltcp::time::{Duration, Instant};

use super::Connection;
use super::rto::RoundTrip;
use super::segment::Segment;
use super::segment_arrives::{Arriving, Check};
use super::send::Acknowledged;
use super::state::State;
use super::timer::Timer;
use crate::profile::{Duplicate, FromTimestamps, UnsentOfSynAck};

/// How soon the retransmission timer expires, at the earliest, where the peer has taken back what
/// it reported (Linux: half a round trip, at least this).
const TAKEN_BACK_LEAST: Duration = Duration::from_millis(10);

impl Connection {
    /// Fifth: the acknowledgment.
    #[inline(always)]
    pub(super) fn check_acknowledgment(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        let header = arriving.header;
        if !header.flags.ack {
            return Check::Done;
        }
        let acknowledged = arriving.acknowledged;
        if self.state == State::SynReceived {
            if acknowledged <= self.send.unacknowledged() || acknowledged > self.send.next() {
                let rule = self.config.profile.acceptance.unsent_of_syn_ack;
                if self.passive && rule == UnsentOfSynAck::Repeats {
                    self.send.resend_first();
                } else {
                    self.replies.push_back(header.reset_from_segment());
                }
                return Check::Done;
            }
            self.enter_open(now);
        }
        if acknowledged > self.send.next() {
            self.answer_unsent(now);
            return Check::Done;
        }
        // RFC 5961 section 5.2: an acknowledgment older than any window is a blind guess.
        if acknowledged < self.send.unacknowledged() - self.send.max_window() {
            self.challenge(now);
            return Check::Done;
        }
        self.process_acknowledgment(arriving, now);
        self.renew_fin_wait_2(now);
        self.advance_closing(now)
    }

    fn process_acknowledgment(&mut self, arriving: &Arriving<'_>, now: Instant) {
        let header = arriving.header;
        self.soft_error = None;
        self.hear_acknowledgment(arriving.acknowledged, now);
        let window = i64::from(header.window) << self.negotiated.send_shift;
        if arriving.end > arriving.start
            && header.options.sack[0].is_none()
            && self.send.expects_nothing(arriving.acknowledged)
            && self
                .send
                .hears_window_again(arriving.start, arriving.acknowledged, window)
        {
            // Data, to one that sends nothing: most segments with data are so.
            self.send.wake();
            return;
        }
        let was_window = self.send.window();
        let was_handshake = self.send.unacknowledged() == 0;
        if header.options.sack[0].is_some() {
            self.take_blocks(arriving, now);
        }
        let progress = self.take_acknowledgment(header, arriving.acknowledged, now);
        if was_handshake {
            self.rto.on_established();
        }
        let same_window = match self.config.profile.send.duplicate {
            Duplicate::SameWindow => window == was_window,
            Duplicate::NoNewsOfWindow => !self.send.tells_of_window(arriving.start, window),
        };
        // RFC 9293 section 3.10.7.4: the window of an old acknowledgment is old as well.
        let opened = arriving.acknowledged >= self.send.unacknowledged()
            && self
                .send
                .update_window(arriving.start, arriving.acknowledged, window);
        if opened {
            self.timers.stop(Timer::Persist);
            self.bare_probe = None;
            self.patience.probing_since = None;
            if was_window == 0 {
                self.patience.probes = 0;
                self.patience.timeouts = 0;
                self.rto.reset_backoff();
                self.send.repeat_probe();
            }
        }
        let duplicate = !progress
            && arriving.acknowledged == self.send.unacknowledged()
            && arriving.end == arriving.start
            && same_window;
        if duplicate {
            self.send.on_duplicate();
        }
        self.send.wake();
    }

    /// Takes the SACK blocks (RFC 2018).
    #[cold]
    fn take_blocks(&mut self, arriving: &Arriving<'_>, now: Instant) {
        let base = self.config.initial_sequence;
        let near = self.send.unacknowledged();
        let blocks = arriving.header.options.sack.iter().flatten();
        let blocks = blocks.map(|&(left, right)| {
            (
                Self::position(base, left, near),
                Self::position(base, right, near),
            )
        });
        self.send.on_selective(blocks, arriving.acknowledged, now);
    }

    /// Whether the acknowledgment was news.
    pub(super) fn take_acknowledgment(
        &mut self,
        header: &Segment,
        acknowledged: i64,
        now: Instant,
    ) -> bool {
        let echoed = match self.send.minds_echo() {
            true => self.echoed_until(header, now),
            false => None,
        };
        let outcome = self.send.on_acknowledgment(acknowledged, echoed, now);
        let is_probed = self.tail_probe.is_some_and(|until| acknowledged >= until);
        if is_probed && !self.send.judges_tail_probe() {
            self.tail_probe = None;
        }
        if outcome.progress {
            self.mark_acknowledged(now);
            if let Some(round_trip) = self.round_trip(header, outcome.sample, now) {
                self.measure(round_trip);
            }
            self.patience.timeouts = 0;
            self.patience.fragments = 0;
            self.patience.seeks_black_hole = false;
            self.patience.first = None;
            if let Some(smoothed) = self.rto.smoothed() {
                self.send.on_measured(smoothed, self.rto.least());
            }
            self.rearm_after_acknowledgment(now);
        } else if let Some(round_trip) = outcome.sample {
            self.take_reported(round_trip, now);
        }
        if outcome.taken_back {
            self.expect_nothing_reported(now);
        }
        self.watch_reordering(outcome, now);
        outcome.progress
    }

    fn measure(&mut self, round_trip: RoundTrip) {
        let path = (self.send.unacknowledged(), self.send.next());
        self.rto.measure(round_trip, path);
        self.acknowledger
            .on_round_trip(self.rto.smoothed().unwrap_or_default());
    }

    /// A report measures the round trip, too. The timer begins anew where what is reported was sent
    /// before the first segment was sent again: otherwise reports would put the timeout off for
    /// ever (Linux: tcp_clean_rtx_queue).
    #[cold]
    fn take_reported(&mut self, round_trip: RoundTrip, now: Instant) {
        self.measure(round_trip);
        if let Some(smoothed) = self.rto.smoothed() {
            self.send.on_measured(smoothed, self.rto.least());
        }
        let first = self.send.oldest_sent_at();
        if first.is_some_and(|first| round_trip.of_oldest > now - first) {
            self.rearm_after_acknowledgment(now);
        }
    }

    /// The peer has taken back what it reported: the retransmission timer expires soon.
    #[cold]
    fn expect_nothing_reported(&mut self, now: Instant) {
        let half = self.rto.smoothed().unwrap_or_default() / 2;
        let expiry = self.expiry(now, half.max(TAKEN_BACK_LEAST));
        self.timers.stop(Timer::TailLossProbe);
        self.timers.set(Timer::Retransmit, expiry);
    }

    /// Segments that others have overtaken are waited for, as long as it takes; the tail is not
    /// probed then (RFC 8985 section 7.2).
    fn watch_reordering(&mut self, outcome: Acknowledged, now: Instant) {
        match outcome.reordering {
            Some(wait) => {
                let expiry = self.expiry(now, wait);
                self.timers.set(Timer::Reordering, expiry);
                if self.timers.is_set(Timer::TailLossProbe) {
                    self.rearm(now, self.send.oldest_sent_at().unwrap_or(now));
                }
            }
            None if outcome.progress => self.timers.stop(Timer::Reordering),
            None => {}
        }
    }

    /// The states that wait for the acknowledgment of our FIN.
    fn advance_closing(&mut self, now: Instant) -> Check {
        if !self.send.fin_is_acknowledged() {
            return Check::Continue;
        }
        match self.state {
            State::FinWait1 => self.enter(State::FinWait2),
            State::Closing => self.begin_time_wait(now),
            State::LastAck => {
                self.die(None);
                return Check::Done;
            }
            State::Closed
            | State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait2
            | State::CloseWait
            | State::TimeWait => {}
        }
        Check::Continue
    }

    /// The round-trip time that an acknowledgment shows, by our own clock (`timed`) or by the
    /// timestamp that it echoes.
    fn round_trip(
        &self,
        header: &Segment,
        timed: Option<RoundTrip>,
        now: Instant,
    ) -> Option<RoundTrip> {
        let echoed = || self.echoed_round_trip(header, now).map(RoundTrip::of_both);
        match self.config.profile.rto.from_timestamps {
            FromTimestamps::Never => timed,
            FromTimestamps::WhereRepeated => timed.or_else(echoed),
            FromTimestamps::Always => echoed().or(timed),
        }
    }

    /// Behind the last moment at which our timestamp was the one that is echoed.
    fn echoed_until(&self, header: &Segment, now: Instant) -> Option<Instant> {
        let ago = self.echoed_ticks(header, now)?;
        let (ticks, tick) = self.timestamp_clock(now);
        // The tick that is running now ends in the future.
        Some(Instant::from_micros((ticks - i64::from(ago)) * tick))
    }

    /// How many ticks ago our timestamp was the one that is echoed; negative in the future.
    fn echoed_ticks(&self, header: &Segment, now: Instant) -> Option<i32> {
        let echoed = header.options.timestamps?.echo;
        let (ticks, _) = self.timestamp_clock(now);
        (self.negotiated.timestamps && echoed != 0)
            .then(|| (ticks as u32).wrapping_sub(echoed).cast_signed())
    }

    /// The round-trip time since the timestamp that was echoed (RFC 7323 section 4), one tick at
    /// least. It tells a segment apart from its repetition.
    fn echoed_round_trip(&self, header: &Segment, now: Instant) -> Option<Duration> {
        // An echo from the future, or of a clock that has gone round, measures nothing.
        let ticks = u32::try_from(self.echoed_ticks(header, now)?).ok()?;
        Some(self.config.profile.options.timestamp_tick * ticks.max(1))
    }
}
