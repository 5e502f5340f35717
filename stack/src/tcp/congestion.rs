//! The congestion window (RFC 5681), counted in octets or in segments.

use smoltcp::time::{Duration, Instant};

use super::cubic::Cubic;
use super::cubic_segments::CubicSegments;
use super::hystart::{HyStart, Sample};
use crate::profile::{Algorithm, HyStartRules, Restart, SendRules, WindowUnit};

/// What is in the network: sent, neither acknowledged nor known to have left it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pipe {
    pub(crate) octets: usize,
    pub(crate) segments: usize,
}

/// What an acknowledgment acknowledged for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) octets: usize,
    pub(crate) segments: usize,
    /// Whether the window was used, so that it may grow (RFC 7661 section 4).
    pub(crate) was_full: bool,
}

/// The congestion window of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    /// cwnd, in octets.
    window: usize,
    /// ssthresh, in octets.
    threshold: usize,
    /// Octets acknowledged since the window last grew in congestion avoidance.
    acknowledged: usize,
    mss: usize,
    unit: WindowUnit,
    initial: usize,
    restart: Restart,
    /// What makes the window grow.
    growth: Growth,
    /// The ticks of CUBIC; zero: it has none.
    tick: Duration,
    hystart: HyStart,
    hystart_rules: HyStartRules,
    /// Whether there is congestion control at all.
    limited: bool,
}

/// What makes the window grow.
#[derive(Clone, Debug)]
enum Growth {
    Reno,
    Cubic(Cubic),
    CubicSegments(CubicSegments),
}

impl Growth {
    fn new(algorithm: Algorithm, tick: Duration) -> Self {
        match algorithm {
            Algorithm::Reno => Self::Reno,
            Algorithm::Cubic if tick > Duration::ZERO => {
                Self::CubicSegments(CubicSegments::default())
            }
            Algorithm::Cubic => Self::Cubic(Cubic::default()),
        }
    }
}

impl Congestion {
    pub(crate) fn new(rules: &SendRules, mss: usize) -> Self {
        Self {
            window: rules.initial_window.max(1) * mss,
            threshold: usize::MAX,
            acknowledged: 0,
            mss,
            unit: rules.window_unit,
            initial: rules.initial_window.max(1) * mss,
            restart: rules.restart,
            growth: Growth::new(rules.congestion, rules.cubic_tick),
            tick: rules.cubic_tick,
            hystart: HyStart::default(),
            hystart_rules: rules.hystart,
            limited: rules.initial_window > 0,
        }
    }

    /// The path takes segments of so many octets from now on. A window that is counted in segments
    /// keeps their number.
    #[cold]
    pub(crate) fn shorten_segments(&mut self, rules: &SendRules, mss: usize) {
        if rules.window_unit == WindowUnit::Segments {
            self.window = self.window / self.mss * mss;
        }
        self.mss = mss;
        self.initial = rules.initial_window.max(1) * mss;
    }

    /// The maximum segment size is known now; the initial window follows it.
    pub(crate) fn set_mss(&mut self, rules: &SendRules, mss: usize) {
        self.mss = mss;
        self.initial = rules.initial_window.max(1) * mss;
        self.window = self.initial;
    }

    /// Another algorithm from now on; the window stays.
    pub(crate) fn set_algorithm(&mut self, algorithm: Algorithm) {
        self.growth = Growth::new(algorithm, self.tick);
    }

    pub(crate) fn window(&self) -> usize {
        self.window
    }

    pub(crate) fn threshold(&self) -> usize {
        self.threshold
    }

    /// Whether a segment with so much payload may be sent while `pipe` is in the network.
    pub(crate) fn allows(&self, pipe: Pipe, octets: usize) -> bool {
        if !self.limited {
            return true;
        }
        match self.unit {
            WindowUnit::Segments => !self.is_filled_by(pipe.segments),
            // A segment without payload takes room too: a FIN waits behind a full window.
            WindowUnit::Octets => pipe.octets + octets.max(1) <= self.window || pipe.segments == 0,
        }
    }

    /// The window in segments, one at least.
    pub(crate) fn segments(&self) -> usize {
        if self.limited {
            (self.window / self.mss).max(1)
        } else {
            usize::MAX
        }
    }

    /// Whether so many segments are as many as the window has. It is asked for each segment, and a
    /// division costs more than all else here.
    pub(crate) fn is_filled_by(&self, segments: usize) -> bool {
        let behind = segments.saturating_add(1).saturating_mul(self.mss);
        self.limited && segments > 0 && behind > self.window
    }

    /// How many full segments may be sent while `pipe` is in the network.
    pub(crate) fn free_segments(&self, pipe: Pipe) -> usize {
        self.free_of(self.segments(), pipe)
    }

    /// The same of a window of so many segments, which whoever asks has counted.
    pub(crate) fn free_of(&self, segments: usize, pipe: Pipe) -> usize {
        if !self.limited {
            return usize::MAX;
        }
        match self.unit {
            WindowUnit::Segments => segments.saturating_sub(pipe.segments),
            WindowUnit::Octets => self.window.saturating_sub(pipe.octets) / self.mss,
        }
    }

    /// New data was acknowledged outside of recovery (RFC 5681 section 3.1). A window that was not
    /// used does not grow.
    pub(crate) fn on_acknowledged(&mut self, news: News, now: Instant, round_trip: Duration) {
        let News {
            octets,
            segments,
            was_full,
        } = news;
        if !was_full {
            if let Growth::Cubic(cubic) = &mut self.growth {
                cubic.on_unused(now);
            }
            return;
        }
        if self.unit == WindowUnit::Segments {
            self.grow_by_segments(segments, now, round_trip);
            return;
        }
        if self.window < self.threshold {
            // Others than Linux count at most one segment a received ACK.
            self.window = self.window.saturating_add(octets.min(2 * self.mss));
        } else if let Growth::Cubic(cubic) = &mut self.growth {
            self.window = cubic.grown(self.window, octets, self.mss, now, round_trip);
        } else {
            self.acknowledged += octets;
            if self.acknowledged >= self.window {
                self.acknowledged -= self.window;
                self.window = self.window.saturating_add(self.mss);
            }
        }
    }

    /// The window grows with each segment up to the threshold, and from there with every so many
    /// (Linux: tcp_slow_start, tcp_cong_avoid_ai).
    fn grow_by_segments(&mut self, segments: usize, now: Instant, round_trip: Duration) {
        let mut left = segments;
        if self.window < self.threshold {
            let most = (self.threshold - self.window) / self.mss;
            let grows = segments.min(most.max(1));
            self.window = self.window.saturating_add(grows * self.mss);
            left -= grows;
            if left == 0 {
                return;
            }
        }
        let window = self.segments();
        let count = match &mut self.growth {
            Growth::Reno => window,
            Growth::CubicSegments(cubic) => cubic.count(window, left, now, self.tick),
            Growth::Cubic(cubic) => {
                let octets = left * self.mss;
                self.window = cubic.grown(self.window, octets, self.mss, now, round_trip);
                return;
            }
        };
        let mut grows = 0;
        if self.acknowledged >= count {
            self.acknowledged = 0;
            grows += 1;
        }
        self.acknowledged += left;
        grows += self.acknowledged / count;
        self.acknowledged %= count;
        self.window = self.window.saturating_add(grows * self.mss);
    }

    /// The handshake is over: the first flight begins at `next`.
    pub(crate) fn begin(&mut self, next: i64, now: Instant) {
        self.hystart.begin(next, now);
    }

    /// A round trip was measured of something that was sent once, before the window grows. `path`
    /// are SND.UNA and SND.NXT, `smoothed` is the round trip as it was known.
    pub(crate) fn on_round_trip(
        &mut self,
        round_trip: Duration,
        path: (i64, i64),
        smoothed: Duration,
        now: Instant,
    ) {
        let (ticks, a_second) = self.ticks(now);
        let Growth::CubicSegments(cubic) = &mut self.growth else {
            return;
        };
        if !cubic.on_round_trip(round_trip, ticks, a_second) || self.window >= self.threshold {
            return;
        }
        let sample = Sample {
            round_trip,
            shortest: cubic.shortest().unwrap_or(round_trip),
            unacknowledged: path.0,
            next: path.1,
            window: self.segments(),
            rate: self.rate(smoothed),
        };
        if self.hystart.ends(self.hystart_rules, sample, now) {
            self.threshold = self.window;
        }
    }

    /// How many octets a second go out, where bursts are spread over a round trip (Linux:
    /// tcp_update_pacing_rate).
    fn rate(&self, smoothed: Duration) -> u64 {
        let percent = if self.window < self.threshold / 2 {
            200
        } else {
            120
        };
        let a_hundredth = (self.window as u64).saturating_mul(1_000_000) / 100;
        a_hundredth.saturating_mul(percent) / smoothed.total_micros().max(1)
    }

    /// How many ticks have passed, and how many a second has.
    fn ticks(&self, now: Instant) -> (u64, u64) {
        let tick = self.tick.total_micros().max(1);
        (now.total_micros() as u64 / tick, 1_000_000 / tick)
    }

    /// Something is sent into a network that was empty since `since`: the time does not count.
    pub(crate) fn on_start(&mut self, since: Instant, now: Instant) {
        let ((ticks, _), (then, _)) = (self.ticks(now), self.ticks(since));
        if let Growth::CubicSegments(cubic) = &mut self.growth {
            cubic.pause(ticks - then, ticks);
        }
    }

    /// Duplicate acknowledgments or SACK blocks showed a loss (RFC 5681 section 3.2 steps 2 and 3).
    /// `inflation` is how much has left the network already.
    pub(crate) fn on_loss(&mut self, flight: usize, inflation: usize) {
        let segments = (self.window / self.mss).max(1);
        self.threshold = match &mut self.growth {
            Growth::Reno => (flight / 2).max(2 * self.mss),
            Growth::Cubic(cubic) => cubic.on_loss(flight, self.window, self.mss),
            Growth::CubicSegments(cubic) => cubic.on_loss(segments) * self.mss,
        };
        if self.unit == WindowUnit::Segments {
            self.acknowledged = 0;
        }
        self.window = self.threshold + inflation;
    }

    /// A response to congestion was needless: window and threshold are what they were, or what they
    /// have become where that is more.
    pub(crate) fn restore(&mut self, window: usize, threshold: usize) {
        self.window = self.window.max(window);
        self.threshold = self.threshold.max(threshold);
    }

    /// The window is so many segments now, one at least.
    pub(crate) fn set_segments(&mut self, segments: usize) {
        self.window = segments.max(1).saturating_mul(self.mss);
    }

    /// One more segment has left the network (step 4).
    pub(crate) fn inflate(&mut self) {
        self.window = self.window.saturating_add(self.mss);
    }

    /// A partial acknowledgment took octets out of the inflated window (RFC 6582 section 3.2 step
    /// 3).
    pub(crate) fn deflate(&mut self, acknowledged: usize) {
        let back = if acknowledged >= self.mss {
            self.mss
        } else {
            0
        };
        self.window = self.window.saturating_sub(acknowledged).max(self.mss) + back;
    }

    /// Recovery is over (step 6).
    pub(crate) fn recovered(&mut self) {
        self.window = self.threshold.max(2 * self.mss);
        self.acknowledged = 0;
    }

    /// The retransmission timer expired (RFC 5681 section 3.1, equation 4). Only the first of
    /// several expirations sets the threshold.
    pub(crate) fn on_timeout(&mut self, flight: usize, first: bool, next: i64, now: Instant) {
        let segments = (self.window / self.mss).max(1);
        if first {
            self.threshold = match &mut self.growth {
                Growth::Reno => (flight / 2).max(2 * self.mss),
                Growth::Cubic(cubic) => cubic.on_timeout(flight, self.window, self.mss),
                Growth::CubicSegments(cubic) => cubic.on_loss(segments) * self.mss,
            };
        }
        if let Growth::CubicSegments(cubic) = &mut self.growth {
            cubic.forget();
            self.hystart.begin(next, now);
        }
        self.window = self.mss;
        self.acknowledged = 0;
    }

    /// Nothing was sent for so long before new data goes out (RFC 5681 section 4.1): what the
    /// window knew of the path is old.
    pub(crate) fn after_idle(&mut self, idle: Duration, timeout: Duration) {
        if idle <= timeout || !self.limited {
            return;
        }
        let least = self.initial.min(self.window);
        match self.restart {
            Restart::Never => {}
            Restart::InitialWindow => self.window = least,
            Restart::Halve => {
                // A whole number of them is not over yet.
                let timeouts = (idle.total_micros() - 1) / timeout.total_micros().max(1);
                let halved = self.window >> timeouts.min(63);
                self.threshold = self.threshold.max(self.window / 4 * 3);
                self.window = halved.max(least);
            }
        }
        self.acknowledged = 0;
    }
}
