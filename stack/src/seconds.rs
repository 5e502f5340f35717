//! What a host sends so often in a second at the most.

use smoltcp::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// What has gone out in a second, which begins with the first (FreeBSD: counter_ratecheck; OpenBSD
/// and NetBSD: ppsratecheck).
#[derive(Debug, Default)]
pub(crate) struct CountedSecond {
    began: Option<Instant>,
    count: u32,
}

impl CountedSecond {
    /// Whether one more goes out now, which then counts; zero: there is no limit.
    pub(crate) fn admits(&mut self, most: u32, now: Instant) -> bool {
        if self.began.is_none_or(|began| now - began >= SECOND) {
            *self = Self {
                began: Some(now),
                count: 0,
            };
        }
        self.count = self.count.saturating_add(1);
        most == 0 || self.count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_begins_with_its_first() {
        let admitted = |most| {
            let mut second = CountedSecond::default();
            let times = (0..300).map(|step| 370 + step * 10);
            let sent: Vec<i64> = times
                .filter(|&at| second.admits(most, Instant::from_millis(at)))
                .collect();
            (sent.len(), sent.get(40).copied())
        };
        assert_eq!(admitted(0), (300, Some(770)));
        assert_eq!(admitted(40), (120, Some(1370)));
        assert_eq!(admitted(100), (300, Some(770)));
    }
}
