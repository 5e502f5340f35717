//! What a connection and the network tell each other of congestion (RFC 3168).

use super::Connection;
use super::ecn::{agrees, asks};
use super::segment::Segment;
use super::state::State;
use crate::envelope::{CONGESTED, ECN_BITS, ECT_0, Envelope};

impl Connection {
    /// Whether both sides take part in ECN.
    pub fn notifies_congestion(&self) -> bool {
        self.ecn.agreed
    }

    /// The peer's SYN has come.
    #[cold]
    pub(super) fn agree_on_ecn(&mut self, syn: &Segment) {
        self.ecn.agreed = agrees(self.config.profile.ecn, self.ecn.asked, syn.flags);
    }

    /// Says of a segment that is sent what ECN says, and of what carries it.
    #[inline]
    pub(super) fn mark(&mut self, segment: &mut Segment, again: bool) -> Envelope {
        if segment.flags.rst || !(segment.flags.syn || self.ecn.agreed) {
            return self.config.envelope;
        }
        self.mark_congestion(segment, again)
    }

    #[cold]
    fn mark_congestion(&mut self, segment: &mut Segment, again: bool) -> Envelope {
        let envelope = self.config.envelope;
        let flags = &mut segment.flags;
        if flags.syn {
            let answers = flags.ack;
            let before = self.patience.timeouts;
            self.ecn.asked |= !answers && asks(self.config.profile.ecn, before);
            let says = match answers {
                false => asks(self.config.profile.ecn, before),
                true => self.ecn.agreed,
            };
            (flags.ece, flags.cwr) = (says, says && !answers);
            return envelope;
        }
        flags.ece = self.ecn.echoes;
        // RFC 3168 sections 6.1.4 and 6.1.5: what is sent again, or brings nothing, is not marked.
        if again || segment.payload_octets == 0 {
            return envelope;
        }
        let reductions = self.send.reductions();
        flags.cwr = std::mem::replace(&mut self.ecn.told, reductions) != reductions;
        Envelope {
            service: envelope.service & !ECN_BITS | ECT_0,
            ..envelope
        }
    }

    /// A segment that was accepted says what the network and the peer have seen.
    pub(super) fn hear_congestion(
        &mut self,
        envelope: Envelope,
        header: &Segment,
        acknowledged: i64,
    ) {
        if !self.ecn.agreed || header.flags.syn || self.state == State::SynSent {
            return;
        }
        if header.flags.cwr {
            // RFC 3168 section 6.1.3: until then every acknowledgment is an echo.
            self.ecn.echoes = false;
            self.acknowledger.now();
        }
        if envelope.ecn() == CONGESTED && header.payload_octets > 0 {
            let is_first = !std::mem::replace(&mut self.ecn.echoes, true);
            if is_first && self.config.profile.ecn.marks_at_once {
                self.acknowledger.now();
            }
        }
        // RFC 3168 section 6.1.2: once a round trip.
        if header.flags.ece && header.flags.ack && acknowledged > self.ecn.reduced_at {
            self.ecn.reduced_at = self.send.next();
            self.send.on_congestion();
        }
    }
}
