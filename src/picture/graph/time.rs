//! How time goes along a graph.

use clap::ValueEnum;
use smoltcp::time::Instant;

/// A logarithmic axis begins at so many seconds before the first moment.
const LOGARITHM_LEAST: f64 = 0.001;

/// Moments that are nearer to each other than this part of the whole time cannot be told apart
/// where time goes evenly; of more than one in so many it must not be so.
const NEAR: i64 = 250;
const NEAR_MOST: usize = 3;

/// The most moments that stand side by side.
const MOMENTS_MAX: usize = 120;

/// How time goes along a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TimeScale {
    /// Evenly where nothing long happens, else by event, or by its logarithm where there are many.
    #[default]
    Auto,
    /// Evenly.
    Linear,
    /// By the logarithm of the time since the first packet.
    Log,
    /// A step for each moment at which something happens.
    Event,
}

impl TimeScale {
    /// The scale that is used for these moments.
    pub(super) fn resolve(self, times: &[Instant]) -> Self {
        if self != Self::Auto {
            return self;
        }
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            return Self::Linear;
        };
        let least = (last.total_micros() - first.total_micros()) / NEAR;
        let is_near = |pair: &&[Instant]| pair[1].total_micros() - pair[0].total_micros() < least;
        let near = times.windows(2).filter(is_near).count();
        match (near * NEAR_MOST > times.len(), times.len() <= MOMENTS_MAX) {
            (false, _) => Self::Linear,
            (true, true) => Self::Event,
            (true, false) => Self::Log,
        }
    }
}

/// The axis of time: where a moment stands, from 0 to 1, and which moments are named.
#[derive(Debug)]
pub(super) struct TimeAxis {
    scale: TimeScale,
    times: Vec<Instant>,
}

fn seconds(at: Instant) -> f64 {
    at.total_micros() as f64 / 1e6
}

impl TimeAxis {
    pub(super) fn new(scale: TimeScale, times: &[Instant]) -> Self {
        Self {
            scale: scale.resolve(times),
            times: times.to_vec(),
        }
    }

    fn ends(&self) -> (f64, f64) {
        let first = self.times.first().copied().map_or(0.0, seconds);
        let last = self.times.last().copied().map_or(1.0, seconds);
        (first, if last > first { last } else { first + 0.001 })
    }

    /// What the axis says of itself.
    pub(super) fn name(&self) -> &'static str {
        match self.scale {
            TimeScale::Auto | TimeScale::Linear => "seconds",
            TimeScale::Log => "seconds since the first packet, logarithmic",
            TimeScale::Event => "seconds, a step for each event",
        }
    }

    /// Where a moment stands.
    pub(super) fn place(&self, at: Instant) -> f64 {
        let (first, last) = self.ends();
        match self.scale {
            TimeScale::Auto | TimeScale::Linear => (seconds(at) - first) / (last - first),
            TimeScale::Log => {
                let since = |at: f64| ((at - first).max(0.0) / LOGARITHM_LEAST).ln_1p();
                since(seconds(at)) / since(last)
            }
            TimeScale::Event => {
                let before = self.times.partition_point(|it| *it < at);
                before as f64 / (self.times.len().max(2) - 1) as f64
            }
        }
        .clamp(0.0, 1.0)
    }

    /// Places with names, so far apart that so many names of so many characters fit.
    pub(super) fn ticks(&self, room: usize) -> Vec<(f64, String)> {
        // Finer names need more room.
        let step = match self.times.iter().any(|at| at.total_micros() % 1000 != 0) {
            true => 0.000_001,
            false => 0.001,
        };
        let (first, last) = self.ends();
        match self.scale {
            TimeScale::Auto | TimeScale::Linear => {
                let step = round_step((last - first) / room.clamp(2, 10) as f64);
                let mut ticks = Vec::new();
                let mut at = (first / step).ceil();
                while at * step <= last + step * 1e-6 {
                    let value = at * step;
                    ticks.push(((value - first) / (last - first), name(value, step)));
                    at += 1.0;
                }
                ticks
            }
            TimeScale::Log => {
                let since = |at: f64| (at / LOGARITHM_LEAST).ln_1p();
                let span = since(last - first);
                let powers = (-3..=6).map(|power| 10_f64.powi(power));
                let powers = powers.filter(|it| *it <= (last - first) * 1.0001);
                let ticks = powers.map(|it| (since(it) / span, name(it, it)));
                std::iter::once((0.0, "0".to_owned()))
                    .chain(ticks)
                    .collect()
            }
            TimeScale::Event => {
                let wider = if step < 0.001 { 1.5 } else { 1.0 };
                let least = wider / room.max(2) as f64;
                let mut ticks: Vec<(f64, String)> = Vec::new();
                for at in &self.times {
                    let place = self.place(*at);
                    if ticks.last().is_none_or(|(last, _)| place - last >= least) {
                        ticks.push((place, name(seconds(*at), step)));
                    }
                }
                ticks
            }
        }
    }
}

/// One, two or five times a power of ten, at least as much as is asked for.
pub(super) fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(power * 10.0)
}

/// Seconds with as many digits as a step needs.
fn name(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}")
}
