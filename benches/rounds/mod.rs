//! Repeated measurement: the median time of several rounds.

use std::time::{Duration, Instant};

/// The median time of some rounds, of which there is one at least.
pub(crate) fn median(rounds: usize, mut round: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let begin = Instant::now();
            round();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
