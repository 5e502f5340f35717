//! The calls of a run as data, for what is written down of a run besides its trace.

use smoltcp::time::Instant;

use crate::scenario::script::Argument;

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Instant,
    /// How many facts there were before.
    pub events_before: usize,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeCall {
    /// The host that made it.
    pub host: usize,
    /// Its name.
    pub name: String,
    /// What it was given.
    pub arguments: Vec<Argument>,
    /// When it was made.
    pub begun: Moment,
    /// When it returned, and with what. None: it never did.
    pub returned: Option<(Moment, ReturnedValue)>,
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedValue {
    /// The value as a script writes it; where the call has opened something, its label.
    pub value: String,
    /// The error, where it failed.
    pub error: Option<String>,
}
