//! Segments that are not accepted: which they are, and how often they are answered (RFC 9293
//! section 3.10.7.4, RFC 5961).

mod limits;
mod resets;

use smoltcp::time::Instant;

use super::Connection;
use super::receive_shutdown::{AnswerAtEdge, answer_at_edge};
use super::segment_arrives::Arriving;
use super::state::State;
use crate::event::Fact;
use crate::profile::AnswerToUnsent;
use crate::socket::Gone;
pub(super) use limits::Refusals;
pub(super) use resets::{Numbers, OnReset, on_reset};

impl Connection {
    /// RFC 9293 section 3.10.7.4, the four cases of acceptability. RCV.NXT is what the peer was
    /// told: data whose acknowledgment is withheld is, seen from the wire, still to come.
    #[inline]
    pub(super) fn is_acceptable(&self, arriving: &Arriving<'_>) -> bool {
        let next = self.recv.acknowledged();
        let edge = self.acceptable_edge(arriving.end);
        let in_window = |position: i64| next <= position && position < edge;
        let empty = arriving.end == arriving.start;
        if edge == next {
            // A FIN in order takes no room and may end the stream even so, or the peer could never
            // finish.
            let bare_fin = arriving.header.flags.fin && arriving.octets == 0;
            return arriving.start == next && (empty || bare_fin);
        }
        if empty {
            let at_edge = self.config.profile.acceptance.empty_at_edge
                // All that was sent has been taken, and more was acknowledged than the window has
                // room for.
                || self.recv.accepted() == edge;
            return in_window(arriving.start) || (at_edge && arriving.start == edge);
        }
        in_window(arriving.start) || in_window(arriving.end - 1)
    }

    /// The first position that a segment may not reach, or one before it and behind `end`, where
    /// the segment ends.
    #[inline]
    pub(super) fn acceptable_edge(&self, end: i64) -> i64 {
        let advertised = self.recv.right_edge();
        if end < advertised || (!self.state.is_synchronized() && self.passive) {
            // Until the handshake is over a listening socket has no buffer for the connection, but
            // only the window of the SYN-ACK.
            return advertised;
        }
        let rule = self.config.profile.acceptance.window;
        self.recv.acceptable_edge(rule)
    }

    /// Answers a segment of which so many new octets found no room.
    #[cold]
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

    /// Answers the acknowledgment of what was never sent, as often as the profile allows.
    #[cold]
    pub(super) fn answer_unsent(&mut self, now: Instant) {
        let rules = self.config.profile.acceptance;
        let answers = self.refusals.may_answer_unsent(rules.unsent_answers);
        if !self.refusals.endures_unsent(rules.unsent_endured) {
            self.die(Some(Gone::ProtocolError));
            return;
        }
        if !answers {
            return;
        }
        match rules.unsent {
            AnswerToUnsent::Acknowledge => self.acknowledger.now(),
            AnswerToUnsent::ChallengeBeyondEstablished if self.state == State::Established => {}
            AnswerToUnsent::Challenge | AnswerToUnsent::ChallengeBeyondEstablished => {
                self.challenge(now);
            }
        }
    }

    /// Challenges the sender of a segment that may have been made up (RFC 5961), as often as the
    /// profile allows (section 7 there).
    #[cold]
    pub(super) fn challenge(&mut self, now: Instant) {
        let rules = self.config.profile.acknowledge;
        let limit = (rules.challenges_a_second, rules.challenge_window);
        if self.may_answer(now) && self.refusals.may_challenge(limit, now) {
            self.facts.push_back(Fact::Challenged);
            self.challenges = true;
            self.acknowledger.now();
        }
    }
}
