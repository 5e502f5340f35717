//! The times of a script, as moments of a run and as messages print them.

use smoltcp::time::{Duration, Instant};

use crate::capture::text::seconds;
use crate::scenario::script::TimeSpec;

/// How long a run goes on after its script where the scenario does not say, and how long a packet
/// may take that may come at any time: an hour.
pub(crate) const TAIL: Duration = Duration::from_secs(3600);

/// How long a step may take that another follows: a day, which is as long as a script can be.
pub(super) const STEP_MAX: Duration = Duration::from_secs(24 * 3600);

/// A time of a script as a moment of the run.
pub(super) fn instant(since_start: Duration) -> Instant {
    Instant::ZERO + since_start
}

/// The first and last moment of a time; no last one where any time will do. `before` is the
/// moment from which a relative time counts: that of the statement before, or its end.
pub(super) fn moments(time: TimeSpec, before: Instant) -> (Instant, Option<Instant>) {
    let both = |at: Instant| (at, Some(at));
    match time {
        TimeSpec::Absolute(at) => both(instant(at)),
        TimeSpec::Relative(after) => both(before + after),
        TimeSpec::Any => (before, None),
        TimeSpec::AbsoluteRange { earliest, latest } => (instant(earliest), Some(instant(latest))),
        TimeSpec::RelativeRange { earliest, latest } => (before + earliest, Some(before + latest)),
        TimeSpec::Following { earliest, latest } => {
            (before + earliest, latest.map(|latest| before + latest))
        }
    }
}

/// A span of time as messages say it.
pub(super) fn span_of(earliest: Instant, latest: Instant) -> String {
    if earliest == latest {
        seconds(earliest)
    } else {
        format!("{} to {}", seconds(earliest), seconds(latest))
    }
}
