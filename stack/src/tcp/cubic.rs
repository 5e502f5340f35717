//! CUBIC (RFC 9438): how the congestion window grows in congestion avoidance, as a function of the
//! time since the last loss.
//!
//! All numbers are whole: octets, microseconds and millionths of an octet. Floating-point cube
//! roots differ from machine to machine, and a run must not. HyStart++ (RFC 9406) is not
//! played.

use smoltcp::time::{Duration, Instant};

/// Beta_cubic, in tenths (section 4.6): what a loss leaves of the window.
const BETA_TENTHS: usize = 7;

/// C, in tenths of a segment a second cubed (section 5).
const C_TENTHS: u128 = 4;

/// Alpha_cubic = 3 (1 - beta) / (1 + beta), in millionths (section 4.3).
const ALPHA_MILLIONTHS: u128 = 529_412;

const MILLION: u128 = 1_000_000;

/// What CUBIC remembers between losses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cubic {
    /// W_max, in octets: the window before the last loss. Zero: no loss, or a timeout.
    before_loss: usize,
    /// cwnd_prior, in octets.
    prior: usize,
    epoch: Option<Epoch>,
}

/// A congestion avoidance stage.
#[derive(Clone, Debug)]
struct Epoch {
    /// When it began, later by all the time in which the window was not used.
    began: Instant,
    /// When the window last grew, or could have.
    last: Instant,
    /// K, in microseconds: when the window will be W_max again.
    until_origin: u64,
    /// W_max of this stage, in octets.
    origin: usize,
    /// W_est, in millionths of an octet: what Reno would have.
    reno: u128,
    /// What the window has earned of its next octet, in parts of the window.
    credit: u128,
}

impl Cubic {
    /// A loss was seen with so much in flight while the window was `window`; both in octets.
    /// Returns the new slow start threshold (section 4.6), which is two segments at the least.
    pub(crate) fn on_loss(&mut self, flight: usize, window: usize, mss: usize) -> usize {
        // Section 4.7: a flow that lost before it was back where it had been gives way for good.
        self.before_loss = if window < self.before_loss {
            window * (10 + BETA_TENTHS) / 20
        } else {
            window
        };
        self.prior = window;
        self.epoch = None;
        (flight * BETA_TENTHS / 10).max(2 * mss)
    }

    /// The retransmission timer expired (section 4.8): growth begins from where slow start ends.
    pub(crate) fn on_timeout(&mut self, flight: usize, window: usize, mss: usize) -> usize {
        let threshold = self.on_loss(flight, window, mss);
        self.before_loss = 0;
        threshold
    }

    /// The window was not used: the time counts for nothing (section 4.2).
    pub(crate) fn on_unused(&mut self, now: Instant) {
        if let Some(epoch) = &mut self.epoch {
            epoch.began += now - epoch.last;
            epoch.last = now;
        }
    }

    /// The window, in octets, after `acknowledged` octets were acknowledged in congestion
    /// avoidance.
    pub(crate) fn grown(
        &mut self,
        window: usize,
        acknowledged: usize,
        mss: usize,
        now: Instant,
        round_trip: Duration,
    ) -> usize {
        let (before_loss, prior) = (self.before_loss, self.prior);
        let epoch = self
            .epoch
            .get_or_insert_with(|| Epoch::begin(window, before_loss, mss, now));
        epoch.last = now;
        // Section 4.3: the Reno-friendly region.
        let alpha = if epoch.reno >= prior as u128 * MILLION {
            MILLION
        } else {
            ALPHA_MILLIONTHS
        };
        epoch.reno += alpha * mss as u128 * acknowledged as u128 / window.max(1) as u128;
        let reno = (epoch.reno / MILLION) as usize;
        if epoch.cubic(now, Duration::ZERO, mss) < reno as i128 {
            return window.max(reno);
        }
        // Sections 4.4 and 4.5: towards where the curve will be a round trip from now, but not
        // faster than slow start would.
        let target = epoch.cubic(now, round_trip, mss);
        let target = target.clamp(window as i128, window as i128 * 3 / 2) as u128;
        epoch.credit += (target - window as u128) * acknowledged as u128;
        let earned = epoch.credit / window.max(1) as u128;
        epoch.credit %= window.max(1) as u128;
        window.saturating_add(earned as usize)
    }
}

impl Epoch {
    fn begin(window: usize, before_loss: usize, mss: usize, now: Instant) -> Self {
        // Section 4.2: K = cbrt((W_max - cwnd_epoch) / C), in segments and seconds.
        let below = before_loss.saturating_sub(window) as u128;
        let cubed = below * 10 * MILLION.pow(3) / (C_TENTHS * mss.max(1) as u128);
        Self {
            began: now,
            last: now,
            until_origin: cube_root(cubed),
            origin: before_loss.max(window),
            reno: window as u128 * MILLION,
            credit: 0,
        }
    }

    /// W_cubic, `ahead` of now, in octets: C (t - K)^3 + W_max (section 4.2).
    fn cubic(&self, now: Instant, ahead: Duration, mss: usize) -> i128 {
        let elapsed = (now - self.began + ahead).total_micros();
        let distance = i128::from(elapsed) - i128::from(self.until_origin);
        // A connection that lives for a century stays far below 2^127.
        let millionths = distance.pow(3) / MILLION.pow(2) as i128;
        let octets = millionths * (C_TENTHS * mss as u128) as i128 / (10 * MILLION as i128);
        octets + self.origin as i128
    }
}

/// The largest number whose cube is at most `of`.
pub(super) fn cube_root(of: u128) -> u64 {
    let (mut low, mut high) = (0u64, 1 << 42);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if u128::from(middle).pow(3) <= of {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: usize = 1000;

    fn seconds(seconds: f64) -> Instant {
        Instant::from_micros((seconds * 1e6) as i64)
    }

    /// The window, in segments, over time: one acknowledgment of a whole window each round trip.
    fn windows(cubic: &mut Cubic, mut window: usize, rounds: &[f64]) -> Vec<f64> {
        let round_trip = Duration::from_millis(100);
        let mut round = |&at: &f64| {
            window = cubic.grown(window, window, MSS, seconds(at), round_trip);
            window as f64 / MSS as f64
        };
        rounds.iter().map(&mut round).collect()
    }

    #[test]
    fn the_window_follows_the_curve_of_the_rfc() {
        let mut cubic = Cubic::default();
        let threshold = cubic.on_loss(1000 * MSS, 1000 * MSS, MSS);
        assert_eq!(threshold, 700 * MSS);
        let rounds: Vec<f64> = (0..=150).map(|tenth| f64::from(tenth) / 10.0).collect();
        let windows = windows(&mut cubic, threshold, &rounds);
        let k = (300.0f64 / 0.4).cbrt();
        // In the first instant the curve has not moved, and Reno's estimate has.
        for (at, window) in rounds.iter().zip(&windows).skip(1) {
            // Each acknowledgment steers for where the curve is a round trip later.
            let expected = 0.4 * (at + 0.1 - k).powi(3) + 1000.0;
            assert!(
                (window - expected).abs() < 1.0,
                "{at} s: {window} {expected}"
            );
        }
        let at = |at: f64| windows[(at * 10.0) as usize].round() as usize;
        assert_eq!(
            [at(0.0), at(2.0), at(9.0), at(12.0), at(15.0)],
            [701, 864, 1000, 1011, 1087]
        );
    }

    #[test]
    fn on_short_paths_it_is_at_least_as_quick_as_reno() {
        let mut cubic = Cubic::default();
        let threshold = cubic.on_loss(20 * MSS, 20 * MSS, MSS);
        let rounds: Vec<f64> = (0..60).map(|round| f64::from(round) / 1000.0).collect();
        let windows = windows(&mut cubic, threshold, &rounds);
        // 0.53 segments a round trip up to where the loss was, then one: in 60 ms the cubic term
        // has not moved by a hundredth of a segment.
        assert!(
            (windows[9] - (14.0 + 10.0 * 0.529)).abs() < 0.3,
            "{}",
            windows[9]
        );
        let above = windows[59] - windows[49];
        assert!((above - 10.0).abs() < 0.3, "{above}");
    }

    #[test]
    fn a_second_loss_gives_way_and_a_timeout_forgets() {
        let mut cubic = Cubic::default();
        cubic.on_loss(100 * MSS, 100 * MSS, MSS);
        cubic.on_loss(80 * MSS, 80 * MSS, MSS);
        assert_eq!(cubic.before_loss, 68 * MSS, "80 (1 + 0.7) / 2");
        cubic.on_timeout(50 * MSS, 50 * MSS, MSS);
        assert_eq!(cubic.before_loss, 0);
        let grown = cubic.grown(10 * MSS, 1, MSS, seconds(1.0), Duration::ZERO);
        assert_eq!(
            grown,
            10 * MSS,
            "the curve begins flat where slow start ended"
        );
    }

    #[test]
    fn time_in_which_the_window_was_not_used_does_not_count() {
        let mut used = Cubic::default();
        used.on_loss(100 * MSS, 100 * MSS, MSS);
        let mut paused = used.clone();
        let begin = windows(&mut used, 70 * MSS, &[0.0, 1.0, 2.0]);
        windows(&mut paused, 70 * MSS, &[0.0]);
        paused.on_unused(seconds(50.0));
        let end = windows(&mut paused, (begin[0] * 1000.0) as usize, &[51.0, 52.0]);
        assert_eq!(begin[1..], end);
    }

    #[test]
    fn cube_roots_are_exact() {
        for root in [0u64, 1, 2, 999, 4_217_163, 1 << 40] {
            let cube = u128::from(root).pow(3);
            assert_eq!(cube_root(cube), root);
            assert!(root == 0 || cube_root(cube + 1) == root);
            assert!(root == 0 || cube_root(cube - 1) == root - 1);
        }
    }
}
