//! CUBIC as Linux counts it (tcp_cubic.c): in segments and ticks, with a look at the curve at each
//! change of the window and else 32 times a second at most.

use smoltcp::time::{Duration, Instant};

use super::cubic::cube_root;

/// What a loss leaves of the window, in parts of 1024 (module parameter `beta`).
const BETA: usize = 717;
const BETA_SCALE: usize = 1024;
/// How many acknowledged segments earn one segment of what Reno would have, in eighths of the
/// window: 8 (1 + beta) / 3 (1 - beta).
const RENO_EIGHTHS: usize = 15;
/// C in parts of 1024, times ten (module parameter `bic_scale`).
const SCALE: u64 = 410;
/// Ticks of the curve, as a power of two of a second.
const CURVE_SHIFT: u32 = 10;
/// How often a second the curve is looked at, where the window stays.
const LOOKS: u64 = 32;
/// A window grows by at most a segment for so many that are acknowledged.
const LEAST_COUNT: usize = 2;
/// Before any loss it grows by one for so many at least.
const COUNT_WITHOUT_LOSS: usize = 20;

/// What is remembered between losses.
#[derive(Clone, Debug, Default)]
pub(super) struct CubicSegments {
    /// How many acknowledged segments let the window grow by one (cnt).
    count: usize,
    /// The window before the last loss; zero: none is known.
    last_most: usize,
    /// The window and the tick when the curve was looked at last.
    last_window: usize,
    last_tick: Option<u64>,
    epoch: Option<Epoch>,
    /// What was acknowledged since Reno's window grew last.
    acknowledged: usize,
    /// Reno's window.
    reno: usize,
    /// The shortest round trip.
    shortest: Option<Duration>,
}

/// A stage of congestion avoidance.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    /// The tick when it began.
    began: u64,
    /// The window that the curve comes back to, and when, in ticks of the curve (K).
    origin: usize,
    until_origin: u64,
}

impl CubicSegments {
    /// A loss was seen. Returns the new threshold.
    pub(super) fn on_loss(&mut self, window: usize) -> usize {
        self.epoch = None;
        self.last_most = if window < self.last_most {
            window * (BETA_SCALE + BETA) / (2 * BETA_SCALE)
        } else {
            window
        };
        (window * BETA / BETA_SCALE).max(2)
    }

    /// The timer has expired: nothing is known of the path any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Nothing was sent for so many ticks: they do not count.
    pub(super) fn pause(&mut self, ticks: u64, now: u64) {
        if let Some(epoch) = &mut self.epoch {
            epoch.began = (epoch.began + ticks).min(now);
        }
    }

    pub(super) fn shortest(&self) -> Option<Duration> {
        self.shortest
    }

    /// A round trip was measured. Returns whether it counts: not in the first second of a stage.
    pub(super) fn on_round_trip(&mut self, sample: Duration, now: u64, a_second: u64) -> bool {
        if self.epoch.is_some_and(|it| now < it.began + a_second) {
            return false;
        }
        let sample = sample.max(Duration::from_micros(1));
        self.shortest = Some(self.shortest.map_or(sample, |it| it.min(sample)));
        true
    }

    /// For how many acknowledged segments the window grows by one, where `acknowledged` more are.
    pub(super) fn count(
        &mut self,
        window: usize,
        acknowledged: usize,
        now: Instant,
        tick: Duration,
    ) -> usize {
        let tick = tick.total_micros().max(1);
        let ticks = now.total_micros() as u64 / tick;
        let a_second = 1_000_000 / tick;
        self.acknowledged += acknowledged;
        let since = self.last_tick.map(|last| ticks - last);
        if self.last_window == window && since.is_some_and(|since| since <= a_second / LOOKS) {
            return self.count;
        }
        if self.epoch.is_none() || since != Some(0) {
            self.last_window = window;
            self.last_tick = Some(ticks);
            self.look(window, acknowledged, ticks, a_second);
        }
        self.compare_reno(window);
        self.count = self.count.max(LEAST_COUNT);
        self.count
    }

    fn look(&mut self, window: usize, acknowledged: usize, ticks: u64, a_second: u64) {
        let last_most = self.last_most;
        if self.epoch.is_none() {
            self.acknowledged = acknowledged;
            self.reno = window;
        }
        let epoch = *self
            .epoch
            .get_or_insert_with(|| Epoch::begin(window, last_most, ticks));
        let micros = self.shortest.map_or(0, |it| it.total_micros());
        let shortest = (micros * a_second).div_ceil(1_000_000);
        let elapsed = ((ticks - epoch.began + shortest) << CURVE_SHIFT) / a_second;
        let target = epoch.target(elapsed);
        self.count = match target.checked_sub(window) {
            Some(above) if above > 0 => window / above,
            Some(_) | None => 100 * window,
        };
        if last_most == 0 {
            self.count = self.count.min(COUNT_WITHOUT_LOSS);
        }
    }

    /// It grows as fast as Reno at least.
    fn compare_reno(&mut self, window: usize) {
        let each = window * RENO_EIGHTHS / 8;
        while each > 0 && self.acknowledged > each {
            self.acknowledged -= each;
            self.reno += 1;
        }
        if self.reno > window {
            self.count = self.count.min(window / (self.reno - window));
        }
    }
}

impl Epoch {
    fn begin(window: usize, last_most: usize, ticks: u64) -> Self {
        let below = last_most.saturating_sub(window) as u128;
        let cubed = below * (1 << (10 + 3 * CURVE_SHIFT)) / u128::from(SCALE);
        Self {
            began: ticks,
            origin: last_most.max(window),
            until_origin: cube_root(cubed),
        }
    }

    /// Where the curve is.
    fn target(self, elapsed: u64) -> usize {
        let distance = u128::from(elapsed.abs_diff(self.until_origin));
        let moved = (u128::from(SCALE) * distance.pow(3)) >> (10 + 3 * CURVE_SHIFT);
        let moved = usize::try_from(moved).unwrap_or(usize::MAX);
        if elapsed < self.until_origin {
            self.origin.saturating_sub(moved)
        } else {
            self.origin.saturating_add(moved)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(4);

    fn at(millis: i64) -> Instant {
        Instant::from_millis(1_000_000 + millis)
    }

    #[test]
    fn without_a_loss_a_window_grows_by_a_twentieth_of_what_is_acknowledged() {
        let mut cubic = CubicSegments::default();
        assert_eq!(cubic.count(7, 1, at(0), TICK), 20);
    }

    #[test]
    fn the_curve_is_looked_at_now_and_then() {
        // The curve goes up by seven segments in 32 ms. (milliseconds since the stage began, the
        // window, the count)
        let rows = [(0, 10, 10), (28, 10, 10), (32, 10, 2), (33, 11, 2)];
        let mut cubic = CubicSegments::default();
        assert_eq!(cubic.on_loss(1000), 700);
        for (millis, window, expected) in rows {
            let found = cubic.count(window, 1, at(millis), TICK);
            assert_eq!(found, expected, "{millis} {window}");
        }
    }

    #[test]
    fn a_second_loss_gives_way_and_a_timeout_forgets() {
        let mut cubic = CubicSegments::default();
        cubic.on_loss(100);
        cubic.on_loss(80);
        assert_eq!(cubic.last_most, 68);
        cubic.forget();
        assert_eq!(cubic.count(50, 1, at(0), TICK), 20);
    }
}
