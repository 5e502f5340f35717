//! How often segments that are not accepted are answered.

use smoltcp::time::{Duration, Instant};

/// How often refused segments were answered, so that two sides that refuse each other's segments do
/// not answer for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tcp) struct Refusals {
    /// When one that brought nothing was answered last.
    answered_at: Option<Instant>,
    /// When the count of challenge ACKs began, and the count.
    challenges: Option<(Instant, u32)>,
    /// How often the acknowledgment of what was never sent has come.
    unsent: u32,
}

impl Refusals {
    /// Whether one that brings nothing is answered now, where answers keep such an interval.
    pub(super) fn may_answer(&mut self, interval: Duration, now: Instant) -> bool {
        let may = self.answered_at.is_none_or(|at| now - at >= interval);
        if may {
            self.answered_at = Some(now);
        }
        may
    }

    /// Whether one more challenge ACK goes out now, of so many in so long; zero of either: there is
    /// no limit.
    pub(super) fn may_challenge(&mut self, (most, window): (u32, Duration), now: Instant) -> bool {
        let (began, count) = match self.challenges {
            Some((began, count)) if now - began < window => (began, count.saturating_add(1)),
            Some(_) | None => (now, 1),
        };
        self.challenges = Some((began, count));
        most == 0 || count <= most
    }

    /// Whether one more acknowledgment of what was never sent is answered; zero: there is no limit.
    pub(super) fn may_answer_unsent(&mut self, most: u32) -> bool {
        self.unsent = self.unsent.saturating_add(1);
        most == 0 || self.unsent <= most
    }

    /// Whether a connection lives through so many acknowledgments of what was never sent; zero:
    /// through any number.
    pub(super) fn endures_unsent(&self, most: u32) -> bool {
        most == 0 || self.unsent <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_keep_their_interval_and_challenges_are_counted() {
        let at = Instant::from_millis;
        let mut refusals = Refusals::default();
        let interval = Duration::from_millis(500);
        let answered: Vec<i64> = (0..30)
            .map(|step| step * 100)
            .filter(|&millis| refusals.may_answer(interval, at(millis)))
            .collect();
        assert_eq!(answered, [0, 500, 1000, 1500, 2000, 2500]);
        assert!(refusals.may_answer(Duration::ZERO, at(2500)), "no interval");

        let challenges = |(most, window)| {
            let limit = (most, Duration::from_millis(window));
            let mut refusals = Refusals::default();
            let times = (0..20).map(|step| at(step * 100));
            times
                .filter(|&now| refusals.may_challenge(limit, now))
                .count()
        };
        let limits = [
            (0, 1000),
            (5, 1000),
            (10, 1000),
            (5, 2000),
            (5, 500),
            (5, 0),
        ];
        assert_eq!(limits.map(challenges), [20, 10, 20, 5, 20, 20]);

        let unsent = |most| {
            let mut refusals = Refusals::default();
            (0..20).filter(|_| refusals.may_answer_unsent(most)).count()
        };
        assert_eq!([0, 10].map(unsent), [20, 10]);

        let endured = |most| {
            let mut refusals = Refusals::default();
            (0..30)
                .filter(|_| {
                    refusals.may_answer_unsent(10);
                    refusals.endures_unsent(most)
                })
                .count()
        };
        assert_eq!([0, 20].map(endured), [30, 20]);
    }
}
