//! All timers of a connection, visible at a glance, and the clock they run on.

use smoltcp::time::{Duration, Instant};

use crate::profile::Clock;

/// A timer of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The oldest unacknowledged segment is due again (RFC 6298).
    Retransmit,
    /// A tail loss probe is due (RFC 8985 section 7).
    TailLossProbe,
    /// A closed window, or one too small to use, is to be probed (RFC 9293 section 3.8.6.1).
    Persist,
    /// A delayed acknowledgment is due.
    Acknowledge,
    /// TIME-WAIT, or FIN-WAIT-2 without an application, is over.
    Linger,
    /// An idle connection is to be probed (RFC 9293 section 3.8.4).
    KeepAlive,
    /// The handshake has taken too long.
    Handshake,
    /// Data has waited for earlier data for too long.
    Gap,
    /// Segments that others have overtaken count as lost (RFC 8985 section 6.2 step 5).
    Reordering,
}

const TIMERS: usize = 9;

/// Where a timer stands that does not run: behind everything that ever happens.
const NEVER: Instant = Instant::from_micros_const(i64::MAX);

/// When each timer expires; [`NEVER`] where it does not run. What is first is asked for behind
/// every segment.
#[derive(Clone, Debug)]
pub(crate) struct Timers([Instant; TIMERS]);

impl Default for Timers {
    fn default() -> Self {
        Self([NEVER; TIMERS])
    }
}

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = at;
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = NEVER;
    }

    pub(crate) fn at(&self, timer: Timer) -> Option<Instant> {
        running(self.0[timer as usize])
    }

    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.at(timer).is_some()
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        running(self.0.into_iter().fold(NEVER, Instant::min))
    }

    /// Stops a timer that has expired and says whether it had.
    pub(crate) fn take_expired(&mut self, timer: Timer, now: Instant) -> bool {
        let expired = self.at(timer).is_some_and(|at| at <= now);
        if expired {
            self.stop(timer);
        }
        expired
    }
}

/// When a timer expires, if it runs.
fn running(at: Instant) -> Option<Instant> {
    (at != NEVER).then_some(at)
}

/// Slots a level of the timer wheel.
const LEVEL_SLOTS: i64 = 64;
/// Each level is this many binary places coarser than the one below.
const LEVEL_SHIFT: u32 = 3;
const LEVELS: u32 = 9;

/// The ticks of [`Clock::HalfSeconds`] that a delay is counted in, in microseconds.
fn coarse_tick(delay: Duration) -> u64 {
    if delay < Duration::from_millis(500) {
        250_000
    } else {
        500_000
    }
}

impl Clock {
    /// The ticks of a timer wheel in microseconds; none: the clock has no wheel.
    const fn wheel_tick(self) -> Option<i64> {
        match self {
            Self::Wheel100 => Some(10_000),
            Self::Wheel250 => Some(4_000),
            Self::Wheel1000 => Some(1_000),
            Self::Exact | Self::HalfSeconds => None,
        }
    }

    /// A duration as the clock counts it: in whole ticks, rounded up.
    pub(crate) fn in_ticks(self, duration: Duration) -> Duration {
        let tick = match (self, self.wheel_tick()) {
            (_, Some(tick)) => tick as u64,
            (Self::HalfSeconds, None) => coarse_tick(duration),
            (_, None) => return duration,
        };
        Duration::from_micros(duration.total_micros().div_ceil(tick) * tick)
    }

    /// A duration in whole ticks, rounded down.
    pub(crate) fn whole_ticks(self, duration: Duration) -> Duration {
        match self.wheel_tick() {
            Some(tick) => {
                Duration::from_micros(duration.total_micros() / tick as u64 * tick as u64)
            }
            None => duration,
        }
    }

    /// When a timer set at `now` for `delay` really expires.
    pub fn expiry(self, now: Instant, delay: Duration) -> Instant {
        match (self, self.wheel_tick()) {
            (_, Some(tick)) => wheel_expiry(now, delay, tick),
            (Self::HalfSeconds, None) => {
                let passed = now.total_micros() as u64 % coarse_tick(delay);
                now + self.in_ticks(delay) - Duration::from_micros(passed)
            }
            (_, None) => now + delay,
        }
    }
}

/// When a timer of Linux's wheel expires. The wheel never fires early: the expiry is rounded up to
/// the next slot of the level that the delay falls into.
fn wheel_expiry(now: Instant, delay: Duration, tick: i64) -> Instant {
    let started = now.total_micros() / tick;
    let ticks = delay.total_micros().div_ceil(tick as u64) as i64;
    let level = (0..LEVELS)
        .find(|level| ticks < (LEVEL_SLOTS - 1) << (LEVEL_SHIFT * level))
        .unwrap_or(LEVELS - 1);
    let shift = LEVEL_SHIFT * level;
    let expires = (((started + ticks) >> shift) + 1) << shift;
    Instant::from_micros(expires * tick)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ticks of 250 a second, in microseconds.
    const TICK: i64 = 4_000;

    #[test]
    fn a_delay_of_forty_milliseconds_ends_with_a_tick() {
        // Captured: 36 to 44 ms at 250 ticks a second, 50 and 51 at 100.
        let rows = [
            (Clock::Wheel100, 0, 50),
            (Clock::Wheel100, 9, 41),
            (Clock::Wheel250, 0, 44),
            (Clock::Wheel250, 3, 41),
            (Clock::Wheel1000, 0, 41),
            (Clock::Exact, 0, 40),
        ];
        for (clock, begun, expected) in rows {
            let now = Instant::from_millis(begun);
            let waited = clock.expiry(now, Duration::from_millis(40)) - now;
            assert_eq!(waited.total_millis(), expected, "{clock:?} {begun}");
        }
    }

    #[test]
    fn the_wheel_is_late_as_measured() {
        // A delay of 120 s from a slot boundary ends 120.832 s later, as in the measured
        // retransmissions.
        let boundary = Instant::from_micros(512 * TICK * 100);
        let expiry = Clock::Wheel250.expiry(boundary, Duration::from_secs(120));
        assert_eq!((expiry - boundary).total_millis(), 120_832);
        // The measured steps of the doubling timeout: 106.496 s and 53.248 s.
        for (delay, measured) in [(104_448, 106_496), (52_224, 53_248)] {
            let expiry = Clock::Wheel250.expiry(boundary, Duration::from_millis(delay));
            assert_eq!((expiry - boundary).total_millis(), measured);
        }
        let exact = Clock::Exact.expiry(boundary, Duration::from_micros(1));
        assert_eq!((exact - boundary).total_micros(), 1);
    }

    #[test]
    fn coarse_ticks_have_begun_before_a_timer_is_set() {
        let millis = Duration::from_millis;
        let rows = [
            (0, 1500, 1500),
            (1, 1500, 1500),
            (499, 1500, 1500),
            (500, 1500, 2000),
            (700, 1600, 2500),
            // The faster ticks.
            (0, 250, 250),
            (249, 250, 250),
            (250, 250, 500),
        ];
        for (now, delay, expected) in rows {
            let expiry = Clock::HalfSeconds.expiry(Instant::from_millis(now), millis(delay));
            assert_eq!(expiry.total_millis(), expected, "{now} {delay}");
        }
    }

    #[test]
    fn timers_expire_once() {
        let mut timers = Timers::default();
        let at = Instant::from_millis(5);
        timers.set(Timer::Persist, at);
        assert_eq!(timers.next(), Some(at));
        assert!(!timers.take_expired(Timer::Persist, Instant::from_millis(4)));
        assert!(timers.take_expired(Timer::Persist, at));
        assert!(!timers.take_expired(Timer::Persist, at));
        assert_eq!(timers.next(), None);
    }
}
