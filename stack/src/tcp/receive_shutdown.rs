//! What a receive shutdown means: pure decisions over the knobs of a profile.
//!
//! Each function takes the knobs and the situation and returns what is to be done; the receive half
//! and the connection apply it and never ask which system they play. `docs/design/0003` says which
//! knobs there are, `0004` what the no-acknowledgment contract leaves open and how it is decided
//! here.

use crate::profile::{
    Acknowledge, Capacity, CloseRules, CloseWithUnread, OnArrival, Queued, ReceiveShutdown,
    ResetScope,
};

/// How far a connection is shut down, once its receive direction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Only the receive direction.
    Rd,
    /// Both directions; the descriptor is open.
    Rdwr,
    /// The application has closed the descriptor.
    Orphan,
}

/// What happens to the unread queue at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtCall {
    /// It stays.
    Keep,
    /// It is thrown away.
    Discard,
    /// The connection is reset.
    Reset,
}

/// Decides about `unread` octets in the queue when the receive direction is shut down. An empty
/// queue never resets: the documents speak of data still queued.
pub(crate) fn at_call(rules: &ReceiveShutdown, unread: usize) -> AtCall {
    match rules.queued {
        Queued::Keep => AtCall::Keep,
        Queued::Discard => AtCall::Discard,
        Queued::Reset if unread > 0 => AtCall::Reset,
        Queued::Reset => AtCall::Keep,
    }
}

/// Data that arrives on a connection whose receive direction is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Octets beyond what was accepted so far, in the window or not.
    pub(crate) new: usize,
    /// Those of them in the window.
    pub(crate) new_in_window: usize,
    /// Whether they follow what was accepted without a gap.
    pub(crate) in_order: bool,
}

/// What happens to data that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It is queued and acknowledged.
    Deliver,
    /// It is queued and its acknowledgment is withheld.
    Hold,
    /// It is acknowledged and thrown away.
    Discard,
    /// The connection is reset.
    Reset,
}

/// Decides about data that arrives after the receive shutdown. A segment without new octets (a bare
/// ACK, a bare FIN, a repetition of what was accepted) resets nothing.
pub(crate) fn on_data(rules: &ReceiveShutdown, phase: Phase, arrival: Arrival) -> Disposition {
    let arriving = match phase {
        Phase::Rd => rules.arriving.rd,
        Phase::Rdwr => rules.arriving.rdwr,
        Phase::Orphan => rules.arriving.orphan,
    };
    match arriving {
        OnArrival::Queue if withholds(rules) => Disposition::Hold,
        OnArrival::Queue => Disposition::Deliver,
        OnArrival::Discard => Disposition::Discard,
        OnArrival::Reset => {
            let resets = match rules.reset_scope {
                ResetScope::AnyNewOctet => arrival.new > 0,
                ResetScope::InWindow => arrival.new_in_window > 0,
                ResetScope::InOrder => arrival.new_in_window > 0 && arrival.in_order,
            };
            // What does not reset yet waits in the queue until it is in order, or is refused at the
            // edge.
            if resets {
                Disposition::Reset
            } else {
                Disposition::Deliver
            }
        }
    }
}

/// Whether the acknowledgment field stands still from the call on.
pub(crate) fn withholds(rules: &ReceiveShutdown) -> bool {
    rules.acknowledge != Acknowledge::Normal
}

/// How a segment is answered that was held, or had been held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerToHeld {
    /// Not at all.
    Silence,
    /// With an acknowledgment that carries the frozen number.
    DuplicateAck,
}

/// Decides how held data is answered.
pub(crate) fn answer_to_held(rules: &ReceiveShutdown) -> AnswerToHeld {
    match rules.acknowledge {
        Acknowledge::Normal | Acknowledge::Withhold => AnswerToHeld::Silence,
        Acknowledge::Duplicate => AnswerToHeld::DuplicateAck,
    }
}

/// What happens to the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFin {
    /// It is acknowledged and ends the stream.
    Accept,
    /// It is neither acknowledged nor acted upon: acknowledging it would acknowledge the data
    /// before it.
    Ignore,
}

/// Decides about a FIN in order, behind `held` octets whose acknowledgment is withheld.
pub(crate) fn on_fin(held: usize) -> OnFin {
    if held == 0 {
        OnFin::Accept
    } else {
        OnFin::Ignore
    }
}

/// The buffer's capacity after the call.
pub(crate) fn capacity_after(rules: &ReceiveShutdown, capacity: usize) -> usize {
    match rules.capacity {
        Capacity::Keep => capacity,
        Capacity::Zero => 0,
    }
}

/// How a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtClose {
    /// With a FIN.
    Fin,
    /// With a reset, to show that data was lost.
    Reset,
}

/// What the application leaves behind when it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftBehind {
    /// Octets in the queue that were acknowledged and not read.
    pub(crate) unread: usize,
    /// Octets accepted and never acknowledged.
    pub(crate) held: usize,
    /// Octets that wait for earlier ones.
    pub(crate) out_of_order: usize,
}

/// Decides how to close (RFC 9293 section 3.6.1: a close that loses data should reset).
pub(crate) fn at_close(rules: CloseRules, left: LeftBehind) -> AtClose {
    let out_of_order = if rules.out_of_order_counts {
        left.out_of_order
    } else {
        0
    };
    match rules.with_unread {
        CloseWithUnread::Reset if left.unread + left.held + out_of_order > 0 => AtClose::Reset,
        CloseWithUnread::Reset | CloseWithUnread::Fin => AtClose::Fin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn rules(profile: &str) -> ReceiveShutdown {
        Profile::built_in(profile).unwrap().receive_shutdown
    }

    /// A segment of ten octets that continues the stream.
    const NEXT: Arrival = Arrival {
        new: 10,
        new_in_window: 10,
        in_order: true,
    };
    /// One behind a gap.
    const AHEAD: Arrival = Arrival {
        in_order: false,
        ..NEXT
    };
    /// One beyond the right edge.
    const BEYOND: Arrival = Arrival {
        new: 10,
        new_in_window: 0,
        in_order: true,
    };
    /// A repetition, a bare ACK or a bare FIN.
    const NOTHING_NEW: Arrival = Arrival {
        new: 0,
        new_in_window: 0,
        in_order: true,
    };

    #[test]
    fn unread_data_at_the_call() {
        let rows = [
            ("linux", 10, AtCall::Keep),
            ("freebsd", 10, AtCall::Discard),
            ("winsock", 10, AtCall::Reset),
            ("winsock", 0, AtCall::Keep),
            ("wsprecvdisconnect", 10, AtCall::Keep),
        ];
        for (profile, unread, expected) in rows {
            assert_eq!(
                at_call(&rules(profile), unread),
                expected,
                "{profile}, {unread} unread"
            );
        }
    }

    #[test]
    fn data_that_arrives_later() {
        use Disposition::{Deliver, Discard, Hold, Reset};
        use Phase::{Orphan, Rd, Rdwr};
        let rows = [
            ("linux", Rd, NEXT, Deliver),
            ("linux", Rdwr, NEXT, Reset),
            ("linux", Rdwr, AHEAD, Reset),
            ("linux", Rdwr, BEYOND, Deliver),
            ("linux", Rdwr, NOTHING_NEW, Deliver),
            ("linux", Orphan, NEXT, Reset),
            ("freebsd", Rd, NEXT, Discard),
            ("freebsd", Rdwr, NEXT, Discard),
            ("freebsd", Orphan, NEXT, Reset),
            ("winsock", Rd, NEXT, Reset),
            ("winsock", Rd, NOTHING_NEW, Deliver),
            ("winsock", Rd, BEYOND, Deliver),
            ("winsock", Rdwr, NEXT, Reset),
            ("wsprecvdisconnect", Rd, NEXT, Hold),
            ("wsprecvdisconnect", Rd, AHEAD, Hold),
            ("wsprecvdisconnect", Rdwr, NEXT, Hold),
            ("wsprecvdisconnect", Orphan, NEXT, Reset),
        ];
        for (profile, phase, arrival, expected) in rows {
            let decided = on_data(&rules(profile), phase, arrival);
            assert_eq!(decided, expected, "{profile}, {phase:?}, {arrival:?}");
        }
    }

    #[test]
    fn the_scope_of_a_reset() {
        use Disposition::{Deliver, Reset};
        let rows = [
            (ResetScope::AnyNewOctet, [Reset, Reset, Reset, Deliver]),
            (ResetScope::InWindow, [Reset, Reset, Deliver, Deliver]),
            (ResetScope::InOrder, [Reset, Deliver, Deliver, Deliver]),
        ];
        for (reset_scope, expected) in rows {
            let rules = ReceiveShutdown {
                reset_scope,
                ..rules("winsock")
            };
            let decide = |arrival| on_data(&rules, Phase::Rd, arrival);
            let decided = [NEXT, AHEAD, BEYOND, NOTHING_NEW].map(decide);
            assert_eq!(decided, expected, "{reset_scope:?}");
        }
    }

    #[test]
    fn what_a_withheld_acknowledgment_entails() {
        let rows = [
            (Acknowledge::Normal, false, AnswerToHeld::Silence),
            (Acknowledge::Withhold, true, AnswerToHeld::Silence),
            (Acknowledge::Duplicate, true, AnswerToHeld::DuplicateAck),
        ];
        for (acknowledge, withheld, answer) in rows {
            let rules = ReceiveShutdown {
                acknowledge,
                ..rules("wsprecvdisconnect")
            };
            assert_eq!(
                (withholds(&rules), answer_to_held(&rules)),
                (withheld, answer)
            );
        }
        assert_eq!((on_fin(0), on_fin(1)), (OnFin::Accept, OnFin::Ignore));
        assert_eq!(capacity_after(&rules("freebsd"), 4000), 0);
        assert_eq!(capacity_after(&rules("wsprecvdisconnect"), 4000), 4000);
    }

    #[test]
    fn closing_with_data_left_behind() {
        let left = |unread, held, out_of_order| LeftBehind {
            unread,
            held,
            out_of_order,
        };
        let rows = [
            ("linux", left(0, 0, 0), AtClose::Fin),
            ("linux", left(1, 0, 0), AtClose::Reset),
            ("linux", left(0, 0, 9), AtClose::Fin),
            ("freebsd", left(9, 0, 0), AtClose::Fin),
            ("wsprecvdisconnect", left(0, 9, 0), AtClose::Reset),
            ("wsprecvdisconnect", left(0, 0, 0), AtClose::Fin),
        ];
        for (profile, left, expected) in rows {
            let close = Profile::built_in(profile).unwrap().close;
            assert_eq!(at_close(close, left), expected, "{profile}, {left:?}");
        }
        let counts = CloseRules {
            out_of_order_counts: true,
            ..Profile::built_in("linux").unwrap().close
        };
        assert_eq!(at_close(counts, left(0, 0, 9)), AtClose::Reset);
    }
}
