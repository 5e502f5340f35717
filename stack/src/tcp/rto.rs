//! The retransmission timeout (RFC 6298).

use smoltcp::time::Duration;

use crate::profile::{MinBounds, RtoRules};

/// The round-trip estimate and the timeout that follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Rto {
    rules: RtoRules,
    estimate: Option<Estimate>,
    /// The shortest measured round trip.
    least: Duration,
    /// Doublings since the last acknowledgment of new data.
    backoff: u32,
    /// Whether the handshake is over.
    established: bool,
    /// The timeout that follows: each segment asks for it.
    timeout: Duration,
}

/// A round-trip time that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoundTrip {
    /// Of the first segment of which something was heard, and so with what its receiver waited.
    pub(crate) of_oldest: Duration,
    /// Of the last one.
    pub(crate) of_newest: Duration,
}

impl RoundTrip {
    /// One that a timestamp shows.
    pub(crate) fn of_both(time: Duration) -> Self {
        Self {
            of_oldest: time,
            of_newest: time,
        }
    }
}

/// What is known of the round trip, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    /// SRTT, times eight.
    smoothed: u64,
    /// RTTVAR, times four: the smoothed deviation (Linux: mdev).
    deviation: u64,
    /// The most that four times the deviation has been lately, where the timeout follows that
    /// (Linux: rttvar).
    highest: u64,
    /// The same since the last flight began (Linux: mdev_max).
    highest_of_flight: u64,
    /// SND.NXT when it began (Linux: rtt_seq).
    flight_end: i64,
}

/// RFC 6298 rule 5.7.
const UNMEASURED_LEAST: Duration = Duration::from_secs(3);

/// More doublings than any timeout can take before it reaches its most.
const BACKOFF_LIMIT: u32 = 30;

impl Rto {
    pub(crate) fn new(rules: RtoRules) -> Self {
        let mut rto = Self {
            rules,
            estimate: None,
            least: Duration::MAX,
            backoff: 0,
            established: false,
            timeout: Duration::ZERO,
        };
        rto.follow();
        rto
    }

    /// Has the timeout follow what has changed.
    fn follow(&mut self) {
        let doublings = self.backoff.min(self.rules.doublings).min(BACKOFF_LIMIT);
        let doubled = self.base().total_micros().saturating_mul(1 << doublings);
        let micros = doubled.saturating_add(self.slop().total_micros());
        self.timeout = Duration::from_micros(micros.min(self.rules.max.total_micros()));
    }

    /// What is timed first is a SYN-ACK.
    pub(crate) fn answer_first(&mut self) {
        self.rules.initial = self.rules.initial_syn_ack;
        self.follow();
    }

    /// Takes a measured round-trip time of a segment that was not retransmitted (Karn's algorithm).
    /// Only a measurement undoes the doublings (RFC 6298 section 5): an acknowledgment of what was
    /// sent twice does not say that the network has become faster. `path` is SND.UNA and SND.NXT.
    pub(crate) fn measure(&mut self, round_trip: RoundTrip, path: (i64, i64)) {
        self.backoff = 0;
        self.least = self.least.min(round_trip.of_newest);
        let sample = round_trip.of_oldest.total_micros();
        let mut estimate = match self.estimate {
            None => Estimate::first(sample),
            Some(estimate) => estimate.with(sample, self.rules.min_bounds),
        };
        if self.rules.min_bounds == MinBounds::Variance {
            estimate.follow_highest(self.rules.min.total_micros(), path);
        }
        self.estimate = Some(estimate);
        self.follow();
    }

    /// RFC 6298 rule 5.5: back off the timer.
    pub(crate) fn back_off(&mut self) {
        self.backoff = (self.backoff + 1).min(BACKOFF_LIMIT);
        self.follow();
    }

    /// The handshake is over. Where nothing could be measured, because the SYN was sent more than
    /// once, the timeout begins anew and at three seconds at least (RFC 6298 rule 5.7).
    pub(crate) fn on_established(&mut self) {
        self.established = true;
        if self.estimate.is_none() {
            self.backoff = 0;
            self.rules.initial = self.rules.initial.max(UNMEASURED_LEAST);
        }
        self.follow();
    }

    /// The peer has opened its window: what was probed with growing pauses goes on as before.
    pub(crate) fn reset_backoff(&mut self) {
        self.backoff = 0;
        self.follow();
    }

    /// How often the timeout has doubled.
    pub(crate) fn doublings(&self) -> u32 {
        self.backoff
    }

    /// The smoothed round-trip time.
    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.estimate
            .map(|it| Duration::from_micros(it.smoothed / 8))
    }

    /// The smoothed deviation of the round-trip time (RTTVAR).
    pub(crate) fn deviation(&self) -> Option<Duration> {
        self.estimate
            .map(|it| Duration::from_micros(it.deviation / 4))
    }

    /// The shortest round-trip time so far; meaningless before one was measured.
    pub(crate) fn least(&self) -> Duration {
        self.least
    }

    /// The timeout without its doublings.
    pub(crate) fn base(&self) -> Duration {
        let near = |it: Duration| it <= self.rules.near;
        let min = match self.smoothed().is_some_and(near) && self.rules.near > Duration::ZERO {
            true => self.rules.near_min.total_micros(),
            false => self.rules.min.total_micros(),
        };
        let micros = match self.estimate {
            None => self.rules.initial.total_micros(),
            Some(it) if self.is_mistrusted() => (it.smoothed / 32 + it.deviation).max(min),
            Some(it) => match self.rules.min_bounds {
                MinBounds::Timeout => (it.smoothed / 8 + it.deviation).max(min),
                MinBounds::Variance => it.smoothed / 8 + it.highest,
            },
        };
        let timeout = Duration::from_micros(micros.min(self.rules.max.total_micros()));
        self.rules.clock.in_ticks(timeout)
    }

    /// Whether so many timeouts came in a row that the round trip is not believed any more.
    fn is_mistrusted(&self) -> bool {
        let after = self.rules.mistrusted_after;
        after > 0 && self.backoff > after
    }

    /// The timeout.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long a closed window waits for its next probe.
    pub(crate) fn probe_timeout(&self) -> Duration {
        let (least, most) = (self.rules.probe_min, self.rules.probe_max);
        (self.timeout() - self.slop()).max(least).min(most)
    }

    /// Whether the doublings have brought the wait between two probes to the longest there is.
    pub(crate) fn backs_off_to_most(&self) -> bool {
        self.probe_timeout() >= self.rules.probe_max
    }

    /// What is added to the timeout as it is now.
    fn slop(&self) -> Duration {
        let handshake = self.backoff > 0 && self.rules.slop_in_handshake;
        if self.established || handshake {
            self.rules.slop
        } else {
            Duration::ZERO
        }
    }

    /// How long `retransmissions` take from the least timeout on, doubling: Linux's deadline.
    pub(crate) fn modelled(&self, retransmissions: u32) -> Duration {
        let (min, max) = (self.rules.min.total_micros(), self.rules.max.total_micros());
        let steps = (0..=retransmissions.min(255))
            .map(|step| min.saturating_mul(1 << step.min(BACKOFF_LIMIT)).min(max));
        Duration::from_micros(steps.sum())
    }
}

impl Estimate {
    /// RFC 6298 rule 2.2: SRTT <- R, RTTVAR <- R/2.
    fn first(sample: u64) -> Self {
        Self {
            smoothed: sample * 8,
            deviation: sample * 2,
            highest: 0,
            highest_of_flight: 0,
            flight_end: i64::MIN,
        }
    }

    /// RFC 6298 rule 2.3, with alpha = 1/8 and beta = 1/4.
    fn with(self, sample: u64, bounds: MinBounds) -> Self {
        let error = sample.abs_diff(self.smoothed / 8);
        let is_longer = sample >= self.smoothed / 8;
        let smoothed = self.smoothed - self.smoothed / 8 + sample;
        let known = self.deviation / 4;
        let more = match bounds {
            // One that is shorter by much is no reason to wait longer.
            MinBounds::Variance if !is_longer && error > known => (error - known) / 8 + known,
            MinBounds::Variance | MinBounds::Timeout => error,
        };
        Self {
            smoothed: smoothed.max(1),
            deviation: self.deviation - known + more,
            ..self
        }
    }

    /// The highest deviation of a flight is kept, and falls by a quarter of what it is too high in
    /// each (Linux: tcp_rtt_estimator). It does not fall below `least`.
    fn follow_highest(&mut self, least: u64, (unacknowledged, next): (i64, i64)) {
        let is_first = self.flight_end == i64::MIN;
        if is_first || self.deviation > self.highest_of_flight {
            self.highest_of_flight = self.deviation.max(if is_first { least } else { 0 });
            self.highest = self.highest.max(self.highest_of_flight);
        }
        if is_first {
            self.flight_end = next;
        } else if unacknowledged > self.flight_end {
            self.highest -= self.highest.saturating_sub(self.highest_of_flight) / 4;
            self.flight_end = next;
            self.highest_of_flight = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    /// Measures a round trip of a lone segment.
    fn measure(rto: &mut Rto, round_trip: Duration) {
        rto.measure(RoundTrip::of_both(round_trip), (2, 2));
    }

    fn rto(profile: &str) -> Rto {
        Rto::new(Profile::built_in(profile).unwrap().rto)
    }

    #[test]
    fn timeouts_follow_the_measurements() {
        let mut linux = rto("linux");
        assert_eq!(linux.timeout().total_millis(), 1000, "before a measurement");
        measure(&mut linux, Duration::from_millis(20));
        assert_eq!(
            linux.timeout().total_millis(),
            220,
            "the floor is under the variance"
        );
        linux.back_off();
        assert_eq!(linux.timeout().total_millis(), 440);
        (0..20).for_each(|_| linux.back_off());
        assert_eq!(linux.timeout().total_millis(), 120_000);
        linux.reset_backoff();
        assert_eq!(linux.timeout().total_millis(), 220);

        let mut netbsd = rto("netbsd");
        measure(&mut netbsd, Duration::from_millis(20));
        assert_eq!(
            netbsd.timeout().total_millis(),
            1000,
            "the floor is under the timeout"
        );
        (0..20).for_each(|_| measure(&mut netbsd, Duration::from_millis(1400)));
        assert!(netbsd.timeout().total_millis() > 1380);
    }

    #[test]
    fn a_peer_that_is_near_has_a_least_of_its_own() {
        let mut rules = Profile::built_in("windows").unwrap().rto;
        rules.near = Duration::from_millis(10);
        // (milliseconds of round trips, the timeout, the same where nobody is near)
        let rows = [(1, 20, 300), (8, 24, 300), (11, 300, 300), (150, 450, 450)];
        for (round_trip, near, far) in rows {
            let timeout = |rules| {
                let mut rto = Rto::new(rules);
                measure(&mut rto, Duration::from_millis(round_trip));
                rto.timeout().total_millis()
            };
            assert_eq!(timeout(rules), near, "{round_trip}");
            let nobody = RtoRules {
                near: Duration::ZERO,
                ..rules
            };
            assert_eq!(timeout(nobody), far, "{round_trip}");
        }
    }

    #[test]
    fn what_is_added_is_not_doubled_and_doubling_has_an_end() {
        // The timeouts of a handshake, and those behind a round trip of a millisecond, in
        // milliseconds.
        let rows: [(&str, [u64; 5], [u64; 8]); 4] = [
            (
                "linux",
                [1000, 2000, 4000, 8000, 16_000],
                [204, 408, 816, 1632, 3264, 6528, 13_056, 26_112],
            ),
            (
                "freebsd",
                [1000, 2200, 4200, 8200, 16_200],
                [230, 260, 320, 440, 680, 1160, 2120, 4040],
            ),
            (
                "macos",
                [1000, 2000, 4000, 8000, 16_000],
                [230, 260, 320, 440, 680, 1160, 2120, 2120],
            ),
            (
                "lwip",
                [3000, 6000, 12_000, 24_000, 48_000],
                [1500, 3000, 6000, 12_000, 24_000, 48_000, 96_000, 192_000],
            ),
        ];
        for (profile, handshake, data) in rows {
            let mut rto = rto(profile);
            let next = |rto: &mut Rto| {
                let timeout = rto.timeout().total_millis();
                rto.back_off();
                timeout
            };
            assert_eq!(handshake.map(|_| next(&mut rto)), handshake, "{profile}");
            measure(&mut rto, Duration::from_millis(1));
            rto.on_established();
            assert_eq!(data.map(|_| next(&mut rto)), data, "{profile}");
        }
    }

    #[test]
    fn a_round_trip_is_not_believed_for_ever() {
        // Captured of a Mac whose SYN was answered after 57 ms: how long after each transmission
        // the next came, in milliseconds.
        let captured = [376, 548, 899, 1618, 2943, 4301, 8417, 8419, 8424];
        let mut rto = rto("macos");
        measure(&mut rto, Duration::from_micros(57_172));
        rto.on_established();
        for expected in captured {
            let timeout = rto.timeout().total_millis();
            assert!(
                timeout.abs_diff(expected) * 20 < expected,
                "{timeout} {expected}"
            );
            rto.back_off();
        }
    }

    #[test]
    fn probes_of_a_closed_window_have_bounds_of_their_own() {
        // In milliseconds, behind a round trip of a millisecond.
        let rows = [
            ("linux", [204, 408, 816, 1632, 3264, 6528, 13_056]),
            ("freebsd", [5000, 5000, 5000, 5000, 5000, 5000, 5000]),
            ("netbsd", [5000, 5000, 5000, 8000, 16_000, 32_000, 60_000]),
            ("lwip", [1500, 3000, 6000, 12_000, 24_000, 48_000, 60_000]),
        ];
        for (profile, expected) in rows {
            let mut rto = rto(profile);
            measure(&mut rto, Duration::from_millis(1));
            rto.on_established();
            let found = expected.map(|_| {
                let timeout = rto.probe_timeout().total_millis();
                rto.back_off();
                timeout
            });
            assert_eq!(found, expected, "{profile}");
        }
    }

    #[test]
    fn fifteen_retransmissions_are_a_deadline_of_924_6_seconds() {
        assert_eq!(rto("linux").modelled(15).total_millis(), 924_600);
    }
}
