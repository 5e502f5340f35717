//! When an idle connection is probed, and how often.

use smoltcp::time::Duration;

use crate::options::KeepAlive;
use crate::profile::{KeepAliveAnswer, KeepAliveRules};

/// More doublings than any timeout needs to reach an interval.
const DOUBLINGS_MAX: u32 = 20;

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

    fn interval(&self) -> Duration {
        self.asked.interval.unwrap_or(self.rules.interval)
    }

    fn count(&self) -> u32 {
        self.asked.count.unwrap_or(self.rules.count)
    }

    /// How long after the probe of such a number, counted from one, the next one follows.
    pub(super) fn wait(&self, number: u32, timeout: Duration) -> Duration {
        let interval = self.interval();
        if !self.rules.backs_off {
            return interval;
        }
        let doublings = number.saturating_sub(1).min(DOUBLINGS_MAX);
        interval.min(timeout * (1 << doublings))
    }

    /// Whether so many probes without an answer, over such a silence, are enough.
    pub(super) fn is_over(&self, probes: u32, silent: Duration) -> bool {
        if self.rules.backs_off {
            let patience = self.interval() * self.count();
            probes > 0 && silent > self.idle() + patience
        } else {
            probes >= self.count()
        }
    }

    /// What counts as an answer.
    pub(in crate::tcp) fn answer(&self) -> KeepAliveAnswer {
        self.rules.answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn probes_follow_evenly_or_after_doubled_timeouts() {
        // How long after each probe the next follows, and after how much silence of the probes it
        // is enough, in seconds.
        let rows = [
            ("linux", [75; 8], 8 * 75, false),
            ("linux", [75; 8], 9 * 75, true),
            ("illumos", [1, 2, 4, 8, 16, 32, 60, 60], 8 * 60, false),
            ("illumos", [1, 2, 4, 8, 16, 32, 60, 60], 8 * 60 + 1, true),
        ];
        for (profile, expected, silent, over) in rows {
            let rules = Profile::built_in(profile).unwrap().keep_alive;
            let keeping_alive = KeepingAlive::new(rules, KeepAlive::default());
            let waits = [1, 2, 3, 4, 5, 6, 7, 8].map(|number| {
                let timeout = Duration::from_secs(1);
                keeping_alive.wait(number, timeout).secs()
            });
            assert_eq!(waits, expected, "{profile}");
            let probes = (silent / expected[0]) as u32;
            let silent = keeping_alive.idle() + Duration::from_secs(silent);
            assert_eq!(keeping_alive.is_over(probes, silent), over, "{profile}");
        }
    }
}
