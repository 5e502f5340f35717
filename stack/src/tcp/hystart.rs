//! HyStart: slow start ends where acknowledgments of one round trip come for longer than half of
//! the shortest round trip, or where the round trip has grown (Linux: hystart_update).

use smoltcp::time::{Duration, Instant};

use crate::profile::HyStartRules;

/// How many round trips of a flight are looked at before their least is believed.
const SAMPLES: u32 = 8;
/// By how much a round trip may be longer: an eighth, within these bounds.
const LONGER_LEAST: Duration = Duration::from_millis(4);
const LONGER_MOST: Duration = Duration::from_millis(16);
/// What bursts may add to the time in which a flight is acknowledged, at most.
const CUSHION_MOST: u64 = 1000;
/// How many of the largest bursts that is (hystart_ack_delay).
const CUSHION_BURSTS: u64 = 4;
/// The most octets of a burst (sk_gso_max_size).
const BURST: u64 = 65_536 - 321;

/// What is known of the flight that is being acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct HyStart {
    /// Whether it has ended slow start.
    found: bool,
    began: Instant,
    /// Behind the last octet of the flight.
    end: i64,
    /// When an acknowledgment came last that followed the one before closely.
    last: Instant,
    /// The least round trip of the flight, and how many there were.
    least: Option<Duration>,
    samples: u32,
}

/// A round trip, and what is known of the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) round_trip: Duration,
    /// The shortest so far.
    pub(super) shortest: Duration,
    /// SND.UNA and SND.NXT.
    pub(super) unacknowledged: i64,
    pub(super) next: i64,
    /// The congestion window, in segments.
    pub(super) window: usize,
    /// How many octets go out in a second; zero: nobody knows.
    pub(super) rate: u64,
}

impl Default for HyStart {
    fn default() -> Self {
        Self {
            found: false,
            began: Instant::ZERO,
            end: 0,
            last: Instant::ZERO,
            least: None,
            samples: 0,
        }
    }
}

impl HyStart {
    /// A connection begins, or all that was known of it is forgotten.
    pub(super) fn begin(&mut self, next: i64, now: Instant) {
        self.found = false;
        self.begin_flight(next, now);
    }

    fn begin_flight(&mut self, next: i64, now: Instant) {
        *self = Self {
            found: self.found,
            began: now,
            end: next,
            last: now,
            least: None,
            samples: 0,
        };
    }

    /// A round trip was measured in slow start. Returns whether slow start ends.
    pub(super) fn ends(&mut self, rules: HyStartRules, sample: Sample, now: Instant) -> bool {
        if self.found || !(rules.train || rules.delay) {
            return false;
        }
        if sample.unacknowledged > self.end {
            self.begin_flight(sample.next, now);
        }
        if sample.window < rules.window_least {
            return false;
        }
        let train = rules.train && self.is_train(rules.spacing, sample, now);
        let delay = rules.delay && self.is_longer(sample);
        self.found = train || delay;
        self.found
    }

    /// Whether acknowledgments that follow each other closely have come for so long that the path
    /// is full.
    fn is_train(&mut self, spacing: Duration, sample: Sample, now: Instant) -> bool {
        if now - self.last > spacing {
            return false;
        }
        self.last = now;
        let cushion = (BURST * CUSHION_BURSTS * 1_000_000)
            .checked_div(sample.rate)
            .map_or(0, |cushion| cushion.min(CUSHION_MOST));
        let threshold = (sample.shortest.total_micros() + cushion) / 2;
        (now - self.began).total_micros() > threshold
    }

    fn is_longer(&mut self, sample: Sample) -> bool {
        let least = self
            .least
            .map_or(sample.round_trip, |least| least.min(sample.round_trip));
        self.least = Some(least);
        if self.samples < SAMPLES {
            self.samples += 1;
            return false;
        }
        let longer = (sample.shortest / 8).clamp(LONGER_LEAST, LONGER_MOST);
        least > sample.shortest + longer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: HyStartRules = HyStartRules {
        train: true,
        delay: true,
        window_least: 16,
        spacing: Duration::from_millis(2),
    };

    /// After how many acknowledgments, `every` so many microseconds, slow start ends; 100 octets
    /// each, with such a round trip where the shortest was 20 ms.
    fn ends_after(every: u64, round_trip_ms: u64, window: usize) -> Option<i64> {
        let mut hystart = HyStart::default();
        hystart.begin(1, Instant::ZERO);
        (1..50).find(|&count| {
            let sample = Sample {
                round_trip: Duration::from_millis(round_trip_ms),
                shortest: Duration::from_millis(20),
                unacknowledged: 1 + count * 100,
                next: 10_001,
                window,
                rate: 0,
            };
            let now = Instant::from_secs(1) + Duration::from_micros(every) * count as u32;
            hystart.ends(RULES, sample, now)
        })
    }

    #[test]
    fn what_ends_slow_start() {
        // (microseconds between acknowledgments, round trip in milliseconds, the window, after how
        // many)
        let rows = [
            (0, 20, 20, None),
            (1000, 20, 20, Some(12)),
            (1000, 20, 15, None),
            (2001, 20, 20, None),
            (0, 24, 20, None),
            (0, 25, 20, Some(9)),
            (2001, 25, 20, Some(9)),
        ];
        for (every, round_trip, window, expected) in rows {
            let found = ends_after(every, round_trip, window);
            assert_eq!(found, expected, "{every} {round_trip} {window}");
        }
    }
}
