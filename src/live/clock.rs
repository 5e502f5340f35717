//! The time of a live run: a monotonic clock, which may be stretched.

use std::time;

use smoltcp::time::Instant;

/// How late timers were, in microseconds: a count for each power of two.
const POWERS: usize = 32;

/// The time since the begin of a run.
#[derive(Debug)]
pub struct Clock {
    began: Option<time::Instant>,
    pace: f64,
}

impl Clock {
    /// One that stands still at zero until it is started. A second of it is `pace` seconds long.
    pub fn new(pace: f64) -> Self {
        Self { began: None, pace }
    }

    /// Starts it, where it stands still.
    pub fn start(&mut self) {
        self.began.get_or_insert_with(time::Instant::now);
    }

    /// The time.
    pub fn now(&self) -> Instant {
        let Some(began) = self.began else {
            return Instant::ZERO;
        };
        let elapsed = began.elapsed().as_secs_f64() / self.pace;
        // Exact for centuries.
        Instant::from_micros((elapsed * 1e6) as i64)
    }

    /// How long it is until a moment, in real time.
    pub fn until(&self, at: Instant) -> time::Duration {
        let now = self.now();
        if at <= now {
            return time::Duration::ZERO;
        }
        let micros = (at - now).total_micros() as f64 * self.pace;
        time::Duration::from_micros(micros.ceil() as u64)
    }
}

/// How late the emulated timers of a run were.
#[derive(Clone, Debug, Default)]
pub struct Lateness {
    counts: [u64; POWERS],
}

impl Lateness {
    /// Counts a timer that was so many microseconds late.
    pub fn count(&mut self, micros: u64) {
        let power = (u64::BITS - micros.leading_zeros()) as usize;
        self.counts[power.min(POWERS - 1)] += 1;
    }

    /// How many were counted.
    pub fn timers(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Below how many microseconds this part of them was late, as a power of two. Zero where there
    /// are none.
    pub fn below(&self, part: f64) -> u64 {
        let wanted = self.timers() as f64 * part;
        let mut so_far = 0;
        for (power, count) in self.counts.iter().enumerate() {
            so_far += count;
            if so_far as f64 >= wanted && so_far > 0 {
                return 1 << power;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_told_by_its_part() {
        let mut lateness = Lateness::default();
        assert_eq!((lateness.timers(), lateness.below(0.99)), (0, 0));
        for micros in 0..100 {
            lateness.count(micros);
        }
        lateness.count(1_000_000);
        assert_eq!((lateness.timers(), lateness.below(0.5)), (101, 64));
        assert_eq!((lateness.below(0.99), lateness.below(1.0)), (128, 1 << 20));
    }

    #[test]
    fn a_clock_that_was_not_started_stands_still() {
        let mut clock = Clock::new(2.0);
        assert_eq!(clock.now(), Instant::ZERO);
        assert_eq!(
            clock.until(Instant::from_micros(5)),
            time::Duration::from_micros(10)
        );
        clock.start();
        std::thread::sleep(time::Duration::from_millis(20));
        let now = clock.now();
        assert!(now >= Instant::from_millis(10), "{now}");
    }
}
