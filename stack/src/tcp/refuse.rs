//! Segments that are not accepted: which they are, and how often they are answered (RFC 9293
//! section 3.10.7.4, RFC 5961).

use smoltcp::time::{Duration, Instant};

use super::Connection;
use super::receive_shutdown::{AnswerAtEdge, answer_at_edge};
use super::segment_arrives::Arriving;
use crate::event::Fact;

/// The time over which challenge ACKs are counted.
const SECOND: Duration = Duration::from_secs(1);

/// How often refused segments were answered, so that two sides that refuse each other's segments do
/// not answer for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refusals {
    /// When one that brought nothing was answered last.
    answered_at: Option<Instant>,
    /// When the count of challenge ACKs began, and the count.
    challenges: Option<(Instant, u32)>,
}

impl Refusals {
    /// Whether one that brings nothing is answered now, where answers keep such an interval.
    fn may_answer(&mut self, interval: Duration, now: Instant) -> bool {
        let may = self.answered_at.is_none_or(|at| now - at >= interval);
        if may {
            self.answered_at = Some(now);
        }
        may
    }

    /// Whether one more challenge ACK goes out now; zero: there is no limit.
    fn may_challenge(&mut self, most: u32, now: Instant) -> bool {
        let (began, count) = match self.challenges {
            Some((began, count)) if now - began < SECOND => (began, count.saturating_add(1)),
            Some(_) | None => (now, 1),
        };
        self.challenges = Some((began, count));
        most == 0 || count <= most
    }
}

impl Connection {
    /// RFC 9293 section 3.10.7.4, the four cases of acceptability. RCV.NXT is what the peer was
    /// told: data whose acknowledgment is withheld is, seen from the wire, still to come.
    pub(super) fn is_acceptable(&self, arriving: &Arriving<'_>) -> bool {
        let next = self.recv.acknowledged();
        let edge = self.recv.right_edge();
        let in_window = |position: i64| next <= position && position < edge;
        let empty = arriving.end == arriving.start;
        if edge == next {
            // A FIN in order takes no room and may end the stream even so, or the peer could never
            // finish.
            let bare_fin = arriving.header.flags.fin && arriving.octets == 0;
            return arriving.start == next && (empty || bare_fin);
        }
        if empty {
            return in_window(arriving.start)
                // All that was sent has been taken, and more was acknowledged than the window has
                // room for.
                || (arriving.start == edge && self.recv.accepted() == edge);
        }
        in_window(arriving.start) || in_window(arriving.end - 1)
    }

    /// Answers a segment of which so many new octets found no room.
    pub(super) fn answer_beyond_edge(&mut self, refused: usize) {
        let rules = &self.config.profile.receive_shutdown;
        let speaks = !self.recv.is_shut() || answer_at_edge(rules, refused) == AnswerAtEdge::Ack;
        if speaks {
            self.acknowledger.now();
        }
    }

    /// Whether a refused segment that brings nothing is answered, so soon after another.
    pub(super) fn may_answer(&mut self, now: Instant) -> bool {
        let interval = self.config.profile.acknowledge.out_of_window_interval;
        self.refusals.may_answer(interval, now)
    }

    /// Challenges the sender of a segment that may have been made up (RFC 5961), as often as the
    /// profile allows (section 7 there).
    pub(super) fn challenge(&mut self, now: Instant) {
        let most = self.config.profile.acknowledge.challenges_a_second;
        if self.may_answer(now) && self.refusals.may_challenge(most, now) {
            self.facts.push_back(Fact::Challenged);
            self.acknowledger.now();
        }
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

        let challenges = |most| {
            let mut refusals = Refusals::default();
            let times = (0..20).map(|step| at(step * 100));
            times
                .filter(|&now| refusals.may_challenge(most, now))
                .count()
        };
        assert_eq!([0, 5, 10].map(challenges), [20, 10, 20]);
    }
}
