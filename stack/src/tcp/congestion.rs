//! The congestion window (RFC 5681), counted in octets or in segments.

use smoltcp::time::{Duration, Instant};

use super::cubic::Cubic;
use crate::profile::{Algorithm, Restart, SendRules, WindowUnit};

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
    /// Where CUBIC is what makes the window grow.
    cubic: Option<Cubic>,
    /// Whether there is congestion control at all.
    limited: bool,
}

/// What makes the window grow; none: Reno does.
fn growth(algorithm: Algorithm) -> Option<Cubic> {
    match algorithm {
        Algorithm::Reno => None,
        Algorithm::Cubic => Some(Cubic::default()),
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
            cubic: growth(rules.congestion),
            limited: rules.initial_window > 0,
        }
    }

    /// The path takes segments of so many octets from now on. A window that is counted in segments
    /// keeps their number.
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
        self.cubic = growth(algorithm);
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
            WindowUnit::Segments => pipe.segments < (self.window / self.mss).max(1),
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

    /// How many full segments may be sent while `pipe` is in the network.
    pub(crate) fn free_segments(&self, pipe: Pipe) -> usize {
        if !self.limited {
            return usize::MAX;
        }
        match self.unit {
            WindowUnit::Segments => (self.window / self.mss)
                .max(1)
                .saturating_sub(pipe.segments),
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
            if let Some(cubic) = &mut self.cubic {
                cubic.on_unused(now);
            }
            return;
        }
        let octets = match self.unit {
            WindowUnit::Segments => segments * self.mss,
            WindowUnit::Octets => octets,
        };
        if self.window < self.threshold {
            // Linux counts each acknowledged segment, others at most one a received ACK.
            let most = match self.unit {
                WindowUnit::Segments => octets,
                WindowUnit::Octets => octets.min(2 * self.mss),
            };
            self.window = self.window.saturating_add(most);
        } else if let Some(cubic) = &mut self.cubic {
            self.window = cubic.grown(self.window, octets, self.mss, now, round_trip);
        } else {
            self.acknowledged += octets;
            if self.acknowledged >= self.window {
                self.acknowledged -= self.window;
                self.window = self.window.saturating_add(self.mss);
            }
        }
    }

    /// Duplicate acknowledgments or SACK blocks showed a loss (RFC 5681 section 3.2 steps 2 and 3).
    /// `inflation` is how much has left the network already.
    pub(crate) fn on_loss(&mut self, flight: usize, inflation: usize) {
        self.threshold = match &mut self.cubic {
            None => (flight / 2).max(2 * self.mss),
            Some(cubic) => cubic.on_loss(flight, self.window, self.mss),
        };
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
    pub(crate) fn on_timeout(&mut self, flight: usize, first: bool) {
        if first {
            self.threshold = match &mut self.cubic {
                None => (flight / 2).max(2 * self.mss),
                Some(cubic) => cubic.on_timeout(flight, self.window, self.mss),
            };
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
                let timeouts = idle.total_micros() / timeout.total_micros().max(1);
                let halved = self.window >> timeouts.min(63);
                self.threshold = self.threshold.max(self.window / 4 * 3);
                self.window = halved.max(least);
            }
        }
        self.acknowledged = 0;
    }
}
