//! Calls that wait: the state that is kept of a call until it is made again.
//!
//! Nothing here can wait but the network, so a call that would wait returns and is made again, with
//! the same arguments, after the network has made a step. The thread that waits in it keeps a
//! [`Waiting`]; the function that is made again gets it, and goes on where it stopped.

use hangup_stack::smoltcp::time::{Duration, Instant};

use crate::error::WsaError;
use crate::process::Progress;

/// A call that has been made before and waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// When it gives up; none: never.
    pub until: Option<Instant>,
    /// Whether WSPCancelBlockingCall has ended it.
    pub interrupted: bool,
}

impl Waiting {
    /// A call that waits from now on.
    pub const fn new(until: Option<Instant>) -> Self {
        Self {
            until,
            interrupted: false,
        }
    }
}

/// When a call gives up that waits for at most `timeout` from the time it was first made; none:
/// never.
pub fn deadline(
    waiting: Option<Waiting>,
    now: Instant,
    timeout: Option<Duration>,
) -> Option<Instant> {
    match waiting {
        Some(waiting) => waiting.until,
        None => timeout.map(|timeout| now + timeout),
    }
}

/// Why a function that may wait has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// It has failed.
    Failed(WsaError),
    /// It waits, at the latest until this time; none: for the network alone.
    Waits(Option<Instant>),
}

impl From<WsaError> for Unfinished {
    fn from(error: WsaError) -> Self {
        Self::Failed(error)
    }
}

/// What a function that may wait comes to.
pub fn outcome<T>(result: Result<T, Unfinished>) -> Progress<T> {
    match result {
        Ok(value) => Progress::Done(Ok(value)),
        Err(Unfinished::Failed(error)) => Progress::Done(Err(error)),
        Err(Unfinished::Waits(until)) => Progress::Blocks { until },
    }
}
