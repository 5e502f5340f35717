//! The lateness of the driver: how much later than planned it did something, which is never the
//! fault of the hosts.

use smoltcp::time::Duration;

/// How late the driver was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    longest: Duration,
    allowance: Duration,
    is_too_late: bool,
    shift: Duration,
}

impl Lateness {
    /// Something was done so much later than planned. What is expected may be off by as much, but
    /// no more than `most`: where it was later, only what holds all the same says something.
    pub(super) fn note(&mut self, late: Duration, most: Duration) {
        self.longest = self.longest.max(late);
        self.allowance = self.longest.min(most);
        self.is_too_late |= late > most;
    }

    /// Moves all times of the script that count from its start.
    pub(super) fn shift_by(&mut self, late: Duration) {
        self.shift += late;
    }

    /// By how much the times of the script are moved.
    pub(super) fn shift(self) -> Duration {
        self.shift
    }

    /// The longest of the run.
    pub fn longest(self) -> Duration {
        self.longest
    }

    /// What is expected may be off by as much.
    pub fn allowance(self) -> Duration {
        self.allowance
    }

    /// Whether something was done so late that a failure says nothing.
    pub fn is_too_late(self) -> bool {
        self.is_too_late
    }
}
