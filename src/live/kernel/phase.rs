//! Where in a tick of the kernel's timers a run begins.
//!
//! The timers of TCP expire on ticks, so that the same script sees the same timer sooner or later
//! by a tick, as it begins early or late in one. Left to chance, a script that holds in one part of
//! the tick alone holds now and then. The attempts at a script begin in different parts, which lie
//! as evenly in the tick as any number of them can.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

use super::busy::Busy;

/// The golden ratio's part behind the point: its multiples, taken modulo one, leave no large gap.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// What is left of a wait is not slept: a sleep ends as late as this.
const SPUN: Duration = Duration::from_micros(150);

/// How far apart the ticks are.
pub fn tick() -> Duration {
    span(clock_getres(ClockId::MonotonicCoarse))
}

/// Waits for the moment in a tick at which an attempt begins, counted from zero. What keeps
/// processors busy meanwhile begins before.
pub(super) fn wait(attempt: usize) -> Busy {
    let busy = Busy::of_attempt(attempt);
    let tick = tick();
    // The coarse clock shows when the last tick was (clock_gettime(2)).
    let last = span(clock_gettime(ClockId::MonotonicCoarse));
    let now = span(clock_gettime(ClockId::Monotonic));
    let begin = last + tick * 2 + tick.mul_f64(share(attempt));
    let until = Instant::now() + begin.saturating_sub(now);
    std::thread::sleep(begin.saturating_sub(now + SPUN));
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    busy
}

/// Which part of the tick is over when an attempt begins.
fn share(attempt: usize) -> f64 {
    (attempt as f64 * GOLDEN).fract()
}

fn span(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_lie_evenly_in_a_tick() {
        for attempts in [5, 16, 40] {
            let mut all: Vec<f64> = (0..attempts).map(share).collect();
            all.sort_by(f64::total_cmp);
            let gaps = all.iter().zip(all.iter().skip(1).chain(&[1.0]));
            let widest = gaps.map(|(a, b)| b - a).fold(0.0, f64::max);
            assert!(widest < 2.0 / attempts as f64, "{attempts}: {widest}");
        }
    }
}
