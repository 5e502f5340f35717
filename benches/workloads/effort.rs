//! The size of a workload, and the line that it reports.

use std::time::Duration;

/// How much of everything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough to measure.
    Full,
    /// Enough to see that it runs.
    Least,
}

/// A line of a report.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What was done.
    pub(crate) name: String,
    /// How often.
    pub(crate) count: u64,
    /// The median time of all of it.
    pub(crate) time: Duration,
    /// Anything else that is worth a word.
    pub(crate) remark: String,
}
