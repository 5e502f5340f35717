//! When an idle connection is probed, and how often.

use smoltcp::time::Duration;

use crate::options::KeepAlive;
use crate::profile::{KeepAliveAnswer, KeepAliveRules};

/// Whether and when an idle connection is probed: what the application asked for, over what the
/// profile says.
#[derive(Clone, Copy, Debug)]
pub(in crate::tcp) struct KeepingAlive {
    rules: KeepAliveRules,
    pub(super) asked: KeepAlive,
}

impl KeepingAlive {
    pub(in crate::tcp) fn new(rules: KeepAliveRules, asked: KeepAlive) -> Self {
        Self { rules, asked }
    }

    pub(super) fn on(&self) -> bool {
        self.asked.on || self.rules.always
    }

    pub(super) fn idle(&self) -> Duration {
        self.asked.idle.unwrap_or(self.rules.idle)
    }

    pub(super) fn interval(&self) -> Duration {
        self.asked.interval.unwrap_or(self.rules.interval)
    }

    pub(super) fn count(&self) -> u32 {
        self.asked.count.unwrap_or(self.rules.count)
    }

    /// What counts as an answer.
    pub(in crate::tcp) fn answer(&self) -> KeepAliveAnswer {
        self.rules.answer
    }
}
