//! What must hold after every step of every connection, in debug builds.
//!
//! The driver drains `poll_transmit` after each mutation, so that one check there sees the outcome
//! of all of them. Each half checks its own numbers; here stands what spans both, and what must
//! hold between one step and the next. A release build has none of this.

mod seen;

use super::state::State;
use super::timer::Timer;
use super::{Connection, Outgoing};
pub(super) use seen::Seen;

impl Connection {
    /// Checks what the last mutation has left.
    pub(super) fn check_step(&mut self) {
        self.send.check();
        self.recv.check();
        self.check_state();
        let seen = Seen {
            unacknowledged: self.send.unacknowledged(),
            next: self.send.next(),
            accepted: self.recv.accepted(),
            acknowledged: self.recv.acknowledged(),
            right_edge: self.recv.right_edge(),
            ..self.seen
        };
        let ascends = self.seen.unacknowledged <= seen.unacknowledged
            && self.seen.next <= seen.next
            && self.seen.accepted <= seen.accepted
            && self.seen.acknowledged <= seen.acknowledged
            && (self.seen.right_edge <= seen.right_edge || self.recv.has_retracted());
        assert!(
            ascends,
            "{:?} went back: {:?}, then {seen:?}",
            self.state, self.seen
        );
        self.seen = seen;
    }

    /// The state says no more and no less than the two halves.
    fn check_state(&self) {
        let fin = self.send.has_fin();
        let fin_acknowledged = self.send.fin_is_acknowledged();
        let ended = self.recv.has_ended();
        let agrees = match self.state {
            State::Closed => true,
            State::Listen => !fin && !ended && self.recv.accepted() == 0,
            State::SynSent => !fin_acknowledged && !ended && self.recv.accepted() == 0,
            State::SynReceived => !fin_acknowledged && !ended,
            State::Established => !fin && !ended,
            State::FinWait1 => fin && !fin_acknowledged && !ended,
            State::FinWait2 => fin_acknowledged && !ended,
            State::CloseWait => !fin && ended,
            State::Closing | State::LastAck => fin && !fin_acknowledged && ended,
            State::TimeWait => fin_acknowledged && ended,
        };
        assert!(
            agrees,
            "{:?} with FIN sent {fin}, acknowledged {fin_acknowledged}, received {ended}",
            self.state
        );
        if self.state == State::Closed {
            assert_eq!(
                self.timers.next(),
                None,
                "a timer of a connection that is over"
            );
        }
    }

    /// Checks a segment that is about to be sent, or that the connection can wait where none is.
    pub(super) fn check_outgoing(&mut self, outgoing: Option<&Outgoing>) {
        self.check_step();
        let Some(Outgoing {
            segment, payload, ..
        }) = outgoing
        else {
            self.check_rest();
            return;
        };
        assert_eq!(payload.len(), segment.payload_octets, "{segment:?}");
        let flags = segment.flags;
        assert!(
            !self.seen.reset || flags.rst,
            "sent after a reset: {segment:?}"
        );
        if self.state == State::Closed {
            assert!(flags.rst, "sent without a connection: {segment:?}");
            self.seen.reset = true;
        }
        if flags.rst || !flags.ack {
            return;
        }
        let acknowledged = Self::position(
            self.peer_initial_sequence,
            segment.acknowledgment,
            self.recv.accepted(),
        );
        assert_eq!(acknowledged, self.recv.acknowledged(), "{segment:?}");
        if flags.syn {
            // Its field is not scaled: repeated, it may be too small for what was offered since.
            return;
        }
        if self.state == State::TimeWait && segment.window == 0 {
            // Where nothing more is received a system may say so.
            return;
        }
        let edge = acknowledged + (i64::from(segment.window) << self.recv.shift());
        assert!(
            self.seen.edge_on_wire <= edge || self.recv.has_retracted(),
            "the window shrank from {} to {edge}",
            self.seen.edge_on_wire
        );
        self.seen.edge_on_wire = edge;
    }

    /// With nothing to send now, whatever is unfinished has a timer that will see to it: nothing
    /// waits for ever.
    fn check_rest(&self) {
        let runs = |timer| self.timers.is_set(timer);
        if self.send.segments_in_flight() > 0 && !matches!(self.state, State::Closed) {
            assert!(
                runs(Timer::Retransmit) || runs(Timer::TailLossProbe),
                "{:?}: nothing watches what is in flight: {:?}",
                self.state,
                self.timers
            );
        }
        let waits = self.state == State::TimeWait || (self.state == State::FinWait2 && self.orphan);
        if waits {
            assert!(runs(Timer::Linger), "{:?} would never end", self.state);
        }
        let opening = matches!(self.state, State::SynSent | State::SynReceived);
        if self.send.is_stuck() && !opening && self.state != State::Closed {
            assert!(
                runs(Timer::Persist),
                "what waits for the window has no timer"
            );
        }
    }
}
